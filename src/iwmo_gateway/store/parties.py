"""Parties and the tokens by which they and the operators are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, bindparam, insert, select, update

from iwmo_gateway.store.database import Transaction, inserting, values_of
from iwmo_gateway.store.mailbox import kind_of
from iwmo_gateway.store.tables import parties, tokens


class TokenRole(StrEnum):
    """What a token lets its holder do: send and fetch as a party, see and replay everything, or only see."""

    PARTY = "party"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: never the token itself."""

    id: str
    role: TokenRole
    party: str | None
    label: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Party:
    """A party that the gateway knows: a municipality or a provider."""

    code: str
    kind: str
    answers_itself: bool


_PARTY: Final = [parties.c[name] for name in Party.__slots__]
_ANSWERS_ITSELF: Final = select(parties.c.answers_itself).where(parties.c.code == bindparam("code"))
_COLUMNS: Final = [tokens.c[name] for name in Token.__slots__]
_INSERT_PARTY: Final = inserting(parties, lambda new: new.on_conflict_do_nothing())
_BY_DIGEST: Final = select(*_COLUMNS).where(tokens.c.digest == bindparam("digest"), tokens.c.revoked_at.is_(None))


def add_party(transaction: Transaction, code: str, now: datetime) -> None:
    """Make the party known, with an empty mailbox; harmless if it is."""
    values = {"code": code, "kind": kind_of(code), "created_at": now}
    transaction.execute(_INSERT_PARTY[transaction.dialect.name], values)


def answers_itself(transaction: Transaction, code: str) -> bool:
    """Whether the party sends return messages itself, so that the gateway must not."""
    return bool(transaction.scalar(_ANSWERS_ITSELF, {"code": code}))


def set_answering(transaction: Transaction, code: str, *, itself: bool) -> None:
    """Say who answers what this party receives."""
    transaction.execute(update(parties).where(parties.c.code == code).values(answers_itself=itself))


def all_parties(transaction: Transaction) -> list[Party]:
    """Every party, in the order of the codes."""
    return [Party(*row) for row in transaction.execute(select(*_PARTY).order_by(parties.c.code))]


def add_token(transaction: Transaction, token: Token, digest: bytes) -> None:
    """Keep a token by the digest of its text."""
    transaction.execute(insert(tokens), values_of(token) | {"digest": digest})


def token_by_digest(transaction: Transaction, digest: bytes) -> Token | None:
    """The token with this digest, unless it was revoked."""
    return _one(transaction, _BY_DIGEST, {"digest": digest})


def all_tokens(transaction: Transaction) -> list[Token]:
    """Every token, oldest first."""
    return [_token(row) for row in transaction.execute(select(*_COLUMNS).order_by(tokens.c.id))]


def revoke(transaction: Transaction, token_id: str, now: datetime) -> Token | None:
    """Revoke a token; None if there is none with this id. Revoking twice keeps the first moment."""
    transaction.execute(
        update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return _one(transaction, select(*_COLUMNS).where(tokens.c.id == token_id))


def _one(transaction: Transaction, query: Select[Any], values: Mapping[str, Any] | None = None) -> Token | None:
    row = transaction.execute(query, values).first()
    return None if row is None else _token(row)


def _token(row: Any) -> Token:
    identity, role, *rest = row
    return Token(identity, TokenRole(role), *rest)
