"""Stories of allocations: extended, two in one month, withdrawn; and their messages in the wrong order."""

import pytest

from tests.claims import Line
from tests.conftest import Callers
from tests.stories import (
    VERKORT,
    VERLENGD,
    VERWIJDERD,
    declaratie,
    product,
    regel,
    start,
    start_verwijderd,
    stop,
    toewijzing,
)
from tests.telling import EVERYWHERE, Story

TO_JUNE = toewijzing(product(eind="2023-06-30"))
TO_DECEMBER = toewijzing(product(eind="2023-12-31", op="2023-06-01", reden=VERLENGD))

FIRST_HALF = product(1, begin="2023-01-01", eind="2023-06-14")
SECOND_HALF = product(2, begin="2023-06-15", eind="2023-12-31", op="2023-06-01")
"""June is shared: 3 weeks are touched up to the 14th, and 3 from the 15th, of 4 hours each."""

WITHDRAWAL = toewijzing(product(eind="2023-01-01", op="2023-03-02", reden=VERWIJDERD))


pytestmark = EVERYWHERE


@pytest.fixture
def story(call: Callers, domain: str) -> Story:
    return Story(call, domain)


# --- extending an allocation ----------------------------------------------------------------------------------------


def is_extended(story: Story) -> None:
    """July can be claimed, to the last hour of what was allocated for it; January is beyond the new end as well."""
    july, january = regel("P1", 24, maand="2023-07"), regel("P2", maand="2024-01")
    story.aanbieder(declaratie(july, maand="2023-07")).is_accepted()
    story.aanbieder(declaratie(january, maand="2024-01")).is_refused("TR308 9308")


def test_an_allocation_is_extended(story: Story) -> None:
    story.gemeente(TO_JUNE).is_accepted()
    story.aanbieder(start(begin="2023-02-06")).is_accepted()
    story.aanbieder(declaratie(regel("R1"), regel("R2", maand="2023-07"), maand="2023-07")).is_partly_accepted(
        "TR308 9308", toegekend=60000
    )
    story.gemeente(TO_DECEMBER).is_accepted()
    is_extended(story)


def test_the_newest_version_wins_whatever_the_order_of_arrival(story: Story) -> None:
    story.gemeente(TO_DECEMBER).is_accepted()
    story.gemeente(TO_JUNE).is_accepted()
    story.aanbieder(start(begin="2023-02-06", op="2023-06-02")).is_accepted()
    is_extended(story)


@pytest.mark.parametrize("reversed_", [False, True], ids=["in order", "reversed"])
def test_of_two_versions_of_one_day_the_later_hour_wins(story: Story, reversed_: bool) -> None:
    versions = [
        toewijzing(product(eind="2023-06-30", tijd="09:59:59")),
        toewijzing(product(eind="2023-12-31", tijd="10:00:00")),
    ]
    for version in reversed(versions) if reversed_ else versions:
        story.gemeente(version).is_accepted()
    is_extended(story)


def test_a_version_of_the_same_moment_is_a_resend_or_a_fault(story: Story) -> None:
    story.gemeente(TO_DECEMBER).is_accepted()
    story.gemeente(TO_DECEMBER).is_accepted()
    story.gemeente(toewijzing(product(eind="2023-06-30", op="2023-06-01", reden=VERKORT))).is_rejected("TR332 9332")
    is_extended(story)


def test_an_extension_that_comes_behind_everything_that_needs_it(story: Story) -> None:
    """A start waits for its allocation and is replayed; a claim was answered for good, so the remedy is a new one."""
    begun = story.aanbieder(start(begin="2023-02-06"))
    begun.is_rejected("TR019 9019")
    february = story.aanbieder(declaratie(regel("R1")))
    february.is_refused("TR304 8187", "TR338 9338")
    story.gemeente(TO_JUNE).is_accepted()
    july = story.aanbieder(declaratie(regel("R2", maand="2023-07"), maand="2023-07"))
    july.is_refused("TR308 9308")
    story.gemeente(TO_DECEMBER).is_accepted()

    assert story.replay(begun, february, july) == ["judged", "refused", "refused"]
    begun.is_accepted()
    february.is_refused("TR304 8187", "TR338 9338")
    again = declaratie(regel("R1"), regel("R3", maand="2023-03"), maand="2023-07")
    story.aanbieder(again).is_partly_accepted("TR314 8021", toegekend=60000)
    story.aanbieder(declaratie(regel("R4"), maand="2023-07")).is_accepted()
    is_extended(story)


# --- two allocations in one month -----------------------------------------------------------------------------------


def first(referentie: str, uren: int = 12) -> Line:
    return regel(referentie, uren, nummer=1, maand="2023-06", tot="2023-06-14")


