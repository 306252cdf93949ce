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


_COLUMNS: Final = [tokens.c[name] for name in Token.__slots__]
_INSERT_PARTY: Final = inserting(parties, lambda new: new.on_conflict_do_nothing())
_BY_DIGEST: Final = select(*_COLUMNS).where(tokens.c.digest == bindparam("digest"), tokens.c.revoked_at.is_(None))


def add_party(transaction: Transaction, code: str, now: datetime) -> None:
    """Make the party known, with an empty mailbox; harmless if it is."""
    values = {"code": code, "kind": kind_of(code), "created_at": now}
    transaction.execute(_INSERT_PARTY[transaction.dialect.name], values)


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
