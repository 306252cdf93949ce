"""Two releases side by side for one municipality: what came in one counts for what comes in the other.

How a rule is told in 2.3 stands in `docs/decisions/002-how-we-read-the-rules.md`: one whose code is not on 2.3's list
only signals.
"""

from collections.abc import Callable

import pytest

from tests.claims import OTHER_BSN, Terms
from tests.conftest import Callers
from tests.stories import (
    AFGEWEZEN,
    DAGBESTEDING,
    IN_ONDERZOEK,
    TIJDELIJK,
    VERLENGD,
    VERVOER,
    VERWIJDERD,
    antwoord,
    declaratie,
    factuur,
    product,
    regel,
    start,
    start_verwijderd,
    stop,
    toewijzing,
    toewijzing_2_3,
    verzoek,
    wijzigingsverzoek,
)
from tests.telling import EVERYWHERE, Story, Told

OLD, NEW = "2.3", "3.2"
MIXED = pytest.mark.parametrize(("one", "other"), [(OLD, NEW), (NEW, OLD)], ids=["2.3 then 3.2", "3.2 then 2.3"])

WITHDRAWAL = toewijzing(product(eind="2023-01-01", op="2023-03-02", reden=VERWIJDERD))


pytestmark = EVERYWHERE


@pytest.fixture
def story(call: Callers, domain: str) -> Story:
    return Story(call, domain)


def allocated(release: str, terms: Terms | None = None) -> bytes:
    """A 301 of either release."""
    made: dict[str, Callable[[Terms], bytes]] = {OLD: toewijzing_2_3, NEW: toewijzing}
    return made[release](terms or product())


def says(told: Told, release: str, *faults: str) -> None:
    """A rule that 2.3's list has no code for rejects in 3.2, and signals in 2.3."""
    if release == NEW:
        told.is_rejected(*faults)
    else:
        told.is_accepted(*(fault.split()[0] for fault in faults))


# --- starts and stops -----------------------------------------------------------------------------------------------


@MIXED
def test_a_start_on_an_allocation_of_the_other_release(story: Story, one: str, other: str) -> None:
    story.gemeente(allocated(one)).is_accepted()
    story.aanbieder(start(9, begin="2023-02-06", release=other)).is_rejected("TR019 9019")
    begun = story.aanbieder(start(begin="2023-02-06", release=other))
    begun.is_accepted()
    assert begun.said["release"] == other
    for release in (one, other):
        story.aanbieder(start(begin="2023-02-06", release=release)).is_rejected("TR074 9074", "TR326 9326")
        story.aanbieder(start(begin="2023-02-13", release=release)).is_rejected("TR326 9326")


@MIXED
@pytest.mark.parametrize("how", ["replay", "repeat"])
def test_a_start_that_came_before_its_allocation_of_the_other_release(
    story: Story, one: str, other: str, how: str
) -> None:
    stopped = story.aanbieder(stop(begin="2023-02-06", eind="2023-03-31", release=one))
    begun = story.aanbieder(start(begin="2023-02-06", release=other))
    stopped.is_rejected("TR019 9019", "TR382 9069")
    begun.is_rejected("TR019 9019")
    story.gemeente(allocated(one, product(op="2023-04-03"))).is_accepted()
    for told in (begun, stopped):
        if how == "replay":
            assert story.replay(told) == ["judged"]
        else:
            story.again(told)
        told.is_accepted()
    story.aanbieder(start_verwijderd(begin="2023-02-06", op="2023-04-04", release=one)).is_rejected("TR071 9071")
    story.aanbieder(start(begin="2023-04-10", release=other)).is_accepted()


@MIXED
def test_a_delivery_is_stopped_and_starts_again_in_the_other_release(story: Story, one: str, other: str) -> None:
    story.gemeente(allocated(one)).is_accepted()
    story.aanbieder(start(begin="2023-02-06", release=one)).is_accepted()
    story.aanbieder(stop(begin="2023-02-13", eind="2023-03-15", release=other)).is_rejected("TR382 9069")
    story.aanbieder(stop(begin="2023-02-06", eind="2023-03-15", reden=TIJDELIJK, release=other)).is_accepted()
    story.aanbieder(start(begin="2023-04-03", release=one)).is_accepted()
    story.aanbieder(start(begin="2023-04-10", release=other)).is_rejected("TR326 9326")
    story.aanbieder(stop(begin="2023-04-03", eind="2023-04-28", release=other)).is_accepted()
    says(story.aanbieder(stop(begin="2023-04-03", eind="2023-04-29", release=one)), one, "TR415 9415")


