"""What waits: messages without an answer, open requests, missing starts and stops, answers that were not fetched.

Each stream is in the order of the day or moment from which its one term runs, so that it is in the order of the due
dates too: a page takes the first rows of each stream, however many wait.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
)

from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.standard.leveringen import TEMPORARY
from iwmo_gateway.standard.verzoeken import IN_INVESTIGATION, REFUSED
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import WAITS, Status
from iwmo_gateway.store.tables import (
    antwoorden,
    judgements,
    mailbox,
    messages,
    starts,
    stops,
    toewijzing_versies,
    toewijzingen,
    verzoeken,
)

GATEWAY: Final = "gateway"
"""Who has to act where no party has to."""


class Stream(StrEnum):
    """What waits by one term, counted from one day or moment."""

    BEOORDELING = "beoordeling"
    DECLARATIE_BEOORDELING = "declaratie-beoordeling"
    ANTWOORD = "antwoord"
    DECLARATIE_ANTWOORD = "declaratie-antwoord"
    VERZOEK = "verzoek"
    ONDERZOEK = "onderzoek"
    START_NA_INGANGSDATUM = "start-na-ingangsdatum"
    START_NA_ONTVANGST = "start-na-ontvangst"
    STOP = "stop"
    OPHALEN = "ophalen"
    OPHALEN_VAN_PARTIJ = "ophalen-van-partij"

    @property
    def by_day(self) -> bool:
        """Its term runs from a day that a message tells; else from a moment of receipt."""
        return self in {Stream.ONDERZOEK, Stream.START_NA_INGANGSDATUM, Stream.STOP, Stream.OPHALEN}

    @property
    def numbered(self) -> bool:
        """Its rows are known by a number; else by the id of a message."""
        return self in {
            Stream.VERZOEK, Stream.ONDERZOEK, Stream.START_NA_INGANGSDATUM, Stream.START_NA_ONTVANGST, Stream.STOP,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; everything that is given must hold. Each of `parties` must see it, `aan_zet` must act.

    `domains` are the only ones that may be seen.
    """

    parties: tuple[str, ...] = ()
    domain: str | None = None
    aan_zet: str | None = None
    domains: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in its stream."""

    since: date | datetime
    key: str | int


@dataclass(frozen=True, slots=True)
class Open:
    """One thing that waits: since when, who must act (a party or the gateway), who waits, and for which message.

    `held`: the gateway answers the message as soon as lines of it are decided on.
    """

    since: date | datetime
    key: str | int
    aan_zet: str
    wederpartij: str
    domain: str
    message: str
    soort: str
    release: str
    identificatie: str | None
    held: bool
    toewijzing_nummer: int | None
    referentie: str | None


@dataclass(frozen=True, slots=True)
class _Source:
    """The query of a stream. The one who waits sees it only where `shown` holds; who must act always does."""

    since: ColumnElement[Any]
    key: ColumnElement[Any]
    aan_zet: ColumnElement[Any]
    wederpartij: ColumnElement[Any]
    rows: Select[Any]
    shown: ColumnElement[bool]


def load(
    transaction: Transaction,
    stream: Stream,
    wanted: Wanted,
    *,
    today: date,
    first: date,
    last: date,
    after: Place | None,
    limit: int,
) -> list[Open]:
    """What waits in a stream since `first` up to and with `last`, oldest first, behind the row at `after`."""
    source = _source(stream, today, transaction.dialect.name)
    query = source.rows.where(*_between(source.since, first, last), *_asked(source, wanted))
    if after is not None:
        same = and_(source.since == after.since, source.key > after.key)
        query = query.where(or_(source.since > after.since, same))
    query = query.order_by(source.since, source.key).limit(limit)
    return [Open(*row) for row in transaction.execute(query)]


def _between(since: ColumnElement[Any], first: date, last: date) -> list[ColumnElement[bool]]:
    if isinstance(since.type, Date):
        return [since >= first, since <= last]
    # The first and the last day of the calendar have no place in another zone: nothing lies outside of them either.
    bounds = [since >= datetime.combine(first, time(), AMSTERDAM)] if first > date.min else []
    if last < date.max:
        bounds.append(since < datetime.combine(last + timedelta(days=1), time(), AMSTERDAM))
    return bounds


def _asked(source: _Source, wanted: Wanted) -> list[ColumnElement[bool]]:
    seen = [or_(source.aan_zet == party, and_(source.wederpartij == party, source.shown)) for party in wanted.parties]
    if wanted.aan_zet is not None:
        seen.append(source.aan_zet == wanted.aan_zet)
    if wanted.domain is not None:
        seen.append(source.rows.selected_columns.domain == wanted.domain)
    if wanted.domains is not None:
        seen.append(source.rows.selected_columns.domain.in_(wanted.domains))
    return seen


def _source(stream: Stream, today: date, dialect: str) -> _Source:
    match stream:
        case Stream.BEOORDELING | Stream.DECLARATIE_BEOORDELING:
            return _unjudged(claims=stream is Stream.DECLARATIE_BEOORDELING)
        case Stream.ANTWOORD | Stream.DECLARATIE_ANTWOORD:
            return _unanswered(claims=stream is Stream.DECLARATIE_ANTWOORD)
        case Stream.VERZOEK | Stream.ONDERZOEK:
            return _requests(in_investigation=stream is Stream.ONDERZOEK)
        case Stream.START_NA_INGANGSDATUM | Stream.START_NA_ONTVANGST:
            return _without_start(today, dialect, received_later=stream is Stream.START_NA_ONTVANGST)
        case Stream.STOP:
            return _without_stop(today)
        case Stream.OPHALEN | Stream.OPHALEN_VAN_PARTIJ:
            return _unfetched(own=stream is Stream.OPHALEN)


_NEWEST: Final = toewijzing_versies.alias("newest")
_CLAIMS: Final = sorted(code for code, _ in SOORTEN if code.endswith(("303", "323")))
_OTHERS: Final = sorted({soort.code for soort in SOORTEN.values() if soort.answer} - {*_CLAIMS})


def _unjudged(*, claims: bool) -> _Source:
    """Messages that have no judgement yet, and wait with us."""
    # As the index says it, which a database recognises in a literal only.
    waits = messages.c.status.in_([literal_column(f"'{status}'") for status in sorted(WAITS)])
    rows = messages.c.soort.in_(_CLAIMS if claims else _OTHERS)
    since, key, gateway = messages.c.received_at, messages.c.id, literal(GATEWAY)
    query = _rows(since, key, gateway, messages.c.afzender, messages.c.domain).where(waits, rows)
    return _Source(since, key, gateway, messages.c.afzender, query, true())


def _unanswered(*, claims: bool) -> _Source:
    """Judged messages to which nobody sent a return message.

    Where the newest judgement made one there is nothing to look for, which an index knows. What nobody but its sender
    sees is still ours to answer.
    """
    answer = messages.alias("answer")
    answered = exists().where(answer.c.answers == messages.c.id, answer.c.status != Status.INVALID)
    unsent = [status.value for status in (*WAITS, Status.REJECTED)]
    theirs = or_(messages.c.forwarded, messages.c.status.not_in(unsent))
    since, key = judgements.c.received_at, judgements.c.message
    aan_zet = case((theirs, messages.c.ontvanger), else_=GATEWAY)
    query = (
        _rows(since, key, aan_zet, messages.c.afzender, messages.c.domain)
        .join_from(
            judgements,
            messages,
            and_(messages.c.id == judgements.c.message, messages.c.judgements == judgements.c.nr),
        )
        .where(
            judgements.c.retour.is_(None),
            judgements.c.status != literal_column(f"'{Status.INVALID}'"),
            messages.c.soort.in_(_CLAIMS if claims else _OTHERS),
            messages.c.status.not_in([*(status.value for status in WAITS), Status.INVALID]),
            ~answered,
        )
    )
    return _Source(since, key, aan_zet, messages.c.afzender, query, true())


def _requests(*, in_investigation: bool) -> _Source:
    """Requests that were neither allocated nor refused; those in investigation, or all others."""
    allocated = exists().where(
        toewijzing_versies.c.aanbieder == verzoeken.c.aanbieder,
        toewijzing_versies.c.referentie_aanbieder == verzoeken.c.referentie,
        toewijzingen.c.id == toewijzing_versies.c.toewijzing,
        toewijzingen.c.domain == verzoeken.c.domain,
        toewijzingen.c.gemeente == verzoeken.c.gemeente,
    )

    def told(answer: str) -> ColumnElement[bool]:
        names = ("domain", "gemeente", "aanbieder", "referentie")
        return exists().where(
            *(antwoorden.c[name] == verzoeken.c[name] for name in names), antwoorden.c.antwoord == answer
        )

    looked_into = told(IN_INVESTIGATION)
    since = messages.c.dagtekening if in_investigation else messages.c.received_at
    query = (
        _rows(
            since,
            verzoeken.c.id,
            verzoeken.c.gemeente,
            verzoeken.c.aanbieder,
            verzoeken.c.domain,
            referentie=verzoeken.c.referentie,
        )
        .join_from(verzoeken, messages, messages.c.id == verzoeken.c.message)
        .where(~allocated, ~told(REFUSED), looked_into if in_investigation else ~looked_into)
    )
    return _Source(since, verzoeken.c.id, verzoeken.c.gemeente, verzoeken.c.aanbieder, query, true())


def _without_start(today: date, dialect: str, *, received_later: bool) -> _Source:
    """Allocations that hold today and on which no start counts; those that came before they began, or only afterwards.

    The day of receipt in Europe/Amsterdam is the day in UTC or the next one. An Ingangsdatum after the day in UTC is
    not before it; any other is not after it.
    """
    first, receipt = toewijzing_versies.alias("first"), messages.alias("receipt")
    if dialect == "sqlite":
        day: ColumnElement[date] = func.date(receipt.c.received_at, type_=Date)
    else:
        day = cast(func.timezone("UTC", receipt.c.received_at, type_=DateTime), Date)
    came_before = _NEWEST.c.ingangsdatum > day
    since = receipt.c.received_at if received_later else _NEWEST.c.ingangsdatum
    key, gemeente, aanbieder = toewijzingen.c.id, toewijzingen.c.gemeente, _NEWEST.c.aanbieder
    query = (
        _about_allocation(since, key)
        .join(messages, messages.c.id == _NEWEST.c.message)
        .join(first, and_(first.c.toewijzing == _NEWEST.c.toewijzing, first.c.nr == 1))
        .join(receipt, receipt.c.id == first.c.message)
        .where(
            _NEWEST.c.ingangsdatum <= today,
            or_(_NEWEST.c.einddatum.is_(None), _NEWEST.c.einddatum >= today),
            ~_taken_back("01", "13"),
            ~came_before if received_later else came_before,
            ~exists().where(*_delivers(starts)),
        )
    )
    return _Source(since, key, aanbieder, gemeente, query, true())


def _without_stop(today: date) -> _Source:
    """Deliveries that go on, or were stopped for a while and not started again, though their allocation has ended.

    On an allocation that was removed nothing can be stopped: a 307 that names it is refused (TR019).
    """
    stop, later_stop, later_start = stops.alias("stop"), stops.alias("later_stop"), starts.alias("later_start")
    overtaken = exists().where(
        *(later_stop.c[name] == stop.c[name] for name in (*_DELIVERY, "begindatum")),
        later_stop.c.deleted_by.is_(None),
        or_(
            later_stop.c.einddatum > stop.c.einddatum,
            and_(later_stop.c.einddatum == stop.c.einddatum, later_stop.c.id > stop.c.id),
        ),
    )
    of_it = (*_delivers(stop), stop.c.begindatum == starts.c.begindatum)
    for_good = exists().where(*of_it, stop.c.reden != TEMPORARY, ~overtaken)
    started_again = exists().where(*of_it, *_delivers(later_start), later_start.c.begindatum > starts.c.begindatum)
    since, key, gemeente, aanbieder = _NEWEST.c.einddatum, starts.c.id, toewijzingen.c.gemeente, _NEWEST.c.aanbieder
    query = (
        _about_allocation(since, key)
        .join(starts, and_(*_delivers(starts)))
        .join(messages, messages.c.id == starts.c.message)
        .where(_NEWEST.c.einddatum < today, ~_taken_back("13"), ~for_good, ~started_again)
    )
    return _Source(since, key, aanbieder, gemeente, query, true())


def _unfetched(*, own: bool) -> _Source:
    """Return messages that their addressee has not read: ours by the day that they carry, a party's by their receipt.

    The return message to a rejected message is not seen by the party in whose name it was made.
    """
    since = messages.c.dagtekening if own else messages.c.received_at
    query = (
        _rows(since, messages.c.id, mailbox.c.party, messages.c.afzender, messages.c.domain)
        .join_from(mailbox, messages, messages.c.id == mailbox.c.message)
        .where(
            *(mailbox.c[name].is_(None) for name in ("fetched_at", "acknowledged_at", "withdrawn_at")),
            messages.c.answers.is_not(None),
            messages.c.own if own else ~messages.c.own,
        )
    )
    shown = messages.c.forwarded if own else true()
    return _Source(since, messages.c.id, mailbox.c.party, messages.c.afzender, query, shown)


def _about_allocation(since: ColumnElement[Any], key: ColumnElement[Any]) -> Select[Any]:
    """Rows about allocations and their newest versions; of two that were made at one moment the first that came."""
    newer = toewijzing_versies.alias("newer")
    tied = and_(newer.c.toewijzingstijd == _NEWEST.c.toewijzingstijd, newer.c.nr < _NEWEST.c.nr)
    later = and_(
        newer.c.toewijzingsdatum == _NEWEST.c.toewijzingsdatum,
        or_(newer.c.toewijzingstijd > _NEWEST.c.toewijzingstijd, tied),
    )
    overtaken = exists().where(
        newer.c.toewijzing == _NEWEST.c.toewijzing,
        or_(newer.c.toewijzingsdatum > _NEWEST.c.toewijzingsdatum, later),
    )
    return (
        _rows(
            since,
            key,
            _NEWEST.c.aanbieder,
            toewijzingen.c.gemeente,
            toewijzingen.c.domain,
            nummer=toewijzingen.c.nummer,
            referentie=_NEWEST.c.referentie_aanbieder,
        )
        .join_from(toewijzingen, _NEWEST, _NEWEST.c.toewijzing == toewijzingen.c.id)
        .where(~overtaken)
    )


_DELIVERY: Final = ("client", "gemeente", "aanbieder", "domain", "toewijzing_nummer")


def _delivers(table: FromClause) -> list[ColumnElement[bool]]:
    """The starts or stops on the allocation that count."""
    return [
        table.c.client == _NEWEST.c.client,
        table.c.aanbieder == _NEWEST.c.aanbieder,
        table.c.gemeente == toewijzingen.c.gemeente,
        table.c.domain == toewijzingen.c.domain,
        table.c.toewijzing_nummer == toewijzingen.c.nummer,
        table.c.deleted_by.is_(None),
    ]


def _taken_back(*reasons: str) -> ColumnElement[bool]:
    """The newest version takes the allocation back by one of these RedenWijziging."""
    return and_(
        func.coalesce(_NEWEST.c.reden_wijziging, "").in_(reasons),
        _NEWEST.c.einddatum.is_not(None),
        _NEWEST.c.einddatum == _NEWEST.c.ingangsdatum,
    )


def _rows(
    since: ColumnElement[Any],
    key: ColumnElement[Any],
    aan_zet: ColumnElement[Any],
    wederpartij: ColumnElement[Any],
    domain: ColumnElement[Any],
    *,
    nummer: ColumnElement[Any] | None = None,
    referentie: ColumnElement[Any] | None = None,
) -> Select[Any]:
    """The columns of `Open`, with what the message tells of itself."""
    return select(
        since,
        key,
        aan_zet,
        wederpartij,
        domain.label("domain"),
        *(messages.c[name] for name in ("id", "soort", "release", "identificatie")),
        and_(messages.c.status == Status.IN_REVIEW, ~messages.c.forwarded),
        null() if nummer is None else nummer,
        null() if referentie is None else referentie,
    )
