"""One allocation by itself: every version of it, and what is claimed of it by period."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import BigInteger, Select, and_, bindparam, case, func, or_, select

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.search import seen_by
from iwmo_gateway.store.states import Key
from iwmo_gateway.store.tables import messages, prestaties, toewijzing_versies, toewijzingen


@dataclass(frozen=True, slots=True)
class Versie:
    """A version of an allocation, and the message that made it. `budget` in euro cents."""

    toewijzingsdatum: date
    toewijzingstijd: time
    ingangsdatum: date
    einddatum: date | None
    categorie: str | None
    code: str | None
    volume: int | None
    eenheid: str | None
    frequentie: str | None
    budget: int | None
    reden_wijziging: str | None
    bericht: str
    soort: str
    identificatie: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Periode:
    """What is claimed of an allocation for one period in one unit: approved and held lines, credits taken off.

    `aangehouden` is how much of `volume` is held. `bedrag` in euro cents.
    """

    begindatum: date
    einddatum: date
    eenheid: str
    volume: int
    aangehouden: int
    bedrag: int


_one: Final = toewijzing_versies.alias("one")
_SAME: Final = tuple(toewijzing_versies.c[name] == _one.c[name] for name in ("toewijzing", "aanbieder", "client"))
_IT: Final = (_one.c.toewijzing == bindparam("toewijzing"), _one.c.nr == bindparam("nr"))
_VERSIONS: Final = (
    select(
        *(toewijzing_versies.c[name] for name in list(Versie.__slots__)[:11]),
        *(messages.c[name] for name in ("id", "soort", "identificatie", "received_at")),
    )
    .join_from(_one, toewijzing_versies, and_(*_SAME))
    .join(messages, messages.c.id == toewijzing_versies.c.message)
    .where(*_IT)
    .order_by(
        toewijzing_versies.c.toewijzingsdatum.desc(),
        toewijzing_versies.c.toewijzingstijd.desc(),
        toewijzing_versies.c.nr,
    )
)
_SIGN: Final = case((prestaties.c.credit, -1), else_=1)
_PERIOD: Final = [prestaties.c[name] for name in ("begindatum", "einddatum", "eenheid")]
_CLAIMED: Final[Select[Any]] = (
    select(
        *_PERIOD,
        func.sum(_SIGN * prestaties.c.volume).cast(BigInteger),
        func.sum(case((prestaties.c.held, _SIGN * prestaties.c.volume), else_=0)).cast(BigInteger),
        func.sum(_SIGN * prestaties.c.bedrag).cast(BigInteger),
    )
    .join_from(_one, toewijzingen, toewijzingen.c.id == _one.c.toewijzing)
    .join(
        prestaties,
        and_(
            prestaties.c.domain == toewijzingen.c.domain,
            prestaties.c.gemeente == toewijzingen.c.gemeente,
            prestaties.c.toewijzing_nummer == toewijzingen.c.nummer,
            prestaties.c.aanbieder == _one.c.aanbieder,
            prestaties.c.client == _one.c.client,
        ),
    )
    .where(*_IT, or_(prestaties.c.approved, prestaties.c.held))
    .group_by(*_PERIOD)
    .order_by(*_PERIOD)
)


def versions(transaction: Transaction, key: Key, party: str | None) -> list[Versie]:
    """The versions of the allocation with this key of which the party may see the message, newest first."""
    toewijzing, nr = key
    query = _VERSIONS if party is None else _VERSIONS.where(seen_by(party))
    return [Versie(*row) for row in transaction.execute(query, {"toewijzing": toewijzing, "nr": nr})]


def claimed(transaction: Transaction, key: Key) -> list[Periode]:
    """What is claimed of the allocation with this key, by period."""
    toewijzing, nr = key
    return [Periode(*row) for row in transaction.execute(_CLAIMED, {"toewijzing": toewijzing, "nr": nr})]