@MIXED
def test_a_start_is_deleted_in_the_other_release(story: Story, one: str, other: str) -> None:
    story.gemeente(allocated(other)).is_accepted()
    deletion = start_verwijderd(begin="2023-02-06", op="2023-02-15", release=other)
    early = story.aanbieder(deletion)
    early.is_rejected("TR063 9063")
    story.aanbieder(start(begin="2023-02-06", release=one)).is_accepted()
    assert story.replay(early) == ["judged"]
    early.is_accepted()
    story.aanbieder(deletion).is_rejected("TR063 9063")
    story.aanbieder(start(begin="2023-02-06", release=other)).is_accepted()


@MIXED
def test_rules_without_a_code_in_2_3_signal_there(story: Story, one: str, other: str) -> None:
    """What stops in one release is known in the other, which says it in its own way."""
    story.gemeente(allocated(one)).is_accepted()
    story.aanbieder(start(begin="2023-02-06", release=one)).is_accepted()
    story.aanbieder(stop(begin="2023-02-06", eind="2023-03-15", reden=TIJDELIJK, release=one)).is_accepted()
    again = stop(begin="2023-02-06", eind="2023-03-14", reden=TIJDELIJK, release=other)
    says(story.aanbieder(again), other, "TR413 9413", "TR414 9414")


# --- allocations ----------------------------------------------------------------------------------------------------


@MIXED
@pytest.mark.parametrize("reversed_", [False, True], ids=["in order", "reversed"])
def test_the_newest_version_wins_whatever_its_release(story: Story, one: str, other: str, reversed_: bool) -> None:
    versions = [
        allocated(one, product(eind="2023-06-30")),
        allocated(other, product(eind="2023-12-31", op="2023-06-01", reden=VERLENGD)),
    ]
    for version in reversed(versions) if reversed_ else versions:
        story.gemeente(version).is_accepted()
    july, january = regel("R1", 24, maand="2023-07"), regel("R2", maand="2024-01")
    story.aanbieder(declaratie(july, maand="2023-07")).is_accepted()
    story.aanbieder(declaratie(january, maand="2024-01")).is_refused("TR308 9308")


@MIXED
def test_a_number_is_given_out_once_whatever_the_release(story: Story, one: str, other: str) -> None:
    story.gemeente(allocated(one)).is_accepted()
    same_number = allocated(other, product(bsn=OTHER_BSN, op="2023-01-02"))
    says(story.gemeente(same_number), other, "TR332 9332")


@MIXED
def test_an_identification_is_used_once_whatever_the_release(story: Story, one: str, other: str) -> None:
    story.gemeente(allocated(one), "T1").is_accepted()
    story.gemeente(allocated(other, product(2, DAGBESTEDING)), "T1").is_rejected("TR056 9056")
    story.gemeente(allocated(other, product(2, DAGBESTEDING)), "T2").is_accepted()
    story.aanbieder(start(begin="2023-02-06", release=other), "S1").is_accepted()
    story.aanbieder(start(2, begin="2023-02-06", release=one), "S1").is_rejected("TR056 9056")


def test_an_allocation_of_2_3_is_withdrawn_in_3_2(story: Story) -> None:
    """It counts as not sent then: for messages of both releases, and whatever release its claims had."""
    story.gemeente(allocated(OLD)).is_accepted()
    story.aanbieder(factuur(regel("R1"))).is_accepted()
    withdrawn = story.gemeente(WITHDRAWAL)
    withdrawn.is_rejected("TR385 9385")
    story.aanbieder(factuur(regel("R2", credit_van="R1"))).is_accepted()
    assert story.replay(withdrawn) == ["judged"]
    withdrawn.is_accepted()
    for release in (OLD, NEW):
        story.aanbieder(start(begin="2023-03-06", release=release)).is_rejected("TR019 9019")
    story.aanbieder(declaratie(regel("R3", maand="2023-03"), maand="2023-03")).is_refused("TR384 9384")
    story.aanbieder(factuur(regel("R4", maand="2023-03"), maand="2023-03")).is_refused("TR338 0551")


# --- requests -------------------------------------------------------------------------------------------------------


def is_granted(story: Story, release: str) -> None:
    """The request is settled and its reference used; the next one may come."""
    story.gemeente(antwoord("VOT-1", AFGEWEZEN, op="2023-03-03")).is_rejected("TR359 9359")
    story.aanbieder(verzoek("VOT-2", op="2023-04-03", vanaf="2023-05-01", release=release)).is_accepted()
    story.gemeente(antwoord("VOT-2", AFGEWEZEN, op="2023-04-04")).is_accepted()
    says(story.aanbieder(verzoek("VOT-1", op="2023-04-05", vanaf="2023-05-01", release=release)), release, "TR347 9347")


