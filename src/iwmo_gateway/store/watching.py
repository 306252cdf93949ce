"""What waits in the store, counted for who watches it: each question by an index over only what waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, case, func, literal_column, select

from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import WAITS
from iwmo_gateway.store.search import besides, seen_by
from iwmo_gateway.store.tables import Moment, audit, audit_seals, mailbox, messages, replays


@dataclass(frozen=True, slots=True)
class Limits:
    """What came before `late` is late, and what came before `soon` is due soon."""

    late: datetime
    soon: datetime


@dataclass(frozen=True, slots=True)
class Unjudged:
    """How many messages wait with us of one sort: status, `large` or `small`, `claim` or `other`, and when due.

    `due` is `late`, `soon` or `later`.
    """

    status: str
    volume: str
    kind: str
    due: str
    number: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Amount:
    """How many wait of one sort, and since when the oldest does."""

    number: int
    oldest: datetime


_claim: Final = messages.c.soort.in_(sorted(code for code, _ in SOORTEN if code[-3:] in {"303", "323"}))
_by_term: Final = {
    when: case((_claim, bindparam(f"{when}_claim", type_=Moment())), else_=bindparam(f"{when}_other", type_=Moment()))
    for when in ("late", "soon")
}
_UNJUDGED: Final = (
    select(
        messages.c.status,
        case((messages.c.size > bindparam("limit"), "large"), else_="small").label("volume"),
        case((_claim, "claim"), else_="other").label("kind"),
        case(*((messages.c.received_at < before, when) for when, before in _by_term.items()), else_="later").label(
            "due"
        ),
        func.count().label("number"),
        func.min(messages.c.received_at).label("oldest"),
    )
    # Statuses as literals: of a parameter a database does not know that an index over only some rows has it.
    .where(messages.c.status.in_([literal_column(f"'{status}'") for status in sorted(WAITS)]))
    .group_by("status", "volume", "kind", "due")
)
_UNFETCHED: Final = (
    select(
        case((func.length(mailbox.c.party) == 4, "gemeente"), else_="aanbieder").label("side"),
        case(
            (mailbox.c.created_at < bindparam("week_ago", type_=Moment()), "older"),
            (mailbox.c.created_at < bindparam("day_ago", type_=Moment()), "week"),
            else_="day",
        ).label("age"),
        func.count(),
        func.min(mailbox.c.created_at),
    )
    .where(*(mailbox.c[name].is_(None) for name in ("fetched_at", "acknowledged_at", "withdrawn_at")))
    .group_by("side", "age")
)
_RUNNING: Final = select(func.count()).select_from(replays).where(replays.c.status == literal_column("'running'"))

_last_sealed: Final = select(audit_seals.c.last).order_by(audit_seals.c.nr.desc()).limit(1).scalar_subquery()
_UNSEALED: Final = select(audit.c.at).where(audit.c.id > func.coalesce(_last_sealed, 0)).order_by(audit.c.id).limit(1)


def unjudged(
    transaction: Transaction,
    large: int,
    claim: Limits,
    other: Limits,
    *,
    party: str | None = None,
    domains: Collection[str] | None = None,
) -> list[Unjudged]:
    """Messages that wait with us: those that a party sees, or all; of some domains, or all.

    `large` are those of more bytes than this; a claim has its own term.
    """
    query = _UNJUDGED
    if party is not None:
        query = query.where(seen_by(party, besides))
    if domains is not None:
        query = query.where(messages.c.domain.in_(domains))
    limits = {"late_claim": claim.late, "soon_claim": claim.soon, "late_other": other.late, "soon_other": other.soon}
    return [Unjudged(*row) for row in transaction.execute(query, {"limit": large} | limits)]


def unfetched(
    transaction: Transaction,
    day_ago: datetime,
    week_ago: datetime,
    *,
    party: str | None = None,
    domains: Collection[str] | None = None,
) -> dict[tuple[str, str], Amount]:
    """What lies in mailboxes, or in that of a party, and was never fetched; of some domains, or all.

    By kind of party and age: of the last `day`, `week`, or `older`.
    """
    query = _UNFETCHED
    if party is not None:
        query = query.where(mailbox.c.party == party)
    if domains is not None:
        of_them = select(messages.c.id).where(messages.c.id == mailbox.c.message, messages.c.domain.in_(domains))
        query = query.where(of_them.exists())
    rows = transaction.execute(query, {"day_ago": day_ago, "week_ago": week_ago})
    return {(side, age): Amount(number, oldest) for side, age, number, oldest in rows}


def oldest_unsealed(transaction: Transaction) -> datetime | None:
    """The moment of the first row of the audit trail that no seal covers; None if there is none."""
    at: datetime | None = transaction.execute(_UNSEALED).scalar()
    return at


def running_replays(transaction: Transaction) -> int:
    """How many replays run."""
    number: int = transaction.execute(_RUNNING).scalar_one()
    return number
