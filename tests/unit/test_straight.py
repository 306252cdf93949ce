"""The route of what is sent asks for its dependencies by itself, so it may have no other than those it knows."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Response

from iwmo_gateway.web.access import Reader
from iwmo_gateway.web.calls import Sent, sent
from iwmo_gateway.web.straight import Straight


def test_a_dependency_that_nobody_would_ask_for_is_refused() -> None:
    def endpoint(message: Annotated[Sent, Depends(sent)], caller: Reader) -> Response:
        raise NotImplementedError

    with pytest.raises(TypeError, match="/berichten"):
        APIRouter(route_class=Straight).add_api_route("/berichten", endpoint, methods=["POST"], response_model=None)
