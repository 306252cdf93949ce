"""Pages of the console about a claim that is large and one that is small, on PostgreSQL, as a browser gets them.

Both claims have lines that are refused, a tenth of the large one. The server runs in this process, without a socket.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from fastapi.testclient import TestClient

from bench.goals import Row, by_turns, timed
from bench.large import keep
from bench.lines import Provider, load_contract
from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.app import create_app
from iwmo_gateway.web.session import CONSOLE

_LOOKS: Final = 10


def measure(gateway: Gateway, *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """Each page of the large claim and of the small one, by turns."""
    load_contract(gateway)
    small, large = Provider(1, 1, months=1), Provider(0, 30 if quick else 3_000)
    for one in (small, large):
        told(f"pages: a claim of {one.lines} lines")
        one.allocate(gateway)
    messages = [_judged(gateway, one) for one in (small, large)]
    token = create_token(gateway, TokenRole.OPERATOR, None, "bench", datetime.now(UTC))
    told("pages")
    with TestClient(create_app(gateway)) as browser:
        browser.post(f"{CONSOLE}/aanmelden", data={"token": token})
        for what in messages[0]:
            urls = [f"{CONSOLE}/berichten/{paths[what]}" for paths in messages]
            ours, theirs = (partial(_looked, browser, url) for url in reversed(urls))
            pairs = by_turns(2 if quick else 7, ours, theirs)
            title = f"the page of {what}: a claim of {large.lines:,} lines against one of {small.lines}, ms"
            # What is in a message is another page, which parses the whole of it for each part.
            yield Row.of_pairs(title, pairs, at_most=3 if what == "a message" else None, scale=1e3)


def _judged(gateway: Gateway, provider: Provider) -> dict[str, str]:
    """The paths of the pages of a claim, by what they show."""
    keep(gateway, provider, provider.claim(0, refused=True))
    result = judge_next(gateway, datetime.now(UTC))
    assert result is not None
    assert result.findings
    assert result.judgement is not None
    message, retour = result.message.id, result.judgement.retour
    return {"a message": message, "its content": f"{message}/inhoud", "its return message": f"{retour}/inhoud"}


def _looked(browser: TestClient, url: str) -> float:
    def look() -> None:
        for _ in range(_LOOKS):
            answer = browser.get(url)
            if answer.status_code != 200:
                raise SystemExit(f"{url} answers {answer.status_code}")

    return timed(look) / _LOOKS
