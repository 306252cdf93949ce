"""The messages that the tests over HTTP send, made from two fixtures by replacing values; and what a gateway holds.

The first allocation and start fit together: the start is accepted behind the allocation and refused (9019) before it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select, union

from iwmo_gateway.standard.xml import Document, read
from iwmo_gateway.store.tables import starts, toewijzing_versies, toewijzingen
from iwmo_gateway.web.app import create_app
from tests.cases import FIXTURES, noon
from tests.conftest import Callers

GEMEENTE = "0384"
AANBIEDER = "42420001"
ANDERE_GEMEENTE = "0340"
ANDERE_AANBIEDER = "65656055"

BSN = "999912008"
OTHER_BSN = "999900006"
WRONG_BSN = "999912009"
PERSONAL = (BSN, OTHER_BSN, WRONG_BSN, "Proefstra", "Fenna", "1951-04-17")
"""What a message says of a person: none of it may be seen outside of a message."""

LATER = noon(date(2099, 1, 1))
"""A moment at which every lease has run out."""

Json = dict[str, Any]


def allocation(identificatie: str = "TOEWIJZING01", nummer: int = 700001, other: int = 700002, **values: str) -> bytes:
    """A 301 of the municipality with two allocations: `nummer` of what the starts deliver, and another product."""
    text = (FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_text(encoding="utf-8")
    text = text.replace(">700002<", f">{other}<").replace(">700001<", f">{nummer}<")
    return with_values(text, {"Identificatie": identificatie} | values)


def start(identificatie: str = "START01", nummer: int = 700001, **values: str) -> bytes:
    """A 305 of the provider: care began on the allocation `nummer`."""
    text = (FIXTURES / "vooraf" / "start-3.2.xml").read_text(encoding="utf-8")
    return with_values(text, {"Identificatie": identificatie, "ToewijzingNummer": str(nummer)} | values)


def lone_start(identificatie: str = "START01", **values: str) -> bytes:
    """A 305 for task-oriented care, which needs no allocation: accepted by itself."""
    text = (FIXTURES / "vooraf" / "start-taakgericht-3.2.xml").read_text(encoding="utf-8")
    return with_values(text, {"Identificatie": identificatie} | values)


def crowded_start(products: int, **values: str) -> bytes:
    """A 305 with so many StartProducts, on allocations that do not exist, with these values in each."""
    before, product, after = re.split(
        r"(\s*<wmo305:StartProduct>.*</wmo305:StartProduct>)", start(**values).decode(), flags=re.S
    )
    numbered = (with_values(product, {"ToewijzingNummer": str(790001 + nr)}).decode() for nr in range(products))
    return "".join((before, *numbered, after)).encode()


def no_kind(number: str) -> bytes:
    """A start under the name of a kind that release 3.2 does not have."""
    return lone_start().replace(b"wmo305", f"wmo{number}".encode())


def hardly(name: str) -> bytes:
    """One of the fixtures that are hardly a message."""
    return (FIXTURES / "niet-xml" / f"{name}.xml").read_bytes()


def with_values(text: str, values: dict[str, str]) -> bytes:
    """The message with other text in every element of these local names."""
    for name, value in values.items():
        text, found = re.subn(rf"(<(?:\w+:)?{name}>)[^<]*(</)", rf"\g<1>{value}\g<2>", text)
        assert found, f"there is no {name} in the message"
    return text.encode()


def document_of(body: bytes) -> Document:
    """The message as it is read."""
    document = read(body)
    assert isinstance(document, Document)
    return document


def codes_of(body: bytes) -> dict[str, list[str]]:
    """The return codes of a return message, by the local name of the class in which they stand."""
    found: dict[str, list[str]] = {}
    for element in document_of(body).root.iter("{*}RetourCode"):
        holder = element.getparent()
        klasse = holder.getparent() if holder is not None else None
        assert klasse is not None
        found.setdefault(str(klasse.tag).rpartition("}")[2], []).append(element.text or "")
    return found


def day(text: str) -> datetime:
    """Noon in Amsterdam of a day, as 2023-03-01."""
    return noon(date.fromisoformat(text))


def everything(call: Callers, who: str = "operator", query: str = "") -> list[Json]:
    """All messages that someone sees, newest first, page by page."""
    found: list[Json] = []
    path: str | None = f"/v1/berichten?{query}"
    while path is not None:
        page = call.get(who, path).json()
        found += page["berichten"]
        path = page["links"]["next"]
    return found


def mailbox(call: Callers, party: str) -> list[Json]:
    """What waits for a party."""
    waits: list[Json] = call.get(party, "/v1/mailbox").json()["berichten"]
    return waits


def made_by(call: Callers, nummer: int = 700001) -> list[str]:
    """The messages that left a fact about an allocation."""
    versions = (
        select(toewijzing_versies.c.message)
        .join_from(toewijzing_versies, toewijzingen)
        .where(toewijzingen.c.nummer == nummer)
    )
    started = select(starts.c.message).where(starts.c.toewijzing_nummer == nummer, starts.c.deleted_by.is_(None))
    with call.gateway.database.reading() as transaction:
        return sorted(transaction.scalars(union(versions, started)), reverse=True)


@dataclass(frozen=True)
class Standing:
    """What a gateway holds that somebody could see."""

    berichten: tuple[tuple[str, str, int], ...]
    mailboxes: tuple[tuple[str, int, str], ...]
    facts: tuple[str, ...]


def standing(call: Callers) -> Standing:
    """What the gateway holds now."""
    return Standing(
        berichten=tuple((found["id"], found["status"], found["oordelen"]) for found in everything(call)),
        mailboxes=tuple(
            (party, entry["nr"], entry["id"]) for party in (GEMEENTE, AANBIEDER) for entry in mailbox(call, party)
        ),
        facts=tuple(made_by(call)),
    )


@contextmanager
def served(call: Callers, **changes: object) -> Iterator[Callers]:
    """Callers of a second gateway on the same database, with some settings of its own."""
    gateway = replace(call.gateway, settings=call.gateway.settings.model_copy(update=changes))
    with TestClient(create_app(gateway), raise_server_exceptions=False) as client:
        yield Callers(gateway, client)


def test_the_start_is_accepted_behind_its_allocation(call: Callers) -> None:
    assert call.send(GEMEENTE, allocation()).json()["status"] == "accepted"
    assert call.send(AANBIEDER, start()).json()["status"] == "accepted"
    assert call.send(AANBIEDER, lone_start("START02")).json()["status"] == "accepted"
