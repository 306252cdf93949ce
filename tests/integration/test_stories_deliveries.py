"""Stories of deliveries: stopped for a while, stopped for good, started again, corrected; and in the wrong order."""

import pytest

from tests.conftest import Callers
from tests.stories import (
    DAGBESTEDING,
    TIJDELIJK,
    declaratie,
    product,
    regel,
    start,
    start_gecorrigeerd,
    start_verwijderd,
    stop,
    stop_verwijderd,
    toewijzing,
)
from tests.telling import EVERYWHERE, Story

ALLOCATION = toewijzing()
START = start(begin="2023-02-06")
PAUSE = stop(begin="2023-02-06", eind="2023-03-15", reden=TIJDELIJK)
END = stop(begin="2023-02-06", eind="2023-03-31")
RESTART = start(begin="2023-04-03")
END_AGAIN = stop(begin="2023-04-03", eind="2023-04-28")


pytestmark = EVERYWHERE


@pytest.fixture
def story(call: Callers, domain: str) -> Story:
    return Story(call, domain)


def can_be_claimed(story: Story, maand: str, referentie: str) -> None:
    """No start or stop is asked of a claim."""
    story.aanbieder(declaratie(regel(referentie, maand=maand), maand=maand)).is_accepted()


# --- a stop for a while, then for good ------------------------------------------------------------------------------


def is_stopped(story: Story) -> None:
    """The delivery has had its last stop, its start stays, and another delivery may begin."""
    story.aanbieder(stop(begin="2023-02-06", eind="2023-04-01")).is_rejected("TR415 9415")
    story.aanbieder(END).is_rejected("TR074 9074", "TR415 9415")
    story.aanbieder(start_verwijderd(begin="2023-02-06", op="2023-04-02")).is_rejected("TR071 9071")
    story.aanbieder(start(begin="2023-02-06", op="2023-04-02")).is_rejected("TR074 9074")
    can_be_claimed(story, "2023-03", "P1")
    story.aanbieder(RESTART).is_accepted()


