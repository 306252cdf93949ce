"""Parties and the tokens by which they and the operators are known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import and_, bindparam, func, insert, not_, or_, select, update

from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.database import Transaction, inserting, values_of
from iwmo_gateway.store.mailbox import kind_of
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import mandates, parties, tokens

DOMAINS: Final = frozenset(Domain)


class TokenRole(StrEnum):
    """Whose a token is: of a party that sends and fetches, of an operator, or of an auditor who only looks."""

    PARTY = "party"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a token lets its holder do: each call needs one of them."""

    SEND = "send"
    READ = "read"
    DECIDE = "decide"
    OPERATE = "operate"
    AUDIT = "audit"
    ADMINISTER = "administer"


RIGHTS: Final = {
    TokenRole.PARTY: frozenset({Right.SEND, Right.READ, Right.DECIDE}),
    TokenRole.OPERATOR: frozenset({Right.READ, Right.OPERATE, Right.ADMINISTER}),
    TokenRole.AUDITOR: frozenset({Right.READ, Right.AUDIT}),
}
"""The most that a token of each role can have."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: never the token itself.

    `expires_at` is None where it was made before tokens had an end. With a `subject` nobody has its text: it is for who
    the OpenID provider says has that subject.
    """

    id: str
    role: TokenRole
    party: str | None
    label: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    rights: frozenset[Right] = frozenset()
    domains: frozenset[Domain] = DOMAINS
    last_used_at: datetime | None = None
    replaces: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A municipality or provider.

    `registered_at` is None for one that nobody made known: it only was sent something.
    """

    code: str
    kind: str
    answers_itself: bool
    domains: frozenset[Domain]
    registered_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenSearch:
    """Which tokens are wanted: of this party, of this role, only those that are good or only those that are not."""

    party: str | None = None
    role: TokenRole | None = None
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a token: the token, the domains of its party, and the parties that it may act for, with theirs."""

    token: Token
    domains: frozenset[Domain]
    mandates: Mapping[str, frozenset[Domain]]


_PARTY: Final = [parties.c[name] for name in Party.__slots__]
_BY_CODE: Final = Prepared(select(*_PARTY).where(parties.c.code == bindparam("code")))
_ANSWERS_ITSELF: Final = Prepared(select(parties.c.answers_itself).where(parties.c.code == bindparam("code")))
_COLUMNS: Final = [tokens.c[name] for name in Token.__slots__]
_REGISTER: Final = inserting(
    parties,
    lambda new: new.on_conflict_do_update(
        index_elements=["code"],
        set_={"registered_at": func.coalesce(parties.c.registered_at, new.excluded.registered_at)},
    ),
)
_own: Final = parties.alias("own")
_named: Final = parties.alias("named")
_holders: Final = (
    select(*_COLUMNS, _own.c.domains, _named.c.code, _named.c.domains)
    .join_from(tokens, _own, _own.c.code == tokens.c.party, isouter=True)
    .join(
        mandates,
        and_(
            mandates.c.bureau == tokens.c.party,
            mandates.c.revoked_at.is_(None),
            mandates.c.vanaf <= bindparam("today"),
            or_(mandates.c.tot_en_met.is_(None), mandates.c.tot_en_met >= bindparam("today")),
        ),
        isouter=True,
    )
    .join(_named, _named.c.code == mandates.c.party, isouter=True)
    .where(tokens.c.revoked_at.is_(None))
)
_HOLDER_BY_DIGEST: Final = Prepared(_holders.where(tokens.c.digest == bindparam("digest")))
_HOLDER_BY_ID: Final = Prepared(_holders.where(tokens.c.id == bindparam("id")))
_HOLDER_BY_SUBJECT: Final = Prepared(_holders.where(tokens.c.subject == bindparam("subject")))


def register(transaction: Transaction, code: str, now: datetime) -> None:
    """Make the party known, with an empty mailbox; harmless if it is."""
    values = {"code": code, "kind": kind_of(code), "created_at": now, "registered_at": now}
    transaction.execute(_REGISTER[transaction.dialect.name], values)


def by_code(transaction: Transaction, code: str) -> Party | None:
    """The party with this code, made known or not."""
    row = transaction.execute(_BY_CODE, {"code": code}).first()
    return None if row is None else _party(row)


def answers_itself(transaction: Transaction, code: str | None) -> Callable[[], bool]:
    """Ask whether the party sends return messages itself, so that the gateway must not; what is returned waits."""
    rows = transaction.execute(_ANSWERS_ITSELF, {"code": code}) if code else None
    return lambda: rows is not None and bool(rows.scalar())


