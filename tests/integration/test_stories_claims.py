"""Stories of claims: refused and claimed anew, credited, with a month left out, in arrears; and in the wrong order.

Four hours a week are allocated, twenty in February, March and April alike. A claim that was answered counts: a replay
only shows what would differ, and what mends it is a new claim.
"""

import pytest

from tests.conftest import Callers
from tests.integration.test_http_replays import outcomes, replayed
from tests.stories import UURTARIEF, declaratie, product, regel, start, toewijzing
from tests.telling import EVERYWHERE, Story, Told

ALLOCATION = toewijzing()


pytestmark = EVERYWHERE


@pytest.fixture
def story(call: Callers, domain: str) -> Story:
    return Story(call, domain)


def euros(uren: int) -> int:
    """What so many hours cost, in cents."""
    return uren * UURTARIEF


def stays(story: Story, told: Told, status: str, *, would_be: str) -> None:
    """A replay of a claim that counts takes nothing back and books nothing twice, but shows what would be said now."""
    before = told.said
    assert before["status"] == status
    assert story.replay(told) == ["refused"]
    for how in ({"dry_run": True}, {"force": True}):
        outcome = "unchanged" if would_be == status else "shown"
        shown = outcomes(replayed(story.call, told.id, **how))
        assert shown == [(told.id, outcome, status, would_be)]
    assert told.said == before


# --- claim, refusal, new claim --------------------------------------------------------------------------------------


def february_is_spent(story: Story) -> None:
    """February is claimed once, R1 to R3 are used up, and March is as free as it was."""
    story.aanbieder(declaratie(regel("P1", 1), maand="2023-03")).is_refused("TR389 9389")
    used = declaratie(regel("R1", maand="2023-03"), maand="2023-03")
    story.aanbieder(used).is_refused("TR314 8021")
    story.aanbieder(declaratie(regel("P2", 20, maand="2023-03"), maand="2023-03")).is_accepted()