def second(referentie: str, uren: int = 12) -> Line:
    return regel(referentie, uren, nummer=2, maand="2023-06", van="2023-06-15")


def june_is_spent(story: Story) -> None:
    """Both periods are claimed, and neither has a place for another month's worth."""
    again = declaratie(first("P1", 1), second("P2", 1), maand="2023-06")
    story.aanbieder(again).is_refused("TR389 9389")
    story.aanbieder(declaratie(regel("P3", maand="2023-05"), maand="2023-06")).is_accepted()
    story.aanbieder(declaratie(regel("P4", nummer=2, maand="2023-07"), maand="2023-07")).is_accepted()


def test_two_allocations_in_one_month(story: Story) -> None:
    story.gemeente(toewijzing(FIRST_HALF)).is_accepted()
    story.gemeente(toewijzing(SECOND_HALF)).is_accepted()
    story.aanbieder(start(1, begin="2023-02-06")).is_accepted()
    story.aanbieder(start(2, begin="2023-06-15")).is_accepted()
    story.aanbieder(stop(1, begin="2023-02-06", eind="2023-06-14", op="2023-06-16")).is_accepted()
    story.aanbieder(declaratie(first("R1"), second("R2"), maand="2023-06")).is_accepted()
    june_is_spent(story)


def test_each_of_two_allocations_in_one_month_has_its_own_volume(story: Story) -> None:
    story.gemeente(toewijzing(FIRST_HALF, SECOND_HALF)).is_accepted()
    claimed = story.aanbieder(declaratie(first("R1", 13), second("R2", 12), maand="2023-06"))
    claimed.is_partly_accepted("TR321 9321", toegekend=12 * 6000)
    claimed = story.aanbieder(declaratie(first("R3", 12), second("R4", 1), maand="2023-06"))
    claimed.is_partly_accepted("TR389 9389", toegekend=12 * 6000)
    june_is_spent(story)


def test_a_line_stays_within_its_own_allocation(story: Story) -> None:
    """Days before an allocation begins, or after it ends, are the other one's."""
    story.gemeente(toewijzing(FIRST_HALF, SECOND_HALF)).is_accepted()
    beyond = regel("R1", nummer=1, maand="2023-06", van="2023-06-15")
    before = regel("R2", nummer=2, maand="2023-06", tot="2023-06-14")
    claimed = story.aanbieder(declaratie(beyond, before, maand="2023-06"))
    claimed.is_refused("TR308 9308", "TR387 9387", "TR388 9388", "TR307 9307")


def test_two_allocations_in_one_month_of_which_one_comes_late(story: Story) -> None:
    """The line of the late one was refused for good: it is claimed anew, and its start is replayed."""
    story.gemeente(toewijzing(SECOND_HALF)).is_accepted()
    begun = story.aanbieder(start(1, begin="2023-02-06"))
    begun.is_rejected("TR019 9019")
    stopped = story.aanbieder(stop(1, begin="2023-02-06", eind="2023-06-14"))
    stopped.is_rejected("TR019 9019", "TR382 9069")
    story.aanbieder(start(2, begin="2023-06-15")).is_accepted()
    claimed = story.aanbieder(declaratie(first("R1"), second("R2"), maand="2023-06"))
    claimed.is_partly_accepted("TR338 9338", toegekend=12 * 6000)
    story.gemeente(toewijzing(FIRST_HALF)).is_accepted()

    assert story.replay(begun, stopped, claimed) == ["judged", "judged", "refused"]
    begun.is_accepted()
    stopped.is_accepted()
    claimed.is_partly_accepted("TR338 9338", toegekend=12 * 6000)
    story.aanbieder(declaratie(first("R3"), maand="2023-06")).is_accepted()
    june_is_spent(story)


def test_two_allocations_of_one_product_for_the_same_month(story: Story) -> None:
    """Each has its number, and with it its own volume."""
    story.gemeente(toewijzing(product(1))).is_accepted()
    story.gemeente(toewijzing(product(2, volume=2))).is_accepted()
    early = regel("R1", 20, nummer=1), regel("R2", 11, nummer=2)
    story.aanbieder(declaratie(*early)).is_partly_accepted("TR321 9321", toegekend=20 * 6000)
    story.aanbieder(declaratie(regel("R3", 10, nummer=2))).is_accepted()


# --- withdrawing an allocation --------------------------------------------------------------------------------------


def is_withdrawn(story: Story) -> None:
    """Nothing rests on it any more, and its number is free for another allocation."""
    story.aanbieder(start(begin="2023-03-06")).is_rejected("TR019 9019")
    story.aanbieder(declaratie(regel("P1"), maand="2023-03")).is_refused("TR384 9384")
    story.gemeente(toewijzing(product(begin="2023-04-01", op="2023-04-01"))).is_accepted()
    story.aanbieder(start(begin="2023-04-03")).is_accepted()
    story.aanbieder(declaratie(regel("P2", maand="2023-04"), maand="2023-04")).is_accepted()


