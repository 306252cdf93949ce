"""The headers of every answer to every call, whoever asks, are those of the page on security."""

import re
from pathlib import Path

from iwmo_gateway.web.app import create_app
from iwmo_gateway.web.session import CONSOLE
from tests.conftest import Callers
from tests.integration.test_http_guards import every_route

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
ALWAYS = {
    name.lower(): value
    for name, value, why in re.findall(r"^\| `([\w-]+)` \| `([^`]+)` \| (.+) \|$", PAGE, re.MULTILINE)
    if "only over TLS" not in why
}


def test_every_answer_has_every_header(call: Callers) -> None:
    assert len(ALWAYS) == 4
    statuses = set()
    for route in every_route(create_app(call.gateway).routes):
        if route.path.startswith(CONSOLE):
            continue  # pages have headers of their own
        paths = {re.sub(r"{[^}]*}", one, route.path) for one in ("1", "x", "01970000-0000-7000-8000-000000000000")}
        for path in sorted(paths):
            for method in ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"):
                for who in ("", "operator", "auditor", "42420001"):
                    headers = {"Content-Type": "application/xml", **(call.headers(who) if who else {})}
                    answer = call.client.request(method, path, headers=headers, content=b"<x/>")
                    statuses.add(answer.status_code)
                    assert ALWAYS.items() <= dict(answer.headers).items(), (method, path, who)
                    assert not {"server", "x-powered-by"} & set(answer.headers)
                    if answer.status_code == 405:
                        assert answer.headers["allow"]
                        assert method not in answer.headers["allow"].split(", ")
    assert statuses >= {200, 400, 401, 403, 404, 405, 422}


def test_what_may_be_done_with_a_path_is_told_whole(call: Callers) -> None:
    assert call.client.delete("/v1/berichten").headers["allow"] == "GET, POST"
    assert call.client.delete("/v1/contracts/x").headers["allow"] == "GET, PUT"
    assert call.client.delete("/v1/openapi.json").headers["allow"]
