"""The state of every allocation and delivery, with the messages that made it so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from iwmo_gateway.standard.leveringen import TEMPORARY
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
from iwmo_gateway.store.tables import starts, stops, toewijzing_versies, toewijzingen

ToewijzingStaat = Literal["geldig", "vervallen"]
LeveringStaat = Literal["gestart", "tijdelijk_gestopt", "gestopt", "verwijderd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedToewijzingen(Wanted):
    """What may be asked of allocations."""

    toewijzing_nummer: int | None = None
    product_categorie: str | None = None
    product_code: str | None = None
    referentie_aanbieder: str | None = None
    geldig_op: date | None = None
    staat: str = "geldig"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLeveringen(Wanted):
    """What may be asked of deliveries. Without `staat` all but the deleted ones."""

    toewijzing_nummer: int | None = None
    product_categorie: str | None = None
    product_code: str | None = None
    begonnen_vanaf: date | None = None
    begonnen_tot_en_met: date | None = None
    staat: str | None = None


@dataclass(frozen=True, slots=True)
class ToewijzingFeit:
    """An allocation as its newest version has it. `budget` in euro cents."""

    key: Key
    domein: str
    gemeente: str
    aanbieder: str
    toewijzing_nummer: int
    categorie: str | None
    code: str | None
    toewijzingsdatum: date
    toewijzingstijd: time
    ingangsdatum: date
    einddatum: date | None
    volume: int | None
    eenheid: str | None
    frequentie: str | None
    budget: int | None
    reden_wijziging: str | None
    referentie_aanbieder: str | None
    staat: ToewijzingStaat
    versies: int
    berichten: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class LeveringFeit:
    """A delivery. `einddatum` and `reden_beeindiging` are those of its newest stop that counts."""

    key: Key
    domein: str
    gemeente: str
    aanbieder: str
    toewijzing_nummer: int | None
    categorie: str | None
    code: str | None
    begindatum: date
    staat: LeveringStaat
    einddatum: date | None
    reden_beeindiging: str | None
    berichten: tuple[Source, ...]


# Allocations.

_newest: Final = toewijzing_versies.alias("newest_version")
_version: Final = toewijzing_versies.alias("version")
_BY_NEWEST: Final = (_version.c.toewijzingsdatum.desc(), _version.c.toewijzingstijd.desc(), _version.c.nr)
# A number that is free again may go to another client or provider: that is another allocation.
_OF_ALLOCATION: Final = tuple(_version.c[name] == _newest.c[name] for name in ("toewijzing", "aanbieder", "client"))
_FIRST_NR: Final = select(func.min(_version.c.nr)).where(*_OF_ALLOCATION).correlate(_newest).scalar_subquery()
_NEWEST_NR: Final = (
    select(_version.c.nr).where(*_OF_ALLOCATION).order_by(*_BY_NEWEST).limit(1).correlate(_newest).scalar_subquery()
)
_NEWEST_OF_NUMBER: Final = (
    select(_version.c.nr)
    .where(_version.c.toewijzing == _newest.c.toewijzing)
    .order_by(*_BY_NEWEST)
    .limit(1)
    .correlate(_newest)
    .scalar_subquery()
)
# Most have one version, and need no look at others.
_ALONE: Final = toewijzingen.c.versions == 1
_LAPSED: Final = and_(_newest.c.reden_wijziging.in_(("01", "13")), _newest.c.einddatum == _newest.c.ingangsdatum)
_SUPERSEDED: Final = and_(toewijzingen.c.versions > 1, _newest.c.nr != _NEWEST_OF_NUMBER)
_TOEWIJZING_IS: Final[Mapping[str, ColumnElement[bool]]] = {
    "geldig": and_(_LAPSED.is_not(True), or_(_ALONE, _newest.c.nr == _NEWEST_OF_NUMBER)),
    "vervallen": or_(_LAPSED, _SUPERSEDED),
}
_TOEWIJZINGEN: Final = (
    select(
        toewijzingen.c.id,
        _FIRST_NR,
        _newest.c.nr,
        _newest.c.client,
        toewijzingen.c.domain,
        toewijzingen.c.gemeente,
        _newest.c.aanbieder,
        toewijzingen.c.nummer,
        *(
            _newest.c[name]
            for name in (
                "categorie", "code", "toewijzingsdatum", "toewijzingstijd", "ingangsdatum", "einddatum",
                "volume", "eenheid", "frequentie", "budget", "reden_wijziging", "referentie_aanbieder",
            )
        ),
        case((_TOEWIJZING_IS["vervallen"], "vervallen"), else_="geldig"),
    )
    .join_from(toewijzingen, _newest, _newest.c.toewijzing == toewijzingen.c.id)
    .where(or_(_ALONE, _newest.c.nr == _NEWEST_NR))
    .order_by(toewijzingen.c.id, _FIRST_NR)
)  # fmt: skip


def _versions(condition: Condition) -> Select[Any]:
    version = toewijzing_versies
    return select(
        version.c.toewijzing.label("fact"),
        *(version.c[name] for name in ("aanbieder", "client", "toewijzingsdatum", "toewijzingstijd", "message")),
        version.c.nr.label("row"),
        literal("versie").label("rol"),
    ).where(condition(version.c.toewijzing, version.c.message))


def read_toewijzingen(
    transaction: Transaction, wanted: WantedToewijzingen, *, after: Key | None, limit: int
) -> list[ToewijzingFeit]:
    """Allocations that match, in the order in which they first came, those behind the key `after`."""
    columns = {"gemeente": toewijzingen.c.gemeente, "domain": toewijzingen.c.domain, "aanbieder": _newest.c.aanbieder}
    asked = {
        "categorie": wanted.product_categorie,
        "code": wanted.product_code,
        "referentie_aanbieder": wanted.referentie_aanbieder,
    }
    conditions = [*of_parties(wanted, columns), *equal(_newest.c, asked)]
    if wanted.toewijzing_nummer is not None:
        conditions.append(toewijzingen.c.nummer == wanted.toewijzing_nummer)
    if wanted.geldig_op is not None:
        conditions.append(_newest.c.ingangsdatum <= wanted.geldig_op)
        conditions.append(or_(_newest.c.einddatum.is_(None), _newest.c.einddatum >= wanted.geldig_op))
    if wanted.staat != ALLE:
        conditions.append(_TOEWIJZING_IS[wanted.staat])
    if wanted.gewijzigd_sinds is not None:
        conditions.append(toewijzingen.c.id.in_(changed_since(_versions, wanted.gewijzigd_sinds)))
    conditions += behind(after, toewijzingen.c.id, _FIRST_NR)
    # Said of both tables: an index on either then begins where the page does.
    conditions += behind(after, _newest.c.toewijzing, _FIRST_NR)
    rows = transaction.execute(_TOEWIJZINGEN.where(*conditions).limit(limit)).all()
    made = links_of(
        transaction,
        _versions,
        {row[0] for row in rows},
        wanted.seen_by,
        by=("fact", "aanbieder", "client"),
        newest=("toewijzingsdatum", "toewijzingstijd"),
    )
    found = []
    for number, nr, newest, client, domein, gemeente, aanbieder, *said in rows:
        own = made.get((number, aanbieder, client), [])
        berichten = sources(own, "versie", newest)
        told = (domein, gemeente, aanbieder, *said, len(own), berichten)
        found.append(ToewijzingFeit((number, nr), *told))
    return found


# Deliveries.

_start: Final = starts.alias("this_start")
_a_start: Final = starts.alias("a_start")
_a_stop: Final = stops.alias("a_stop")
_newest_stop: Final = stops.alias("newest_stop")


def _same_delivery(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Levering.subject and Begindatum, of one client: the allocation by its number, or without one the product."""
    return and_(
        *(one.c[name] == other.c[name] for name in ("client", "gemeente", "aanbieder", "domain", "begindatum")),
        or_(
            one.c.toewijzing_nummer == other.c.toewijzing_nummer,
            and_(
                one.c.toewijzing_nummer.is_(None),
                other.c.toewijzing_nummer.is_(None),
                *(one.c[name].is_not_distinct_from(other.c[name]) for name in ("categorie", "code")),
            ),
        ),
    )


