"""The state of every request, with the messages that made it so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, CompoundSelect, and_, case, exists, literal, select, union_all

from iwmo_gateway.standard.verzoeken import IN_INVESTIGATION, REFUSED
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.states import (
    ALLE,
    Condition,
    Key,
    Source,
    Wanted,
    behind,
    changed_since,
    equal,
    links_of,
    of_parties,
    sources,
)
from iwmo_gateway.store.tables import antwoorden, messages, toewijzing_versies, toewijzingen, verzoeken

VerzoekStaat = Literal["open", "in_onderzoek", "toegewezen", "afgewezen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedVerzoeken(Wanted):
    """What may be asked of requests."""

    soort: str | None = None
    referentie_aanbieder: str | None = None
    staat: str = ALLE


@dataclass(frozen=True, slots=True)
class VerzoekFeit:
    """A request. `toewijzing_nummers` are those of the allocations that carry its reference."""

    key: Key
    domein: str
    gemeente: str
    aanbieder: str
    referentie_aanbieder: str
    soort: str
    dagtekening: date | None
    staat: VerzoekStaat
    toewijzing_nummers: tuple[int, ...]
    berichten: tuple[Source, ...]


_OF_REQUEST: Final = (
    toewijzing_versies.c.aanbieder == verzoeken.c.aanbieder,
    toewijzing_versies.c.referentie_aanbieder == verzoeken.c.referentie,
    toewijzingen.c.id == toewijzing_versies.c.toewijzing,
    toewijzingen.c.domain == verzoeken.c.domain,
    toewijzingen.c.gemeente == verzoeken.c.gemeente,
)
_ANSWERS: Final = tuple(
    antwoorden.c[name] == verzoeken.c[name] for name in ("domain", "gemeente", "aanbieder", "referentie")
)
_ALLOCATED: Final = exists().where(*_OF_REQUEST).correlate(verzoeken)
_ANSWERED: Final = exists().where(*_ANSWERS).correlate(verzoeken)
_REFUSED: Final = exists().where(*_ANSWERS, antwoorden.c.antwoord == REFUSED).correlate(verzoeken)
_INVESTIGATED: Final = exists().where(*_ANSWERS, antwoorden.c.antwoord == IN_INVESTIGATION).correlate(verzoeken)
# What a municipality allocated after all is allocated, and stays so when the allocation is removed.
_VERZOEK_IS: Final[Mapping[str, ColumnElement[bool]]] = {
    "toegewezen": _ALLOCATED,
    "afgewezen": and_(_REFUSED, ~_ALLOCATED),
    "in_onderzoek": and_(_INVESTIGATED, ~_REFUSED, ~_ALLOCATED),
    "open": and_(~_ANSWERED, ~_ALLOCATED),
}
_VERZOEKEN: Final = (
    select(
        verzoeken.c.id,
        *(verzoeken.c[name] for name in ("domain", "gemeente", "aanbieder", "referentie")),
        messages.c.soort,
        messages.c.dagtekening,
        case((_ALLOCATED, "toegewezen"), (_REFUSED, "afgewezen"), (_INVESTIGATED, "in_onderzoek"), else_="open"),
    )
    .join_from(verzoeken, messages, messages.c.id == verzoeken.c.message)
    .order_by(verzoeken.c.id)
)
_SETTLES: Final[Mapping[str, str]] = {
    "open": "verzoek",
    "in_onderzoek": "in_onderzoek",
    "toegewezen": "toewijzing",
    "afgewezen": "afwijzing",
}
"""What the message did that a state of a request follows from."""


def _requests_and_answers(condition: Condition) -> CompoundSelect[Any]:
    fact = verzoeken.c.id.label("fact")
    answered = case((antwoorden.c.antwoord == REFUSED, "afwijzing"), else_="in_onderzoek").label("rol")
    allocated = toewijzing_versies.c.message
    return union_all(
        select(fact, verzoeken.c.id.label("row"), verzoeken.c.message, literal("verzoek").label("rol")).where(
            condition(verzoeken.c.id, verzoeken.c.message)
        ),
        select(fact, antwoorden.c.id, antwoorden.c.message, answered).where(
            *_ANSWERS, condition(verzoeken.c.id, antwoorden.c.message)
        ),
        select(fact, toewijzingen.c.nummer, allocated, literal("toewijzing")).where(
            *_OF_REQUEST, condition(verzoeken.c.id, allocated)
        ),
    )


def read_verzoeken(
    transaction: Transaction, wanted: WantedVerzoeken, *, after: Key | None, limit: int
) -> list[VerzoekFeit]:
    """Requests that match, in the order in which they came, those behind the key `after`."""
    conditions = of_parties(wanted, verzoeken.c)
    conditions += equal(verzoeken.c, {"referentie": wanted.referentie_aanbieder})
    conditions += equal(messages.c, {"soort": wanted.soort})
    if wanted.staat != ALLE:
        conditions.append(_VERZOEK_IS[wanted.staat])
    if wanted.gewijzigd_sinds is not None:
        conditions.append(verzoeken.c.id.in_(changed_since(_requests_and_answers, wanted.gewijzigd_sinds)))
    conditions += behind(after, verzoeken.c.id)
    rows = transaction.execute(_VERZOEKEN.where(*conditions).limit(limit)).all()
    made = links_of(transaction, _requests_and_answers, [row[0] for row in rows], wanted.seen_by)
    found = []
    for identity, *said, staat in rows:
        own = made.get((identity,), [])
        nummers = tuple(sorted({one.row for one in own if one.source.rol == "toewijzing"}))
        told = (*said, staat, nummers, sources(own, _SETTLES[staat]))
        found.append(VerzoekFeit((identity,), *told))
    return found
