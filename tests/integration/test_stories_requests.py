"""Stories of requests: for an allocation or a change, looked into, granted or refused; and in the wrong order."""

import pytest

from tests.claims import OTHER_BSN
from tests.conftest import Callers
from tests.integration.test_http_builders import with_values
from tests.stories import (
    AFGEWEZEN,
    DAGBESTEDING,
    IN_ONDERZOEK,
    VERKORT,
    VERVOER,
    antwoord,
    declaratie,
    product,
    regel,
    start,
    toewijzing,
    verzoek,
    wijzigingsverzoek,
)
from tests.telling import EVERYWHERE, Story

REQUEST = verzoek("VOT-1", op="2023-02-20")
INVESTIGATION = antwoord("VOT-1", IN_ONDERZOEK, op="2023-02-22")
REFUSAL = antwoord("VOT-1", AFGEWEZEN, op="2023-03-01")
GRANTED = toewijzing(product(begin="2023-03-06", op="2023-03-02"), verzoek="VOT-1")


pytestmark = EVERYWHERE


@pytest.fixture
def story(call: Callers, domain: str) -> Story:
    return Story(call, domain)


# --- request, in investigation, allocation --------------------------------------------------------------------------


def is_granted(story: Story) -> None:
    """The request is settled and its reference used; the allocation bears a start and a claim, and a next request.

    VOT-9 was refused while the first was open: its reference is free.
    """
    story.gemeente(antwoord("VOT-1", AFGEWEZEN, op="2023-03-03")).is_rejected("TR359 9359")
    story.aanbieder(verzoek("VOT-1", op="2023-03-03")).is_rejected("TR347 9347")
    story.aanbieder(start(begin="2023-03-06")).is_accepted()
    claimed = regel("P1", maand="2023-03", van="2023-03-06")
    story.aanbieder(declaratie(claimed, maand="2023-03")).is_accepted()
    story.aanbieder(verzoek("VOT-9", op="2023-04-03", vanaf="2023-05-01")).is_accepted()


def test_a_request_is_looked_into_and_granted(story: Story) -> None:
    story.aanbieder(REQUEST).is_accepted()
    story.aanbieder(verzoek("VOT-9", op="2023-02-21")).is_rejected("TR374 9374")
    story.gemeente(INVESTIGATION).is_accepted()
    story.gemeente(INVESTIGATION).is_rejected("TR360 9360")
    story.aanbieder(verzoek("VOT-9", op="2023-02-23")).is_rejected("TR374 9374")
    story.gemeente(GRANTED).is_accepted()
    story.gemeente(INVESTIGATION).is_rejected("TR359 9359", "TR360 9360")
    is_granted(story)


def test_an_answer_and_an_allocation_that_came_before_the_request(story: Story) -> None:
    answered, granted = story.gemeente(INVESTIGATION), story.gemeente(GRANTED)
    answered.is_rejected("TR355 9355")
    granted.is_rejected("TR379 9379")
    # They count as not sent: no allocation is there, and the request is open once it comes.
    story.aanbieder(start(begin="2023-03-06")).is_rejected("TR019 9019")
    story.aanbieder(REQUEST).is_accepted()
    story.aanbieder(verzoek("VOT-9", op="2023-03-03")).is_rejected("TR374 9374")
    assert story.replay(answered, granted) == ["judged", "judged"]
    answered.is_accepted()
    granted.is_accepted()
    is_granted(story)


def test_everything_in_reverse(story: Story) -> None:
    """The allocation, which came first, settles the request; an answer is too late then, for good."""
    begun = story.aanbieder(start(begin="2023-03-06"))
    granted, answered = story.gemeente(GRANTED), story.gemeente(INVESTIGATION)
    begun.is_rejected("TR019 9019")
    granted.is_rejected("TR379 9379")
    answered.is_rejected("TR355 9355")
    story.aanbieder(REQUEST).is_accepted()
    assert story.replay(begun, granted, answered) == ["unchanged", "judged", "judged"]
    begun.is_rejected("TR019 9019")
    granted.is_accepted()
    answered.is_rejected("TR359 9359")
    is_granted(story)


@pytest.mark.parametrize("how", ["replay", "repeat"])
def test_an_allocation_that_came_before_the_request(story: Story, how: str) -> None:
    granted = story.gemeente(GRANTED)
    granted.is_rejected("TR379 9379")
    story.aanbieder(REQUEST).is_accepted()
    story.gemeente(INVESTIGATION).is_accepted()
    if how == "replay":
        assert story.replay(granted) == ["judged"]
    else:
        story.again(granted)
    granted.is_accepted()
    is_granted(story)