# One start stands for its delivery: the last one that counts, or the last of all if all were deleted.
_STANDS_FOR_IT: Final = ~(
    exists()
    .where(
        _same_delivery(_a_start, _start),
        or_(
            and_(_a_start.c.deleted_by.is_(None), _start.c.deleted_by.is_not(None)),
            and_(
                _a_start.c.id > _start.c.id,
                or_(_a_start.c.deleted_by.is_(None), _start.c.deleted_by.is_not(None)),
            ),
        ),
    )
    .correlate(_start)
)
_STOPPED: Final = (_same_delivery(_a_stop, _start), _a_stop.c.deleted_by.is_(None))
_NEWEST_STOP: Final = (
    select(_a_stop.c.id)
    .where(*_STOPPED)
    .order_by(_a_stop.c.einddatum.desc(), _a_stop.c.id.desc())
    .limit(1)
    .correlate(_start)
    .scalar_subquery()
)
_COUNTS: Final = _start.c.deleted_by.is_(None)
_A_TEMPORARY_STOP: Final = exists().where(*_STOPPED, _a_stop.c.reden == TEMPORARY).correlate(_start)
_LEVERING_IS: Final[Mapping[str, ColumnElement[bool]]] = {
    "gestart": and_(_COUNTS, ~exists().where(*_STOPPED).correlate(_start)),
    "tijdelijk_gestopt": and_(_COUNTS, _A_TEMPORARY_STOP, _newest_stop.c.reden == TEMPORARY),
    "gestopt": and_(_COUNTS, _newest_stop.c.reden != TEMPORARY),
    "verwijderd": _start.c.deleted_by.is_not(None),
}
_LEVERINGEN: Final = (
    select(
        _start.c.id,
        _newest_stop.c.id,
        *(
            _start.c[name]
            for name in ("domain", "gemeente", "aanbieder", "toewijzing_nummer", "categorie", "code", "begindatum")
        ),
        case(
            (_start.c.deleted_by.is_not(None), "verwijderd"),
            (_newest_stop.c.id.is_(None), "gestart"),
            (_newest_stop.c.reden == TEMPORARY, "tijdelijk_gestopt"),
            else_="gestopt",
        ),
        _newest_stop.c.einddatum,
        _newest_stop.c.reden,
    )
    .join_from(_start, _newest_stop, _newest_stop.c.id == _NEWEST_STOP, isouter=True)
    .where(_STANDS_FOR_IT)
    .order_by(_start.c.id)
)
_DECIDES: Final = {"gestart": "start", "verwijderd": "start_verwijderd"}
"""What the message did that a state of a delivery follows from; of any other state it is the stop."""