def granting(release: str) -> bytes:
    """The 301 of either release that grants the request."""
    made: dict[str, Callable[..., bytes]] = {OLD: toewijzing_2_3, NEW: toewijzing}
    return made[release](product(begin="2023-03-06", op="2023-03-02"), verzoek="VOT-1")


@MIXED
def test_a_request_is_granted_in_the_other_release(story: Story, one: str, other: str) -> None:
    """Answers are of 3.2 only: they answer a request of 2.3 too."""
    story.aanbieder(verzoek("VOT-1", op="2023-02-20", release=one)).is_accepted()
    story.gemeente(antwoord("VOT-1", IN_ONDERZOEK, op="2023-02-22")).is_accepted()
    story.gemeente(granting(other)).is_accepted()
    is_granted(story, other)


@MIXED
def test_a_request_is_open_in_both_releases(story: Story, one: str, other: str) -> None:
    story.aanbieder(verzoek("VOT-1", op="2023-02-20", release=one)).is_accepted()
    says(story.aanbieder(verzoek("VOT-9", op="2023-02-21", release=other)), other, "TR374 9374")


def test_an_allocation_of_3_2_that_came_before_its_request_of_2_3(story: Story) -> None:
    granted = story.gemeente(granting(NEW))
    granted.is_rejected("TR379 9379")
    story.aanbieder(verzoek("VOT-1", op="2023-02-20", release=OLD)).is_accepted()
    says(story.aanbieder(verzoek("VOT-9", op="2023-03-03", release=NEW)), NEW, "TR374 9374")
    assert story.replay(granted) == ["judged"]
    granted.is_accepted()
    is_granted(story, NEW)


def test_an_allocation_of_2_3_that_came_before_its_request_of_3_2(story: Story) -> None:
    """It counts although its request is unknown, and settles the request when that comes."""
    story.gemeente(granting(OLD)).is_accepted("TR379")
    story.aanbieder(verzoek("VOT-1", op="2023-02-20", release=NEW)).is_accepted()
    is_granted(story, OLD)


def test_a_change_of_what_was_allocated_in_2_3(story: Story) -> None:
    asked = story.aanbieder(wijzigingsverzoek("VOW-1", gewijzigd=[1], ongewijzigd=[2], op="2023-02-20"))
    asked.is_rejected("TR304 8187", "TR350 9350", "TR351 9351")
    story.gemeente(allocated(OLD)).is_accepted()
    missing = wijzigingsverzoek("VOW-2", nieuw=[VERVOER], gewijzigd=[2], op="2023-02-20")
    story.aanbieder(missing).is_rejected("TR349 9349", "TR351 9351")
    story.gemeente(allocated(NEW, product(2, VERVOER))).is_accepted()
    assert story.replay(asked) == ["judged"]
    asked.is_accepted()


# --- claims ---------------------------------------------------------------------------------------------------------


@MIXED
def test_claims_of_both_releases_count_together(story: Story, one: str, other: str) -> None:
    claimed = {OLD: factuur, NEW: declaratie}
    story.gemeente(allocated(other)).is_accepted()
    story.aanbieder(claimed[one](regel("R1", 20))).is_accepted()
    second = story.aanbieder(claimed[other](regel("R1", 1)))
    if other == NEW:
        second.is_refused("TR389 9389")
    else:
        # In 2.3 a second line for a month may be right; these hours are gone.
        second.is_refused("TR321 9321", signals=("TR389",))
    story.aanbieder(claimed[other](regel("R2", 20, credit_van="R1"))).is_refused(
        "TR323 8017" if other == NEW else "RC8853 8853"
    )
    story.aanbieder(claimed[one](regel("R2", 20, credit_van="R1"))).is_accepted()
    story.aanbieder(claimed[other](regel("R3", 20))).is_accepted()


@MIXED
def test_a_claim_that_came_before_its_allocation_of_the_other_release(story: Story, one: str, other: str) -> None:
    claimed, no_allocation = {OLD: (factuur, "TR338 0551"), NEW: (declaratie, "TR338 9338")}[other]
    early = story.aanbieder(claimed(regel("R1", 20)))
    early.is_refused("TR304 8187", no_allocation)
    story.gemeente(allocated(one, product(op="2023-03-02"))).is_accepted()
    assert story.replay(early) == ["refused"]
    story.aanbieder(claimed(regel("R2", 20))).is_accepted()
