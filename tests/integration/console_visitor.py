"""Somebody who signed in to the console with a token, without a browser: pages as text, forms with their key."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from fastapi.testclient import TestClient
from httpx2 import Response
from lxml import html

from tests.conftest import Callers

Values = Mapping[str, str | Sequence[str]]


class Visitor:
    """Follows nothing by itself."""

    def __init__(self, call: Callers, who: str) -> None:
        self.client = TestClient(call.client.app, raise_server_exceptions=False, follow_redirects=False)
        token = call.headers(who)["Authorization"].removeprefix("Bearer ")
        assert self.client.post("/console/aanmelden", data={"token": token, "naar": ""}).status_code == 303
        self.key = fields(self.client.get("/console/"))["form_key"]

    def get(self, path: str, **asked: str | Sequence[str]) -> Response:
        return self.client.get(f"/console{path}{f'?{urlencode(asked, doseq=True)}' if asked else ''}")

    def post(self, path: str, values: Values) -> Response:
        return self.client.post(f"/console{path}", data={"form_key": self.key, **values})

    def followed(self, answer: Response) -> Response:
        """The page that a form led to."""
        assert answer.status_code == 303, answer.text
        return self.client.get(answer.headers["location"])


def text_of(answer: Response) -> str:
    """What a page says, its white space as one sees it."""
    return re.sub(r"\s+", " ", " ".join(html.fromstring(answer.text).itertext()))


def fields(answer: Response, action: str = "") -> dict[str, str]:
    """The fields that forms of a page already hold, those of the forms that are sent there."""
    page = html.fromstring(answer.text)
    forms = [form for form in page.forms if (form.action or "").endswith(action)]
    return {name: value for form in forms for name, value in form.form_values()}