def change(transaction: Transaction, code: str, **values: Any) -> None:
    """Change what is kept of a party: `answers_itself`, `domains`."""
    transaction.execute(update(parties).where(parties.c.code == code).values(values))


def all_parties(transaction: Transaction) -> list[Party]:
    """Every party, in the order of the codes."""
    return [_party(row) for row in transaction.execute(select(*_PARTY).order_by(parties.c.code))]


def some_parties(transaction: Transaction, begins: str, *, after: str, limit: int) -> list[Party]:
    """Parties whose code begins so, in the order of the codes, behind this one."""
    query = select(*_PARTY).where(parties.c.code > after).order_by(parties.c.code).limit(limit)
    if begins:
        query = query.where(parties.c.code.startswith(begins, autoescape=True))
    return [_party(row) for row in transaction.execute(query)]


def add_token(transaction: Transaction, token: Token, digest: bytes) -> None:
    """Keep a token by the digest of its text."""
    transaction.execute(insert(tokens), values_of(token) | {"digest": digest})


def holder(transaction: Transaction, digest: bytes, today: date) -> Holder | None:
    """Who holds the token with this digest, unless it was revoked, with the mandates of this day; one query."""
    return _holder(transaction.execute(_HOLDER_BY_DIGEST, {"digest": digest, "today": today}).all())


def holder_by_id(transaction: Transaction, token_id: str, today: date) -> Holder | None:
    """Who holds the token with this id, as `holder`."""
    return _holder(transaction.execute(_HOLDER_BY_ID, {"id": token_id, "today": today}).all())


def holder_by_subject(transaction: Transaction, subject: str, today: date) -> Holder | None:
    """Who holds the token of this subject, as `holder`."""
    return _holder(transaction.execute(_HOLDER_BY_SUBJECT, {"subject": subject, "today": today}).all())


def _holder(rows: Sequence[Any]) -> Holder | None:
    if not rows:
        return None
    *columns, own, _, _ = rows[0]
    named = {code: _domains(domains) for *_, code, domains in rows if code is not None}
    return Holder(_token(columns), DOMAINS if own is None else _domains(own), named)


def all_tokens(transaction: Transaction) -> list[Token]:
    """Every token, oldest first."""
    return [_token(row) for row in transaction.execute(select(*_COLUMNS).order_by(tokens.c.id))]


def some_tokens(
    transaction: Transaction, wanted: TokenSearch, now: datetime, *, before: str | None, limit: int
) -> list[Token]:
    """Tokens that match, newest first, those older than the one with id `before`."""
    query = select(*_COLUMNS).order_by(tokens.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tokens.c.id < before)
    if wanted.party is not None:
        query = query.where(tokens.c.party == wanted.party)
    if wanted.role is not None:
        query = query.where(tokens.c.role == wanted.role)
    if wanted.good is not None:
        good = and_(tokens.c.revoked_at.is_(None), or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now))
        query = query.where(good if wanted.good else not_(good))
    return [_token(row) for row in transaction.execute(query)]


def token(transaction: Transaction, token_id: str, *, lock: bool = False) -> Token | None:
    """The token with this id."""
    query = select(*_COLUMNS).where(tokens.c.id == token_id)
    row = transaction.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _token(row)


def revoke(transaction: Transaction, token_id: str, now: datetime) -> Token | None:
    """Revoke a token; None if there is none with this id. Revoking twice keeps the first moment."""
    transaction.execute(
        update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return token(transaction, token_id)


def end_token(transaction: Transaction, token_id: str, at: datetime) -> None:
    """Let a token end at this moment, if it does not end sooner."""
    transaction.execute(
        update(tokens)
        .where(tokens.c.id == token_id, or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > at))
        .values(expires_at=at)
    )


def note_use(transaction: Transaction, token_id: str, now: datetime, before: datetime) -> None:
    """The token was used now; written only where the last use that is noted lies before `before`."""
    due = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at < before)
    transaction.execute(update(tokens).where(tokens.c.id == token_id, due).values(last_used_at=now))


def _party(row: Any) -> Party:
    code, kind, answers, domains, registered_at = row
    return Party(code, kind, answers, _domains(domains), registered_at)


def _token(row: Any) -> Token:
    values = dict(zip(Token.__slots__, row, strict=True))
    values["role"] = TokenRole(values["role"])
    values["rights"] = frozenset(map(Right, values["rights"]))
    values["domains"] = _domains(values["domains"])
    return Token(**values)


def _domains(words: frozenset[str]) -> frozenset[Domain]:
    return frozenset(map(Domain, words))
