"""How a gateway is: what waits, and the versions that it works with."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from iwmo_gateway import __version__
from iwmo_gateway.contract import terms
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.codelists import Codelist
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.store import reviews, watching
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.watching import Amount, Limits

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: not judged yet, failed, never fetched from mailboxes, claim lines to decide on, and in the trail.

    `fetch_late` are those that lie there for over a day, `decide_late` those above their term.
    """

    judge: Amount
    failed: Amount
    fetch: Amount
    fetch_late: int
    decide: int
    decide_late: int
    replays: int
    unsealed: datetime | None


@dataclass(frozen=True, slots=True)
class Versions:
    """What judges messages and what they are kept in. `key` is the version of the key that encrypts."""

    gateway: str
    regels: str
    schemas: tuple[str, ...]
    codelijsten: tuple[Codelist, ...]
    database: str
    revision: str | None
    newest_revision: str
    key: int
    keys: int


def waiting(gateway: Gateway, now: datetime) -> Waiting:
    """What waits now."""
    limits = Limits(now, now)
    today = day_of(now)
    with gateway.database.reading() as transaction:
        unjudged = watching.unjudged(transaction, gateway.settings.sync_limit_bytes, limits, limits)
        unfetched = watching.unfetched(transaction, now - _DAY, now - 7 * _DAY)
        lines = reviews.counted(transaction, today, terms.add_working_days(today, 1))
        unsealed, replays = watching.oldest_unsealed(transaction), watching.running_replays(transaction)
    of = {
        status: [Amount(one.number, one.oldest) for one in unjudged if one.status == status]
        for status in (Status.RECEIVED, Status.FAILED)
    }
    return Waiting(
        judge=_sum(of[Status.RECEIVED], now),
        failed=_sum(of[Status.FAILED], now),
        fetch=_sum([*unfetched.values()], now),
        fetch_late=sum(one.number for (_, age), one in unfetched.items() if age != "day"),
        decide=sum(lines.values()),
        decide_late=lines.get("late", 0),
        replays=replays,
        unsealed=unsealed,
    )


def versions(gateway: Gateway) -> Versions:
    """The versions that this process works with, and the revision that the database is at."""
    database = gateway.database
    return Versions(
        gateway=__version__,
        regels=gateway.regels,
        schemas=tuple(sorted({gateway.schemas.identity(soort).partition("+")[0] for soort in SOORTEN.values()})),
        codelijsten=tuple(
            sorted(
                gateway.codelists.editions,
                key=lambda one: (one.soort, one.domein or "", one.geldig.vanaf or date.min),
            )
        ),
        database="SQLite" if database.embedded else "PostgreSQL",
        revision=database.current_revision,
        newest_revision=database.newest_revision,
        key=gateway.keyring.newest,
        keys=len(gateway.keyring.versions),
    )


def _sum(amounts: list[Amount], now: datetime) -> Amount:
    return Amount(sum(one.number for one in amounts), min((one.oldest for one in amounts), default=now))