def test_a_request_of_another_client_is_not_granted(story: Story) -> None:
    story.aanbieder(with_values(REQUEST.decode(), {"Bsn": OTHER_BSN})).is_accepted()
    granted = story.gemeente(GRANTED)
    granted.is_rejected("TR379 9379")
    assert story.replay(granted) == ["unchanged"]
    story.aanbieder(REQUEST).is_rejected("TR347 9347")
    story.aanbieder(verzoek("VOT-2", op="2023-03-03")).is_accepted()
    story.gemeente(toewijzing(product(begin="2023-03-06", op="2023-03-04"), verzoek="VOT-2")).is_accepted()


# --- request, refusal, next request ---------------------------------------------------------------------------------


def is_settled(story: Story) -> None:
    """Nothing more is answered, and another request may come; a refused one may be granted after all."""
    story.gemeente(INVESTIGATION).is_rejected("TR360 9360", "TR365 9365")
    story.gemeente(REFUSAL).is_rejected("TR365 9365")
    story.aanbieder(verzoek("VOT-2", op="2023-03-03")).is_accepted()
    story.aanbieder(verzoek("VOT-3", op="2023-03-03")).is_rejected("TR374 9374")
    story.gemeente(GRANTED).is_accepted()


def test_a_request_is_looked_into_and_refused(story: Story) -> None:
    story.aanbieder(REQUEST).is_accepted()
    story.gemeente(INVESTIGATION).is_accepted()
    story.gemeente(REFUSAL).is_accepted()
    is_settled(story)


def test_a_refusal_that_came_before_the_request(story: Story) -> None:
    answered, refused = story.gemeente(INVESTIGATION), story.gemeente(REFUSAL)
    answered.is_rejected("TR355 9355")
    refused.is_rejected("TR355 9355")
    story.aanbieder(REQUEST).is_accepted()
    assert story.replay(answered, refused) == ["judged", "judged"]
    answered.is_accepted()
    refused.is_accepted()
    is_settled(story)


def test_a_refusal_that_came_before_the_investigation(story: Story) -> None:
    story.aanbieder(REQUEST).is_accepted()
    story.gemeente(REFUSAL).is_accepted()
    answered = story.gemeente(INVESTIGATION)
    answered.is_rejected("TR360 9360", "TR365 9365")
    assert story.replay(answered) == ["unchanged"]
    is_settled(story)


@pytest.mark.parametrize("how", ["replay", "repeat"])
def test_a_next_request_that_came_before_the_refusal(story: Story, how: str) -> None:
    story.aanbieder(REQUEST).is_accepted()
    following = story.aanbieder(verzoek("VOT-5", op="2023-02-28"))
    following.is_rejected("TR374 9374")
    story.gemeente(REFUSAL).is_accepted()
    if how == "replay":
        assert story.replay(following) == ["judged"]
    else:
        story.again(following)
    following.is_accepted()
    story.gemeente(antwoord("VOT-5", AFGEWEZEN, op="2023-03-02")).is_accepted()
    is_settled(story)


# --- a request for a change -----------------------------------------------------------------------------------------

CARE = toewijzing(product(1), product(2, DAGBESTEDING))
CHANGE = wijzigingsverzoek("VOW-1", ongewijzigd=[2], gewijzigd=[1], nieuw=[VERVOER], op="2023-02-20")
CUT = product(1, eind="2023-03-05", op="2023-03-02", reden=VERKORT)
MORE = product(3, begin="2023-03-06", op="2023-03-02", volume=6)
TRANSPORT = product(4, VERVOER, begin="2023-03-06", op="2023-03-02")
CHANGED = toewijzing(CUT, MORE, TRANSPORT, verzoek="VOW-1")
"""The municipality grants it: the old allocation ends the day before, two come new."""