def test_a_delivery_is_stopped_for_a_while_and_then_for_good(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    story.aanbieder(start(begin="2023-02-13")).is_rejected("TR326 9326")
    can_be_claimed(story, "2023-02", "R1")
    story.aanbieder(PAUSE).is_accepted()
    story.aanbieder(stop(begin="2023-02-06", eind="2023-03-16", reden=TIJDELIJK)).is_rejected("TR413 9413")
    story.aanbieder(stop(begin="2023-02-06", eind="2023-03-14", op="2023-03-17")).is_rejected("TR414 9414")
    story.aanbieder(END).is_accepted()
    is_stopped(story)


def test_a_stop_that_came_before_its_start(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    stopped = story.aanbieder(END)
    stopped.is_rejected("TR382 9069")
    story.aanbieder(START).is_accepted()
    # It counts as not sent: the delivery is current.
    story.aanbieder(RESTART).is_rejected("TR326 9326")
    assert story.replay(stopped) == ["judged"]
    stopped.is_accepted()
    is_stopped(story)


@pytest.mark.parametrize("how", ["replay", "repeat"])
def test_everything_in_reverse(story: Story, how: str) -> None:
    """A replay judges oldest first, as they came: in reverse order one of them is mended by each."""
    ended = story.aanbieder(END)
    paused = story.aanbieder(PAUSE)
    begun = story.aanbieder(START)
    ended.is_rejected("TR019 9019", "TR382 9069")
    paused.is_rejected("TR019 9019", "TR382 9069")
    begun.is_rejected("TR019 9019")
    story.gemeente(ALLOCATION).is_accepted()
    if how == "repeat":
        for told in (begun, paused, ended):
            story.again(told).is_accepted()
    else:
        # The stops are still without their start, and say less than before: only that.
        assert story.replay(ended, paused, begun) == ["judged", "judged", "judged"]
        ended.is_rejected("TR382 9069")
        paused.is_rejected("TR382 9069")
        begun.is_accepted()
        assert story.replay(paused) == ["judged"]
        assert story.replay(ended) == ["judged"]
    paused.is_accepted()
    ended.is_accepted()
    is_stopped(story)


def test_a_number_that_was_free_meanwhile_is_used_by_the_time_of_the_replay(story: Story) -> None:
    """What was rejected holds no identification. Under one of its own the start is a new message."""
    begun = story.aanbieder(START, "S1")
    begun.is_rejected("TR019 9019")
    story.gemeente(toewijzing(product(1), product(2, DAGBESTEDING))).is_accepted()
    story.aanbieder(start(2, begin="2023-02-06"), "S1").is_accepted()
    assert story.replay(begun) == ["judged"]
    begun.is_rejected("TR056 9056")
    story.aanbieder(START, "S2").is_accepted()
    story.aanbieder(END).is_accepted()
    is_stopped(story)


def test_a_stop_for_a_while_that_came_behind_the_last_one(story: Story) -> None:
    """What is stopped can't be stopped again: the last stop is taken back first, and sent anew."""
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    story.aanbieder(END).is_accepted()
    paused = story.aanbieder(PAUSE)
    paused.is_rejected("TR414 9414", "TR415 9415")
    assert story.replay(paused) == ["unchanged"]
    paused.is_rejected("TR414 9414", "TR415 9415")
    story.aanbieder(stop_verwijderd(begin="2023-02-06", eind="2023-03-31", op="2023-04-01")).is_accepted()
    assert story.replay(paused) == ["judged"]
    paused.is_accepted()
    story.aanbieder(END).is_accepted()
    is_stopped(story)


def test_a_stop_that_is_deleted_counts_as_not_sent(story: Story) -> None:
    deletion = stop_verwijderd(begin="2023-02-06", eind="2023-03-31", op="2023-04-01")
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    early = story.aanbieder(deletion)
    early.is_rejected("TR063 9063")
    story.aanbieder(END).is_accepted()
    assert story.replay(early) == ["judged"]
    early.is_accepted()
    story.aanbieder(deletion).is_rejected("TR063 9063")
    story.aanbieder(RESTART).is_rejected("TR326 9326")
    story.aanbieder(END).is_accepted()
    is_stopped(story)


# --- a stop for a while, then a new start ---------------------------------------------------------------------------


def is_running(story: Story) -> None:
    """The second delivery is current, and the first is not; the second is stopped by its own begin date."""
    story.aanbieder(start(begin="2023-04-10")).is_rejected("TR326 9326")
    story.aanbieder(stop(begin="2023-04-10", eind="2023-04-28")).is_rejected("TR382 9069")
    can_be_claimed(story, "2023-04", "P1")
    story.aanbieder(END_AGAIN).is_accepted()
    story.aanbieder(start(begin="2023-05-01")).is_accepted()


def test_a_delivery_is_stopped_for_a_while_and_starts_again(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    story.aanbieder(PAUSE).is_accepted()
    story.aanbieder(RESTART).is_accepted()
    is_running(story)


def test_the_first_delivery_is_stopped_for_good_behind_the_restart(story: Story) -> None:
    """The second is another delivery, and stays current."""
    story.gemeente(ALLOCATION).is_accepted()
    for body in (START, PAUSE, RESTART, END):
        story.aanbieder(body).is_accepted()
    is_running(story)


@pytest.mark.parametrize("how", ["replay", "repeat"])
def test_a_restart_that_came_before_the_stop(story: Story, how: str) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    restarted = story.aanbieder(RESTART)
    restarted.is_rejected("TR326 9326")
    story.aanbieder(END_AGAIN).is_rejected("TR382 9069")
    story.aanbieder(PAUSE).is_accepted()
    if how == "replay":
        assert story.replay(restarted) == ["judged"]
    else:
        story.again(restarted)
    restarted.is_accepted()
    is_running(story)


def test_a_restart_that_came_before_the_start(story: Story) -> None:
    """It is taken for the first start; the real one, and its stop, wait until the delivery is not current."""
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(RESTART).is_accepted()
    paused, begun = story.aanbieder(PAUSE), story.aanbieder(START)
    paused.is_rejected("TR382 9069")
    begun.is_rejected("TR326 9326")
    assert story.replay(paused, begun) == ["unchanged", "unchanged"]
    story.aanbieder(start_verwijderd(begin="2023-04-03", op="2023-04-04")).is_accepted()
    assert story.replay(paused, begun) == ["unchanged", "judged"]
    assert story.replay(paused) == ["judged"]
    begun.is_accepted()
    paused.is_accepted()
    story.aanbieder(RESTART).is_accepted()
    is_running(story)


# --- deleting and correcting a start --------------------------------------------------------------------------------

CORRECTION = start_gecorrigeerd(van="2023-02-06", naar="2023-02-13", op="2023-02-15")
DELETION = start_verwijderd(begin="2023-02-06", op="2023-02-15")
RIGHT_START = start(begin="2023-02-13", op="2023-02-16")


def is_corrected(story: Story) -> None:
    """Care began on the 13th: a stop knows it by that date only. The 6th counts as not sent."""
    story.aanbieder(start_verwijderd(begin="2023-02-06", op="2023-02-20")).is_rejected("TR063 9063")
    story.aanbieder(start(begin="2023-02-06", op="2023-02-20")).is_rejected("TR326 9326")
    story.aanbieder(RIGHT_START).is_rejected("TR074 9074", "TR326 9326")
    story.aanbieder(END).is_rejected("TR382 9069")
    can_be_claimed(story, "2023-03", "P1")
    story.aanbieder(stop(begin="2023-02-13", eind="2023-03-31")).is_accepted()
    story.aanbieder(start(begin="2023-02-06", op="2023-04-02")).is_accepted()


def test_a_start_is_corrected_in_one_message(story: Story) -> None:
    """The deletion stands behind the new start, and is taken first."""
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    story.aanbieder(CORRECTION).is_accepted()
    is_corrected(story)


def test_a_start_is_deleted_and_sent_anew(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    story.aanbieder(DELETION).is_accepted()
    story.aanbieder(END).is_rejected("TR382 9069")
    story.aanbieder(RIGHT_START).is_accepted()
    is_corrected(story)


def test_a_deleted_start_can_be_sent_again(story: Story) -> None:
    """As another message: the very same bytes are the first one, which counts."""
    story.gemeente(ALLOCATION).is_accepted()
    begun = story.aanbieder(START)
    story.aanbieder(DELETION).is_accepted()
    story.again(begun).is_accepted()
    story.aanbieder(END).is_rejected("TR382 9069")
    story.aanbieder(START).is_accepted()
    story.aanbieder(END).is_accepted()
    is_stopped(story)


def test_a_correction_that_came_before_the_start(story: Story) -> None:
    """Both its parts count as not sent, so that the wrong start is accepted first."""
    story.gemeente(ALLOCATION).is_accepted()
    corrected = story.aanbieder(CORRECTION)
    corrected.is_rejected("TR063 9063")
    story.aanbieder(START).is_accepted()
    assert story.replay(corrected) == ["judged"]
    corrected.is_accepted()
    is_corrected(story)


def test_a_deletion_that_came_before_the_start(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    deleted, corrected = story.aanbieder(DELETION), story.aanbieder(RIGHT_START)
    deleted.is_rejected("TR063 9063")
    corrected.is_accepted()
    begun = story.aanbieder(START)
    begun.is_rejected("TR326 9326")
    # The wrong start never counted, so that there is nothing to delete, whoever replays.
    assert story.replay(deleted, begun) == ["unchanged", "unchanged"]
    is_corrected(story)


def test_a_correction_that_came_before_its_allocation(story: Story) -> None:
    begun, corrected = story.aanbieder(START), story.aanbieder(CORRECTION)
    begun.is_rejected("TR019 9019")
    corrected.is_rejected("TR019 9019", "TR063 9063")
    story.gemeente(ALLOCATION).is_accepted()
    assert story.replay(begun, corrected) == ["judged", "judged"]
    begun.is_accepted()
    corrected.is_accepted()
    is_corrected(story)


def test_a_start_that_was_stopped_is_corrected_behind_its_stop(story: Story) -> None:
    story.gemeente(ALLOCATION).is_accepted()
    story.aanbieder(START).is_accepted()
    story.aanbieder(END).is_accepted()
    corrected = story.aanbieder(CORRECTION)
    corrected.is_rejected("TR071 9071")
    story.aanbieder(stop_verwijderd(begin="2023-02-06", eind="2023-03-31", op="2023-04-01")).is_accepted()
    assert story.replay(corrected) == ["judged"]
    corrected.is_accepted()
    is_corrected(story)