def _starts_and_stops(condition: Condition) -> CompoundSelect[Any]:
    def did(table: FromClause, message: ColumnElement[Any], rol: str) -> Select[Any]:
        return (
            select(
                _start.c.id.label("fact"), table.c.id.label("row"), message.label("message"), literal(rol).label("rol")
            )
            .join_from(_start, table, _same_delivery(table, _start))
            .where(message.is_not(None), condition(_start.c.id, message))
        )

    return union_all(
        did(_a_start, _a_start.c.message, "start"),
        did(_a_start, _a_start.c.deleted_by, "start_verwijderd"),
        did(_a_stop, _a_stop.c.message, "stop"),
        did(_a_stop, _a_stop.c.deleted_by, "stop_verwijderd"),
    )


def read_leveringen(
    transaction: Transaction, wanted: WantedLeveringen, *, after: Key | None, limit: int
) -> list[LeveringFeit]:
    """Deliveries that match, in the order in which they were started, those behind the key `after`."""
    conditions = of_parties(wanted, _start.c)
    conditions += equal(_start.c, {"toewijzing_nummer": wanted.toewijzing_nummer})
    conditions += equal(_start.c, {"categorie": wanted.product_categorie, "code": wanted.product_code})
    if wanted.begonnen_vanaf is not None:
        conditions.append(_start.c.begindatum >= wanted.begonnen_vanaf)
    if wanted.begonnen_tot_en_met is not None:
        conditions.append(_start.c.begindatum <= wanted.begonnen_tot_en_met)
    if wanted.staat is None:
        conditions.append(_COUNTS)
    elif wanted.staat != ALLE:
        conditions.append(_LEVERING_IS[wanted.staat])
    if wanted.gewijzigd_sinds is not None:
        conditions.append(_start.c.id.in_(changed_since(_starts_and_stops, wanted.gewijzigd_sinds)))
    conditions += behind(after, _start.c.id)
    rows = transaction.execute(_LEVERINGEN.where(*conditions).limit(limit)).all()
    made = links_of(transaction, _starts_and_stops, [row[0] for row in rows], wanted.seen_by)
    found = []
    for start, stop, *said, staat, einddatum, reden in rows:
        rol = _DECIDES.get(staat, "stop")
        berichten = sources(made.get((start,), []), rol, stop if rol == "stop" else start)
        told = (*said, staat, einddatum, reden, berichten)
        found.append(LeveringFeit((start,), *told))
    return found
