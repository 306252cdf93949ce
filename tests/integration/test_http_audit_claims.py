"""What lists of claims, their lines, decisions and payments showed, and who decided, in the audit trail."""

import json

import pytest

from iwmo_gateway.store.audit import Action
from tests.claims import AANBIEDER
from tests.claims import ANDERE_GEMEENTE as RHENEN
from tests.conftest import Callers
from tests.integration.test_http_audit import UUID, written
from tests.integration.test_http_builders import everything
from tests.integration.test_http_reviews import APPROVE, IN_TIME, LATE, RECEIVED, agreed, claimed, decided, listed, sent

__all__ = ["agreed"]


@pytest.fixture
def claim(call: Callers) -> str:
    """A claim with a line that waits for its municipality: its id."""
    return str(sent(call, claimed(LATE, IN_TIME))["id"])


@pytest.mark.parametrize(
    "path",
    ["/v1/declaraties", "/v1/declaraties/regels", "/v1/reports/betalingen", "/v1/reviews"],
)
def test_what_was_shown_of_claims_is_written_down(call: Callers, claim: str, path: str) -> None:
    with written(call) as new:
        page = call.get("operator", path).json()
    page.pop("links")
    (deed,) = new
    named = {deed.message, *(deed.messages or ())} - {None}
    assert claim in named
    assert named == {one for one in UUID.findall(json.dumps(page)) if one in {m["id"] for m in everything(call)}}


def test_who_decided_on_a_line_is_written_down_with_the_claim(call: Callers, claim: str) -> None:
    (review,) = listed(call, on=RECEIVED)
    with written(call) as new:
        assert decided(call, review["id"], APPROVE, who=AANBIEDER).status_code == 404
        assert decided(call, review["id"], APPROVE).status_code == 200
    assert [(deed.actor, deed.action, deed.what, deed.message) for deed in new] == [
        (AANBIEDER, Action.DECIDE, f"reviews/{review['id']}", None),
        (RHENEN, Action.DECIDE, f"reviews/{review['id']}", claim),
    ]
