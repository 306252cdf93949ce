"""Who is calling, and what they may see: tokens, and the visibility of messages."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway.context import Gateway, is_id, new_id
from iwmo_gateway.store import parties
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.parties import Party, Token, TokenRole

_NO_CODE: Final = "{!r} is no CBS code (4 digits) and no AGB code (8 digits)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call comes from: its correlation id, and a network address or the user of the command line."""

    request: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes this call, when and from where. `party` is None for an operator or auditor."""

    role: TokenRole
    party: str | None
    actor: str
    at: datetime
    token: str | None = None
    origin: Origin = Origin()

    def sees(self, message: Message) -> bool:
        """Operators and auditors see everything; a party what it sent, what was forwarded to it, and its answers."""
        if self.party is None:
            return True
        if message.afzender == self.party:
            return not message.own or message.forwarded
        return message.ontvanger == self.party and (message.own or message.forwarded)


def caller_of(gateway: Gateway, token: str, now: datetime) -> Caller | None:
    """Who holds this token; None if nobody does, or it was revoked."""
    with gateway.database.reading() as transaction:
        known = parties.token_by_digest(transaction, _digest(token))
    if known is None:
        return None
    return Caller(known.role, known.party, known.party or f"{known.role}:{known.label}", now, token=known.id)


def create_token(gateway: Gateway, role: TokenRole, party: str | None, label: str, now: datetime) -> str:
    """Make a token and return its text, which is kept nowhere. A party that is not known yet becomes so.

    Raises ConfigurationError where role and party do not go together, or the party's code is none.
    """
    if (role is TokenRole.PARTY) is not (party is not None):
        raise ConfigurationError("A token is for a party, or has the role operator or auditor")
    if not 0 < len(label.strip()) <= 80:
        raise ConfigurationError("A token needs a label of at most 80 characters that says what it is for")
    if party is not None and not is_party_code(party):
        raise ConfigurationError(_NO_CODE.format(party))
    text = f"iwmo_{secrets.token_urlsafe(32)}"
    with gateway.database.writing() as transaction:
        if party is not None:
            parties.add_party(transaction, party, now)
        parties.add_token(transaction, Token(new_id(now), role, party, label, now, None), _digest(text))
    return text


def list_tokens(gateway: Gateway) -> list[Token]:
    """Every token, oldest first."""
    with gateway.database.reading() as transaction:
        return parties.all_tokens(transaction)


def revoke_token(gateway: Gateway, token_id: str, now: datetime) -> Token | None:
    """Revoke a token at once; None if there is none with this id."""
    if not is_id(token_id):
        return None
    with gateway.database.writing() as transaction:
        return parties.revoke(transaction, token_id, now)


def list_parties(gateway: Gateway) -> list[Party]:
    """Every party that the gateway knows."""
    with gateway.database.reading() as transaction:
        return parties.all_parties(transaction)


def set_answering(gateway: Gateway, party: str, now: datetime, *, itself: bool) -> None:
    """Say whether a party sends its return messages itself. One that is not known yet becomes so.

    Raises ConfigurationError where the code is none.
    """
    if not is_party_code(party):
        raise ConfigurationError(_NO_CODE.format(party))
    with gateway.database.writing() as transaction:
        parties.add_party(transaction, party, now)
        parties.set_answering(transaction, party, itself=itself)


def is_party_code(code: str | None) -> bool:
    """Whether this is the form of a municipality's or a provider's code."""
    return code is not None and code.isascii() and code.isdigit() and len(code) in {4, 8}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