def is_changed(story: Story) -> None:
    """Four hours a week up to the 5th, six from the 6th; a next request names what is allocated now, and only that."""
    old, new = (
        regel("P1", 4, maand="2023-03", tot="2023-03-05"),
        regel("P2", 24, nummer=3, maand="2023-03", van="2023-03-06"),
    )
    story.aanbieder(declaratie(old, new, maand="2023-03")).is_accepted()
    story.gemeente(antwoord("VOW-1", AFGEWEZEN, op="2023-04-01")).is_rejected("TR359 9359")
    missing = wijzigingsverzoek("VOW-2", ongewijzigd=[2, 3], nieuw=[DAGBESTEDING], op="2023-04-03", vanaf="2023-05-01")
    story.aanbieder(missing).is_rejected("TR349 9349")
    ended = wijzigingsverzoek("VOW-3", ongewijzigd=[1, 2, 3], gewijzigd=[4], op="2023-04-03", vanaf="2023-05-01")
    story.aanbieder(ended).is_rejected("TR350 9350")
    right = wijzigingsverzoek("VOW-4", ongewijzigd=[2, 3], gewijzigd=[4], op="2023-04-03", vanaf="2023-05-01")
    story.aanbieder(right).is_accepted()
    story.aanbieder(verzoek("VOT-2", op="2023-04-03", vanaf="2023-05-01")).is_rejected("TR374 9374")


def test_a_change_with_unchanged_changed_and_new_products(story: Story) -> None:
    story.gemeente(CARE).is_accepted()
    story.aanbieder(CHANGE).is_accepted()
    story.gemeente(antwoord("VOW-1", IN_ONDERZOEK, op="2023-02-22")).is_accepted()
    story.gemeente(CHANGED).is_accepted()
    is_changed(story)


def test_a_change_must_name_all_that_is_allocated(story: Story) -> None:
    def asked(referentie: str, ongewijzigd: list[int], gewijzigd: list[int]) -> bytes:
        return wijzigingsverzoek(
            referentie, ongewijzigd=ongewijzigd, gewijzigd=gewijzigd, nieuw=[VERVOER], op="2023-02-20"
        )

    story.gemeente(CARE).is_accepted()
    story.aanbieder(asked("VOW-2", [], [1])).is_rejected("TR349 9349")
    story.aanbieder(asked("VOW-3", [2, 9], [1])).is_rejected("TR350 9350")
    story.aanbieder(asked("VOW-4", [2], [1, 9])).is_rejected("TR351 9351")
    story.aanbieder(CHANGE).is_accepted()
    story.gemeente(CHANGED).is_accepted()
    is_changed(story)


def test_a_change_that_came_before_the_allocations(story: Story) -> None:
    asked = story.aanbieder(CHANGE)
    asked.is_rejected("TR304 8187", "TR350 9350", "TR351 9351")
    story.gemeente(toewijzing(product(1))).is_accepted()
    assert story.replay(asked) == ["judged"]
    asked.is_rejected("TR350 9350")
    story.gemeente(toewijzing(product(2, DAGBESTEDING))).is_accepted()
    assert story.replay(asked) == ["judged"]
    asked.is_accepted()
    story.gemeente(CHANGED).is_accepted()
    is_changed(story)


def test_everything_about_a_change_in_reverse(story: Story) -> None:
    """The granting 301 says nothing of the day care, which the request names."""
    changed = story.gemeente(CHANGED)
    changed.is_rejected("TR379 9379")
    answered = story.gemeente(antwoord("VOW-1", IN_ONDERZOEK, op="2023-03-02"))
    answered.is_rejected("TR355 9355")
    asked = story.aanbieder(CHANGE)
    asked.is_rejected("TR304 8187", "TR350 9350", "TR351 9351")
    story.gemeente(CARE).is_accepted()
    assert story.replay(changed, answered, asked) == ["unchanged", "unchanged", "judged"]
    asked.is_accepted()
    # Answer before allocation: the other way round it would be too late.
    assert story.replay(answered) == ["judged"]
    assert story.replay(changed) == ["judged"]
    answered.is_accepted()
    changed.is_accepted()
    is_changed(story)


def test_a_change_that_is_refused_leaves_everything_as_it_was(story: Story) -> None:
    story.gemeente(CARE).is_accepted()
    story.aanbieder(CHANGE).is_accepted()
    story.gemeente(antwoord("VOW-1", AFGEWEZEN, op="2023-02-22")).is_accepted()
    story.aanbieder(declaratie(regel("R1", maand="2023-03"), maand="2023-03")).is_accepted()
    again = wijzigingsverzoek("VOW-2", ongewijzigd=[2], gewijzigd=[1], op="2023-04-03", vanaf="2023-05-01")
    story.aanbieder(again).is_accepted()
