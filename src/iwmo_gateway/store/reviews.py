"""Reviews: the lines of claims that are held until their municipality decides, and what it decided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, case, func, insert, or_, select, update

from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.standard.declaraties import Claim
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.tables import messages, prestaties, reviews


class Besluit(StrEnum):
    """What a municipality can decide of a line."""

    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Review:
    """A line that is or was held, why, and what was decided of it. Amounts in euro cents, without sign."""

    id: int
    message: str
    domain: str
    soort: str
    release: str
    gemeente: str
    aanbieder: str
    referentie_nummer: str
    pad: str
    regelnummer: int
    bevindingen: list[dict[str, str | None]]
    received_at: datetime
    uiterlijk: date
    decided_at: datetime | None
    besluit: str | None
    retourcode: str | None
    reason: str | None
    decided_by: str | None
    identificatie: str | None
    declaratie_nummer: str | None
    toewijzing_nummer: int | None
    categorie: str
    code: str
    begindatum: date
    einddatum: date
    volume: int
    eenheid: str
    tarief: int | None
    bedrag: int

    @property
    def place(self) -> tuple[date, int]:
        """Where it stands among what waits."""
        return self.uiterlijk, self.id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reviews to look for among those that wait; everything that is given must hold.

    `domains` are the only ones that may be seen.
    """

    gemeente: str | None = None
    aanbieder: str | None = None
    message: str | None = None
    declaratie_nummer: str | None = None
    te_laat: bool | None = None
    domains: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided of one line."""

    review: int
    besluit: Besluit
    retourcode: str | None = None
    reason: str | None = None


_OWN: Final = 18
"""How many fields of a review are columns of its own table."""
_REVIEWS: Final = (
    select(
        *(reviews.c[name] for name in Review.__slots__[:_OWN]),
        messages.c.identificatie,
        messages.c.declaratie_nummer,
        *(prestaties.c[name] for name in Review.__slots__[_OWN + 2 :]),
    )
    .join_from(reviews, messages, messages.c.id == reviews.c.message)
    .join(
        prestaties,
        and_(
            *(prestaties.c[name] == reviews.c[name] for name in ("domain", "soort", "aanbieder", "referentie_nummer")),
            prestaties.c.holds_reference,
        ),
    )
)
_WAITS: Final = reviews.c.decided_at.is_(None)
_DECIDE: Final = (
    update(reviews)
    .where(reviews.c.id == bindparam("review"), _WAITS)
    .values(
        {name: bindparam(f"new_{name}") for name in ("decided_at", "besluit", "retourcode", "reason", "decided_by")}
    )
)
_LEFT: Final = select(func.count()).where(reviews.c.message == bindparam("message"), _WAITS)


def add(
    transaction: Transaction,
    message: Message,
    bericht: Claim,
    found: Iterable[Finding],
    due: Mapping[str, date],
) -> None:
    """Keep that the lines with these paths wait for the municipality, each until its day; `found` says why."""
    why: dict[str, list[dict[str, str | None]]] = {}
    for finding in found:
        if finding.actie is Actie.REVIEW:
            told = {name: getattr(finding, name) for name in ("regel", "artikel", "tekst", "verwacht", "gevonden")}
            why.setdefault(finding.pad, []).append(told)
    transaction.execute(
        insert(reviews),
        [
            {
                "message": message.id,
                **{name: getattr(message, name) for name in ("domain", "soort", "release", "gemeente", "aanbieder")},
                "referentie_nummer": prestatie.referentie,
                "pad": prestatie.pad,
                "regelnummer": prestatie.regelnummer,
                "bevindingen": why[prestatie.pad],
                "received_at": message.received_at,
                "uiterlijk": due[prestatie.pad],
            }
            for prestatie in bericht.prestaties
            if prestatie.pad in due
        ],
    )


def waiting(
    transaction: Transaction, wanted: Wanted, *, today: date, after: tuple[date, int] | None, limit: int
) -> list[Review]:
    """What waits, the nearest due day first, behind the place `after`."""
    conditions: list[ColumnElement[bool]] = [_WAITS]
    if wanted.gemeente is not None:
        conditions.append(reviews.c.gemeente == wanted.gemeente)
    if wanted.aanbieder is not None:
        conditions.append(reviews.c.aanbieder == wanted.aanbieder)
    if wanted.domains is not None:
        conditions.append(reviews.c.domain.in_(wanted.domains))
    if wanted.message is not None:
        conditions.append(reviews.c.message == wanted.message)
    if wanted.declaratie_nummer is not None:
        conditions.append(messages.c.declaratie_nummer == wanted.declaratie_nummer)
    if wanted.te_laat is not None:
        conditions.append(reviews.c.uiterlijk < today if wanted.te_laat else reviews.c.uiterlijk >= today)
    if after is not None:
        day, number = after
        behind = or_(reviews.c.uiterlijk > day, reviews.c.id > number)
        conditions += [reviews.c.uiterlijk >= day, behind]
    query = _REVIEWS.where(*conditions).order_by(reviews.c.uiterlijk, reviews.c.id).limit(limit)
    return [_review(row) for row in transaction.execute(query)]


def by_ids(transaction: Transaction, ids: Sequence[int]) -> dict[int, Review]:
    """These reviews, decided or not; those that are not there are left out."""
    return {row.id: _review(row) for row in transaction.execute(_REVIEWS.where(reviews.c.id.in_(ids)))}


def refused_of(transaction: Transaction, message_id: str) -> list[Review]:
    """The lines of a claim that were held and are refused."""
    query = _REVIEWS.where(reviews.c.message == message_id, reviews.c.besluit == Besluit.REFUSE.value)
    return [_review(row) for row in transaction.execute(query.order_by(reviews.c.id))]


def decide(transaction: Transaction, decisions: Iterable[Decision], actor: str, now: datetime) -> None:
    """Keep decisions on lines that wait."""
    values = [
        {
            "review": decision.review,
            "new_decided_at": now,
            "new_besluit": decision.besluit.value,
            "new_retourcode": decision.retourcode,
            "new_reason": decision.reason,
            "new_decided_by": actor,
        }
        for decision in decisions
    ]
    if values:
        transaction.execute(_DECIDE, values)


def left(transaction: Transaction, message_id: str) -> int:
    """How many lines of a claim wait for a decision."""
    return int(transaction.execute(_LEFT, {"message": message_id}).scalar_one())


def counted(
    transaction: Transaction,
    today: date,
    soon: date,
    *,
    gemeente: str | None = None,
    domains: Collection[str] | None = None,
) -> dict[str, int]:
    """How many lines wait, for one municipality or all: `late`, due up to and with `soon`, or `later`."""
    due = case((reviews.c.uiterlijk < today, "late"), (reviews.c.uiterlijk <= soon, "soon"), else_="later").label("due")
    query = select(due, func.count()).where(_WAITS).group_by("due")
    if gemeente is not None:
        query = query.where(reviews.c.gemeente == gemeente)
    if domains is not None:
        query = query.where(reviews.c.domain.in_(domains))
    rows = transaction.execute(query)
    return {row.due: row[1] for row in rows}


def _review(row: Any) -> Review:
    return Review(*row)