def test_an_allocation_with_approved_lines_is_withdrawn_once_they_are_credited(story: Story) -> None:
    story.gemeente(toewijzing()).is_accepted()
    story.aanbieder(declaratie(regel("R1"))).is_accepted()
    story.gemeente(WITHDRAWAL).is_rejected("TR385 9385")
    # It counts as not sent: the allocation is still there.
    story.aanbieder(start(begin="2023-03-06")).is_accepted()
    story.aanbieder(start_verwijderd(begin="2023-03-06", op="2023-03-07")).is_accepted()
    story.aanbieder(declaratie(regel("R2", credit_van="R1"), op="2023-03-07")).is_accepted()
    story.gemeente(WITHDRAWAL).is_accepted()
    is_withdrawn(story)


def test_a_delivery_on_a_withdrawn_allocation_can_only_be_deleted(story: Story) -> None:
    story.gemeente(toewijzing()).is_accepted()
    story.aanbieder(start(begin="2023-02-06")).is_accepted()
    story.gemeente(WITHDRAWAL).is_accepted()
    story.aanbieder(stop(begin="2023-02-06", eind="2023-03-03")).is_rejected("TR019 9019")
    story.aanbieder(start_verwijderd(begin="2023-02-06", op="2023-03-03")).is_accepted()
    is_withdrawn(story)


@pytest.mark.parametrize("how", ["replay", "repeat"])
def test_a_withdrawal_that_came_before_the_credit(story: Story, how: str) -> None:
    """A replay and the same bytes again do the same."""
    story.gemeente(toewijzing()).is_accepted()
    story.aanbieder(declaratie(regel("R1"))).is_accepted()
    withdrawn = story.gemeente(WITHDRAWAL)
    withdrawn.is_rejected("TR385 9385")
    story.aanbieder(declaratie(regel("R2", credit_van="R1"), op="2023-03-07")).is_accepted()
    if how == "replay":
        assert story.replay(withdrawn) == ["judged"]
    else:
        story.again(withdrawn)
    withdrawn.is_accepted()
    is_withdrawn(story)


def test_a_withdrawal_that_came_before_the_claim(story: Story) -> None:
    """What is claimed then is refused, so that there is nothing to credit."""
    story.gemeente(toewijzing()).is_accepted()
    story.gemeente(WITHDRAWAL).is_accepted()
    claimed = story.aanbieder(declaratie(regel("R1")))
    claimed.is_refused("TR384 9384")
    credited = story.aanbieder(declaratie(regel("R2", credit_van="R1")))
    credited.is_refused("TR323 8017")
    assert story.replay(claimed, credited) == ["refused", "refused"]
    is_withdrawn(story)


def test_a_withdrawal_that_came_before_its_allocation(story: Story) -> None:
    story.gemeente(WITHDRAWAL).is_accepted()
    story.gemeente(toewijzing()).is_accepted()
    is_withdrawn(story)


@pytest.mark.parametrize("reversed_", [False, True], ids=["in order", "reversed"])
def test_a_newer_version_than_the_withdrawal_wins(story: Story, reversed_: bool) -> None:
    versions = [WITHDRAWAL, toewijzing(product(op="2023-03-03"))]
    story.gemeente(toewijzing()).is_accepted()
    for version in reversed(versions) if reversed_ else versions:
        story.gemeente(version).is_accepted()
    story.aanbieder(start(begin="2023-03-06")).is_accepted()
    story.aanbieder(declaratie(regel("R1", maand="2023-03"), maand="2023-03")).is_accepted()


def test_a_refused_or_credited_line_does_not_keep_an_allocation(story: Story) -> None:
    story.gemeente(toewijzing()).is_accepted()
    story.aanbieder(declaratie(regel("R1", 21))).is_refused("TR321 9321")
    story.gemeente(WITHDRAWAL).is_accepted()
    is_withdrawn(story)


def test_an_allocation_with_approved_lines_may_be_cut_short(story: Story) -> None:
    """An earlier end date withdraws what is left; what was approved stays."""
    story.gemeente(toewijzing()).is_accepted()
    story.aanbieder(declaratie(regel("R1"))).is_accepted()
    story.gemeente(toewijzing(product(eind="2023-02-28", op="2023-03-02", reden=VERKORT))).is_accepted()
    story.aanbieder(declaratie(regel("R2", maand="2023-03"), maand="2023-03")).is_refused("TR308 9308")
    story.aanbieder(declaratie(regel("R3", credit_van="R1"), regel("R4", 20), maand="2023-03")).is_accepted()
