"""What waits, by when it must be done, and who must do it: the overdue first, for one party or for all."""

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from iwmo_gateway.contract import terms
from iwmo_gateway.contract.terms import Term, working_days_between
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway, is_id
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import SOORTEN, Domain
from iwmo_gateway.store import openstaand
from iwmo_gateway.store.openstaand import GATEWAY, Open, Place, Stream, Wanted

_DAY: Final = timedelta(days=1)
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


class Zaak(StrEnum):
    """What there is to wait for."""

    ANTWOORD = "antwoord"
    VERZOEK = "verzoek"
    START = "start"
    STOP = "stop"
    OPHALEN = "ophalen"


# In this order on one day.
_STREAMS: Final[dict[Stream, tuple[Zaak, Term]]] = {
    Stream.BEOORDELING: (Zaak.ANTWOORD, terms.RETURN),
    Stream.ANTWOORD: (Zaak.ANTWOORD, terms.RETURN),
    Stream.DECLARATIE_BEOORDELING: (Zaak.ANTWOORD, terms.CLAIM),
    Stream.DECLARATIE_ANTWOORD: (Zaak.ANTWOORD, terms.CLAIM),
    Stream.VERZOEK: (Zaak.VERZOEK, terms.REQUEST),
    Stream.ONDERZOEK: (Zaak.VERZOEK, terms.INVESTIGATION),
    Stream.START_NA_INGANGSDATUM: (Zaak.START, terms.START),
    Stream.START_NA_ONTVANGST: (Zaak.START, terms.START),
    Stream.STOP: (Zaak.STOP, terms.STOP),
    Stream.OPHALEN: (Zaak.OPHALEN, terms.FETCH),
    Stream.OPHALEN_VAN_PARTIJ: (Zaak.OPHALEN, terms.FETCH),
}
_RANKS: Final = {stream: rank for rank, stream in enumerate(_STREAMS)}


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the whole list: that of one entry."""

    stream: Stream
    place: Place

    @property
    def uiterlijk(self) -> date:
        """The due date of that entry."""
        return _STREAMS[self.stream][1].due(_day(self.place.since))

    def __str__(self) -> str:
        return f"{self.stream}_{self.place.since.isoformat()}_{self.place.key}"


def position_of(text: str) -> Position:
    """The position that was written as this text. Raises ValueError for any other text."""
    name, since, key = text.split("_")
    stream = Stream(name)
    if not (_NUMBER.fullmatch(key) if stream.numbered else is_id(key)):
        raise ValueError("no key")
    if stream.by_day:
        return Position(stream, Place(date.fromisoformat(since), int(key) if stream.numbered else key))
    moment = datetime.fromisoformat(since)
    if moment.tzinfo is None or not 1 < moment.year < date.max.year:
        raise ValueError("no moment")
    return Position(stream, Place(moment.astimezone(UTC), int(key) if stream.numbered else key))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; everything that is given must hold."""

    soort: Zaak | None = None
    partij: str | None = None
    aan_zet: str | None = None
    domein: Domain | None = None
    te_laat: bool | None = None


@dataclass(frozen=True, slots=True)
class Openstaand:
    """One thing that waits. `werkdagen_over` counts from the day of the report, below zero what it is late."""

    soort: Zaak
    wat: str
    aan_zet: str
    wederpartij: str
    domein: str
    bericht: str
    berichtsoort: str
    identificatie: str | None
    toewijzing_nummer: int | None
    referentie_aanbieder: str | None
    sinds: date
    termijn: str
    uiterlijk: date
    te_laat: bool
    werkdagen_over: int


def waiting(
    gateway: Gateway, caller: Caller, asked: Asked, today: date, *, after: Position | None, limit: int
) -> tuple[list[Openstaand], Position | None]:
    """What waited at `today` and the caller may see, the longest overdue first; and where the next page begins.

    A party sees what it has to do and what it waits for.
    """
    parties = tuple(party for party in (caller.party, asked.partij) if party is not None)
    wanted = Wanted(parties, asked.domein, asked.aan_zet, caller.limited_to)
    found: list[list[tuple[date, int, Stream, Open]]] = []
    with gateway.database.reading() as transaction:
        for stream, (soort, term) in _STREAMS.items():
            first, last = _bounds(stream, term, asked.te_laat, today, after)
            if first > last or asked.soort not in {None, soort}:
                continue
            rows = openstaand.load(
                transaction,
                stream,
                wanted,
                today=today,
                first=first,
                last=last,
                after=after.place if after is not None and after.stream is stream else None,
                limit=limit + 1,
            )
            found.append([(term.due(_day(row.since)), _RANKS[stream], stream, row) for row in rows])
    merged = heapq.merge(*found, key=lambda each: each[:2])
    page = list(islice(merged, limit + 1))
    following = None
    if len(page) > limit:
        *_, stream, row = page[limit - 1]
        following = Position(stream, Place(row.since, row.key))
    return [_told(stream, row, today) for *_, stream, row in page[:limit]], following


def _bounds(stream: Stream, term: Term, te_laat: bool | None, today: date, after: Position | None) -> tuple[date, date]:
    """The first and last day from which a term can run for an entry of this page or a later one."""
    overdue = term.latest(_previous(today))
    last = min(today, overdue) if te_laat else today
    begins = [_next(overdue)] if te_laat is False else []
    if after is not None and after.stream is not stream:
        # Of what is due on the same day, a stream before that of the last entry was told already.
        told = after.uiterlijk if _RANKS[stream] < _RANKS[after.stream] else _previous(after.uiterlijk)
        begins.append(_next(term.latest(told)))
    return max(begins, default=date.min), last


def _told(stream: Stream, row: Open, today: date) -> Openstaand:
    soort, term = _STREAMS[stream]
    sinds = _day(row.since)
    uiterlijk = term.due(sinds)
    return Openstaand(
        soort=soort,
        wat=_wat(soort, row),
        aan_zet=row.aan_zet,
        wederpartij=row.wederpartij,
        domein=row.domain,
        bericht=row.message,
        berichtsoort=row.soort,
        identificatie=row.identificatie,
        toewijzing_nummer=row.toewijzing_nummer,
        referentie_aanbieder=row.referentie,
        sinds=sinds,
        termijn=term.tekst,
        uiterlijk=uiterlijk,
        te_laat=uiterlijk < today,
        werkdagen_over=working_days_between(today, uiterlijk),
    )


def _wat(soort: Zaak, row: Open) -> str:
    """What there is to do, in Dutch."""
    prefix = row.domain.upper()
    match soort:
        case Zaak.ANTWOORD if row.held:
            return "besluiten over de aangehouden regels"
        case Zaak.ANTWOORD:
            answer = SOORTEN[row.soort, row.release].answer
            return f"beoordelen, en {answer} maken" if row.aan_zet == GATEWAY else f"{answer} sturen"
        case Zaak.VERZOEK:
            kinds: Iterable[str] = (f"{prefix}301", f"{prefix}319")
            return " of ".join(kind for kind in kinds if (kind, row.release) in SOORTEN) + " sturen"
        case Zaak.START:
            return f"{prefix}305 sturen"
        case Zaak.STOP:
            return f"{prefix}307 sturen"
        case Zaak.OPHALEN:
            return f"{row.soort} ophalen"


def _day(since: date | datetime) -> date:
    return day_of(since) if isinstance(since, datetime) else since


def _next(day: date) -> date:
    return day + _DAY if day < date.max else day


def _previous(day: date) -> date:
    return day - _DAY if day > date.min else day
