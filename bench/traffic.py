"""Messages to send: derived from fixtures by their numbers, each with a client and an allocation of its own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Final

from iwmo_gateway.gateway.access import Caller, create_token
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Refused, receive
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole

VOORAF: Final = Path(__file__).parents[1] / "fixtures" / "vooraf"
GEMEENTEN: Final = ("0384", "0340", "0363", "0518")
AANBIEDERS: Final = tuple(f"424200{number:02}" for number in range(1, 17))
RECEIVED_AT: Final = datetime.combine(date(2023, 2, 8), datetime.min.time(), AMSTERDAM)


def passes(bsn: int) -> bool:
    """The 11-check of a Bsn."""
    digits = [int(digit) for digit in f"{bsn:09}"]
    return sum(digit * weight for digit, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)) % 11 == 0


BSNS: Final = tuple(str(bsn) for bsn in range(999_900_000, 1_000_000_000) if passes(bsn))
"""Every Bsn of the range for tests that passes: some nine thousand, after which they repeat."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A 301 and the 305 that starts on its first allocation; either is accepted, the 301 first."""

    gemeente: str
    aanbieder: str
    toewijzing: bytes
    start: bytes


@dataclass
class Traffic:
    """Messages of 3.2 for one gateway, no two alike."""

    gateway: Gateway
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _tokens: dict[str, str] = field(default_factory=dict)

    def pair(self, provider: int = 0) -> Pair:
        """The next pair of messages between a provider and its municipality."""
        number = next(self._numbers)
        aanbieder, gemeente = AANBIEDERS[provider], GEMEENTEN[provider % len(GEMEENTEN)]
        values = {
            "0384": gemeente,
            "42420001": aanbieder,
            "999912008": BSNS[number % len(BSNS)],
            "V32-01": f"B1{number:08}",
            "V32-03": f"B5{number:08}",
            "700001": str(100_000_000 + 2 * number),
            "700002": str(100_000_001 + 2 * number),
        }
        return Pair(gemeente, aanbieder, _derived("toewijzing", values), _derived("start", values))

    def starts(self, providers: Iterable[int]) -> list[Pair]:
        """A pair for each of these providers, of which the 301 is in the store already."""
        pairs = [self.pair(provider) for provider in providers]
        for pair in pairs:
            self.send(pair.gemeente, pair.toewijzing)
        return pairs

    def send(self, party: str, body: bytes) -> None:
        """Have the gateway take a message without HTTP; it must be accepted."""
        taken = receive(self.gateway, self.caller(party), body, RECEIVED_AT)
        if isinstance(taken, Refused) or taken.result.message.status is not Status.ACCEPTED:
            raise SystemExit(f"A message that should be accepted is not: {taken}")

    def caller(self, party: str) -> Caller:
        """A party, calling now."""
        return Caller(TokenRole.PARTY, party, party, datetime.now(UTC))

    def token(self, party: str) -> str:
        """A token of this party."""
        if party not in self._tokens:
            self._tokens[party] = create_token(self.gateway, TokenRole.PARTY, party, "bench", datetime.now(UTC))
        return self._tokens[party]

    def request(self, pair: Pair) -> bytes:
        """The 305 of a pair as it goes over the line."""
        head = (
            "POST /v1/berichten HTTP/1.1",
            "Host: bench",
            f"Authorization: Bearer {self.token(pair.aanbieder)}",
            "Content-Type: application/xml",
            f"Content-Length: {len(pair.start)}",
            f"X-Received-At: {RECEIVED_AT.isoformat()}",
        )
        return "\r\n".join((*head, "", "")).encode() + pair.start


def _derived(fixture: str, values: dict[str, str]) -> bytes:
    text = (VOORAF / f"{fixture}-3.2.xml").read_text(encoding="utf-8")
    for old, new in values.items():
        text = text.replace(f">{old}<", f">{new}<")
    return text.encode()