def test_a_refused_claim_is_followed_by_a_new_one(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R1", 21))).is_refused("TR321 9321")
    story.aanbieder(declaratie(regel("R1", 20))).is_refused("TR314 8021")
    # What was refused is not claimed: the whole of February is there.
    claimed = story.aanbieder(declaratie(regel("R2", 20)))
    claimed.is_accepted()
    assert claimed.amounts == (euros(20), euros(20))
    february_is_spent(story)


def test_a_refused_line_is_followed_by_a_new_one(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    partly = story.aanbieder(declaratie(regel("R1", 21), regel("R2", maand="2023-01")))
    partly.is_partly_accepted("TR321 9321", toegekend=euros(10))
    story.aanbieder(declaratie(regel("R3", 20))).is_accepted()
    february_is_spent(story)


def test_a_new_claim_that_came_before_the_first(story: Story) -> None:
    """The first was wrong in itself: where it comes in the row changes nothing but the reason to refuse it."""
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R2", 20))).is_accepted()
    late = story.aanbieder(declaratie(regel("R1", 21)))
    late.is_refused("TR389 9389")
    stays(story, late, "refused", would_be="refused")
    february_is_spent(story)


def test_a_claim_that_came_before_its_allocation(story: Story) -> None:
    early = story.aanbieder(declaratie(regel("R1", 20)))
    early.is_refused("TR304 8187", "TR338 9338")
    story.gemeente(ALLOCATION).is_accepted()
    stays(story, early, "refused", would_be="accepted")
    story.again(early).is_refused("TR304 8187", "TR338 9338")
    story.aanbieder(declaratie(regel("R1", 20))).is_refused("TR314 8021")
    story.aanbieder(declaratie(regel("R2", 20))).is_accepted()
    february_is_spent(story)


def test_a_claim_needs_no_start(story: Story) -> None:
    """Claim before allocation before start: only the start is mended by a replay."""
    begun = story.aanbieder(start(begin="2023-02-06"))
    begun.is_rejected("TR019 9019")
    early = story.aanbieder(declaratie(regel("R1", 20)))
    early.is_refused("TR304 8187", "TR338 9338")
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R2", 20))).is_accepted()
    assert story.replay(begun, early) == ["judged", "refused"]
    begun.is_accepted()
    february_is_spent(story)


# --- claim, approval, credit and new debit in one message -----------------------------------------------------------


def february_is_corrected(story: Story, *, debit: str) -> None:
    """Eighteen hours are claimed, by a line that can be credited once; then all of February is free again."""
    story.aanbieder(declaratie(regel("P1", 1), maand="2023-03")).is_refused("TR389 9389")
    story.aanbieder(declaratie(regel("P2", 18, credit_van=debit), maand="2023-03")).is_accepted()
    story.aanbieder(declaratie(regel("P3", 18, credit_van=debit), maand="2023-03")).is_refused("TR390 9390")
    story.aanbieder(declaratie(regel("P4", 20), maand="2023-03")).is_accepted()


def test_a_claim_is_corrected_by_a_credit_and_a_new_debit(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R1", 20))).is_accepted()
    # The new debit stands before the credit, and is judged behind it.
    corrected = story.aanbieder(declaratie(regel("R2", 18), regel("R3", 20, credit_van="R1"), maand="2023-03"))
    corrected.is_accepted()
    assert corrected.amounts == (euros(18 - 20), euros(18 - 20))
    story.aanbieder(declaratie(regel("R4", 20, credit_van="R1"), maand="2023-03")).is_refused("TR390 9390")
    february_is_corrected(story, debit="R2")


def test_a_credit_is_of_the_very_same_line(story: Story) -> None:
    """A credit of something else takes nothing back, so that the new debit beside it finds the month claimed."""
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R1", 20))).is_accepted()
    wrong = story.aanbieder(declaratie(regel("R2", 19, credit_van="R1"), regel("R3", 18), maand="2023-03"))
    wrong.is_refused("TR323 8017", "TR389 9389")
    both = declaratie(regel("R4", 20), regel("R5", 20, credit_van="R4"), maand="2023-03")
    story.aanbieder(both).is_rejected("TR316 0001")
    story.aanbieder(declaratie(regel("R4", 20, credit_van="R1"), regel("R5", 18), maand="2023-03")).is_accepted()
    february_is_corrected(story, debit="R5")


def test_a_correction_that_came_before_the_claim(story: Story) -> None:
    """Its credit finds no debit, its new debit is paid; and the debit that comes late finds the month claimed."""
    story.gemeente(ALLOCATION).is_accepted()
    corrected = story.aanbieder(declaratie(regel("R2", 18), regel("R3", 20, credit_van="R1")))
    corrected.is_partly_accepted("TR323 8017", toegekend=euros(18))
    late = story.aanbieder(declaratie(regel("R1", 20)))
    late.is_refused("TR389 9389")
    stays(story, corrected, "partly_accepted", would_be="partly_accepted")
    stays(story, late, "refused", would_be="refused")
    february_is_corrected(story, debit="R2")


def test_a_credit_that_came_before_the_debit(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    early = story.aanbieder(declaratie(regel("R3", 20, credit_van="R1")))
    early.is_refused("TR323 8017")
    assert early.amounts == (euros(-20), 0)
    story.aanbieder(declaratie(regel("R1", 20))).is_accepted()
    # A replay goes by the order of booking, in which there was no debit yet; in any order it books nothing.
    assert story.replay(early) == ["refused"]
    story.aanbieder(declaratie(regel("R4", 20, credit_van="R1"), regel("R2", 18))).is_accepted()
    february_is_corrected(story, debit="R2")


def test_a_refused_debit_is_not_credited(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R1", 21))).is_refused("TR321 9321")
    corrected = story.aanbieder(declaratie(regel("R2", 18), regel("R3", 21, credit_van="R1")))
    corrected.is_partly_accepted("TR323 8017", toegekend=euros(18))
    february_is_corrected(story, debit="R2")


# --- a month without claims, and claims in arrears ------------------------------------------------------------------


def all_is_claimed(story: Story) -> None:
    """February to April are claimed, and a claim over an earlier month than April's comes too late."""
    maanden = ["2023-02", "2023-03", "2023-04"]
    again = [regel(f"P{maand}", 1, maand=maand) for maand in maanden]
    story.aanbieder(declaratie(*again, maand="2023-04")).is_refused("TR389 9389")
    story.aanbieder(declaratie(regel("P1", maand="2023-01"), maand="2023-03")).is_rejected("TR318 8214")
    story.aanbieder(declaratie(regel("P1", maand="2023-01"), maand="2023-04")).is_accepted()


def test_every_month_in_its_turn(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    for maand in ("2023-02", "2023-03", "2023-04"):
        story.aanbieder(declaratie(regel(f"R{maand}", 20, maand=maand), maand=maand)).is_accepted()
    all_is_claimed(story)


def test_a_month_without_claims(story: Story) -> None:
    """A gap is right; what belongs in it is claimed in arrears, in a later month."""
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R1", 20))).is_accepted()
    story.aanbieder(declaratie(regel("R2", 20, maand="2023-04"), maand="2023-04")).is_accepted()
    march = declaratie(regel("R3", 20, maand="2023-03"), maand="2023-03")
    late = story.aanbieder(march)
    late.is_rejected("TR318 8214")
    assert story.replay(late) == ["unchanged"]
    # It counts as not sent: its line keeps its number.
    story.aanbieder(declaratie(regel("R3", 20, maand="2023-03"), maand="2023-04")).is_accepted()
    all_is_claimed(story)


def test_a_refused_claim_holds_its_month_and_a_rejected_one_does_not(story: Story) -> None:
    """What was judged line by line counts as sent, even if no line of it is paid."""
    story.gemeente(ALLOCATION).is_accepted()
    april = regel("R1", 21, maand="2023-04")
    story.aanbieder(declaratie(april, regel("R1", 20, maand="2023-04"), maand="2023-04")).is_rejected(
        "TR101 0001", "TR416 0001"
    )
    story.aanbieder(declaratie(regel("R2", 20), maand="2023-02")).is_accepted()
    story.aanbieder(declaratie(april, maand="2023-04")).is_refused("TR321 9321")
    march = regel("R3", 20, maand="2023-03")
    story.aanbieder(declaratie(march, maand="2023-03", op="2023-05-01")).is_rejected("TR318 8214")
    story.aanbieder(declaratie(march, regel("R4", 20, maand="2023-04"), maand="2023-04")).is_accepted()
    all_is_claimed(story)


def test_the_months_in_reverse(story: Story) -> None:
    """Whatever is behind April's claim is claimed in April's month, with the numbers that it had."""
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(declaratie(regel("R3", 20, maand="2023-04"), maand="2023-04")).is_accepted()
    march = story.aanbieder(declaratie(regel("R2", 20, maand="2023-03"), maand="2023-03"))
    february = story.aanbieder(declaratie(regel("R1", 20)))
    march.is_rejected("TR318 8214")
    february.is_rejected("TR318 8214")
    assert story.replay(march, february) == ["unchanged", "unchanged"]
    behind = declaratie(regel("R1", 20), regel("R2", 20, maand="2023-03"), maand="2023-04")
    story.aanbieder(behind).is_accepted()
    all_is_claimed(story)


def test_claims_in_arrears(story: Story) -> None:
    """Each month has its own volume, wherever it is claimed; what is still to come can't be."""
    story.gemeente(ALLOCATION).is_accepted()
    lines = [regel(f"R{maand}", 20, maand=maand) for maand in ("2023-02", "2023-03", "2023-04")]
    early = story.aanbieder(declaratie(*lines, maand="2023-03", op="2023-05-02"))
    early.is_partly_accepted("TR319 9319", toegekend=euros(40))
    story.aanbieder(declaratie(regel("R9", 21, maand="2023-04"), maand="2023-04")).is_refused("TR321 9321")
    story.aanbieder(declaratie(regel("R4", 20, maand="2023-04"), maand="2023-04")).is_accepted()
    all_is_claimed(story)


def test_claims_in_arrears_on_an_allocation_that_came_late(story: Story) -> None:
    """Every claim until then was refused for good; all is claimed at once, under new numbers."""
    early = [
        story.aanbieder(declaratie(regel(f"R{maand}", 20, maand=maand), maand=maand))
        for maand in ("2023-02", "2023-03", "2023-04")
    ]
    for told in early:
        told.is_refused("TR304 8187", "TR338 9338")
    story.gemeente(toewijzing(product(op="2023-05-02"))).is_accepted()
    for told in early:
        stays(story, told, "refused", would_be="accepted")
    lines = [regel(f"N{maand}", 20, maand=maand) for maand in ("2023-02", "2023-03", "2023-04")]
    arrears = story.aanbieder(declaratie(*lines, maand="2023-04", op="2023-05-03"))
    arrears.is_accepted()
    assert arrears.amounts == (euros(60), euros(60))
    all_is_claimed(story)
