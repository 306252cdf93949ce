"""Two domains side by side for the same two parties and client: nothing crosses, whatever number it has."""

import pytest

from tests.conftest import Callers
from tests.stories import AFGEWEZEN, antwoord, declaratie, product, regel, start, stop, toewijzing, verzoek
from tests.telling import Story

REQUEST = verzoek("VOT-1", op="2022-11-21", vanaf="2023-01-01")
GRANTED = toewijzing(product(), verzoek="VOT-1")
START = start(begin="2023-02-06")
END = stop(begin="2023-02-06", eind="2023-03-31")
CLAIM = declaratie(regel("R1", 20), op="2023-04-03")


@pytest.mark.parametrize(("one", "other"), [("wmo", "jw"), ("jw", "wmo")])
def test_what_is_known_in_one_domain_is_unknown_in_the_other(call: Callers, one: str, other: str) -> None:
    known, unknown = Story(call, one), Story(call, other)
    known.aanbieder(REQUEST).is_accepted()
    known.gemeente(GRANTED).is_accepted()
    known.aanbieder(START).is_accepted()

    granted = unknown.gemeente(GRANTED)
    granted.is_rejected("TR379 9379")
    unknown.gemeente(antwoord("VOT-1", AFGEWEZEN, op="2022-12-02")).is_rejected("TR355 9355")
    begun, stopped = unknown.aanbieder(START), unknown.aanbieder(END)
    begun.is_rejected("TR019 9019")
    stopped.is_rejected("TR019 9019", "TR382 9069")
    unknown.aanbieder(CLAIM).is_refused("TR304 8187", "TR338 9338")

    # The same numbers are free there, and the same story can be told.
    unknown.aanbieder(REQUEST).is_accepted()
    assert unknown.replay(granted, begun, stopped) == ["judged", "judged", "judged"]
    for told in (granted, begun, stopped):
        told.is_accepted()
    unknown.aanbieder(declaratie(regel("R2", 20), op="2023-04-03")).is_accepted()

    known.aanbieder(END).is_accepted()
    known.aanbieder(CLAIM).is_accepted()
    known.aanbieder(declaratie(regel("R3", 20, credit_van="R1"), regel("R2", 18), op="2023-04-03")).is_accepted()
