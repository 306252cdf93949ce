"""Who is calling, what they may do, for whom, and which messages they see."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final

import structlog

from iwmo_gateway.errors import ConfigurationError, StoreError, Unfit
from iwmo_gateway.gateway.context import Gateway, is_id, new_id
from iwmo_gateway.standard.days import AMSTERDAM, day_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store import parties
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.parties import DOMAINS, RIGHTS, Holder, Right, Token, TokenRole, TokenSearch

log = structlog.get_logger(__name__)

DAYS: Final = 365
"""How long a token is good, if nothing else is asked."""
OVERLAP_DAYS: Final = 7
"""How long a token that is rotated stays good beside the new one, if nothing else is asked."""
_NOTED_EVERY: Final = timedelta(minutes=5)
NO_CODE: Final = "{!r} is no CBS code (4 digits) and no AGB code (8 digits)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call comes from: its correlation id, and a network address or the user of the command line."""

    request: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes this call, as whom, when and from where.

    `party` is None for an operator or auditor. `rights` is None for all that the role can have, `token` where there is
    none, as on the command line. `mandates` are the parties that a service bureau may act for, with their domains.
    """

    role: TokenRole
    party: str | None
    actor: str
    at: datetime
    rights: frozenset[Right] | None = None
    domains: frozenset[Domain] = DOMAINS
    token: str | None = None
    mandates: Mapping[str, frozenset[Domain]] = field(default_factory=dict)
    last_used_at: datetime | None = None
    origin: Origin = Origin()

    @property
    def limited_to(self) -> frozenset[Domain] | None:
        """The domains of which it may see anything; None for all of them."""
        return None if self.domains == DOMAINS else self.domains

    def may(self, *rights: Right) -> bool:
        """Whether it has one of these rights."""
        has = RIGHTS[self.role] if self.rights is None else self.rights
        return not has.isdisjoint(rights)

    def acting_for(self, party: str) -> "Caller | None":
        """The caller as this party: itself, or one that gave it a mandate; None for any other."""
        if party == self.party:
            return self
        if party not in self.mandates:
            return None
        domains = self.domains & self.mandates[party]
        return replace(self, party=party, actor=f"{self.actor} namens {party}", domains=domains, mandates={})

    def seeing(self, message: Message) -> "Caller | None":
        """The caller as the party by which it sees a message: itself, or one that it acts for; None if by none."""
        acting = (self.acting_for(party) for party in self.mandates)
        return next((one for one in (self, *acting) if one is not None and one.sees(message)), None)

    def sees(self, message: Message) -> bool:
        """Operators and auditors see everything; a party what it sent, what was forwarded to it, and its answers."""
        if message.domain not in self.domains:
            return False
        if self.party is None:
            return True
        if message.afzender == self.party:
            return not message.own or message.forwarded
        return message.ontvanger == self.party and (message.own or message.forwarded)


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was made, and its text, which is kept nowhere."""

    token: Token
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Expired:
    """What is told to who holds a token that was good until then."""

    at: datetime


def caller_of(gateway: Gateway, token: str, now: datetime) -> Caller | Expired | None:
    """Who holds this token; None if nobody does, or it was revoked."""
    with gateway.database.reading() as transaction:
        holder = parties.holder(transaction, _digest(token), day_of(now))
    return _let_in(holder, now)


def signed_in(gateway: Gateway, token_id: str, now: datetime) -> Caller | Expired | None:
    """Who signed in with the token of this id; None if it is there no more, or was revoked."""
    with gateway.database.reading() as transaction:
        holder = parties.holder_by_id(transaction, token_id, day_of(now))
    return _let_in(holder, now)


def _let_in(holder: Holder | None, now: datetime) -> Caller | Expired | None:
    if holder is None:
        return None
    known = holder.token
    if known.expires_at is not None and known.expires_at <= now:
        return Expired(known.expires_at)
    return Caller(
        role=known.role,
        party=known.party,
        actor=known.party or f"{known.role}:{known.label}",
        at=now,
        rights=known.rights,
        domains=known.domains & holder.domains,
        token=known.id,
        mandates={party: known.domains & domains for party, domains in holder.mandates.items()},
        last_used_at=known.last_used_at,
    )


def use_is_due(caller: Caller) -> bool:
    """Whether it is time to note again that the caller's token is in use."""
    used = caller.last_used_at
    return caller.token is not None and (used is None or used < caller.at - _NOTED_EVERY)


def note_use(gateway: Gateway, caller: Caller) -> None:
    """Note that the caller's token is in use, once in some minutes. To be called when nobody waits for it any more."""
    if caller.token is None:
        return
    try:
        with gateway.database.writing() as transaction:
            parties.note_use(transaction, caller.token, caller.at, caller.at - _NOTED_EVERY)
    except StoreError as error:
        # The call itself was answered; the next one notes it.
        log.warning("use_not_noted", token=caller.token, error=type(error).__name__)


def create_token(
    gateway: Gateway,
    role: TokenRole,
    party: str | None,
    label: str,
    now: datetime,
    *,
    expires_at: datetime | None = None,
    rights: Iterable[Right] | None = None,
    domains: Iterable[Domain] = DOMAINS,
) -> str:
    """Make a token and return its text alone, as `issue_token`."""
    return issue_token(gateway, role, party, label, now, expires_at=expires_at, rights=rights, domains=domains).text


def issue_token(
    gateway: Gateway,
    role: TokenRole,
    party: str | None,
    label: str,
    now: datetime,
    *,
    expires_at: datetime | None = None,
    rights: Iterable[Right] | None = None,
    domains: Iterable[Domain] = DOMAINS,
) -> Issued:
    """Make a token. A party that is not known yet becomes so.

    Without `rights` it gets all that its role can have, without `expires_at` it has no end. Raises Unfit where role,
    party, rights and domains do not go together, or the party's code is none.
    """
    token = Token(
        id=new_id(now),
        role=role,
        party=party,
        label=label,
        created_at=now,
        expires_at=expires_at,
        rights=RIGHTS[role] if rights is None else frozenset(rights),
        domains=frozenset(domains),
    )
    _check(token)
    return _kept(gateway, token)


def rotate_token(
    gateway: Gateway, token_id: str, now: datetime, *, expires_at: datetime, overlap: timedelta
) -> Issued | None:
    """Make a token in the place of another, with the same party, rights, domains and label; None if there is none.

    The other one stays good for the `overlap`, and not longer. Raises ConfigurationError where it is good no more.
    """
    if not is_id(token_id):
        return None
    with gateway.database.reading() as transaction:
        old = parties.token(transaction, token_id)
    if old is None:
        return None
    if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
        raise ConfigurationError(f"Token {token_id} is good no more, so nothing can take its place: make a new one")
    new = replace(
        old, id=new_id(now), created_at=now, expires_at=expires_at, last_used_at=None, replaces=old.id, revoked_at=None
    )
    _check(new)
    return _kept(gateway, new, old_ends=now + overlap)


def list_tokens(gateway: Gateway) -> list[Token]:
    """Every token, oldest first."""
    with gateway.database.reading() as transaction:
        return parties.all_tokens(transaction)


def find_tokens(gateway: Gateway, wanted: TokenSearch, now: datetime, *, before: str | None, limit: int) -> list[Token]:
    """Tokens that match, newest first, those older than the one with id `before`."""
    with gateway.database.reading() as transaction:
        return parties.some_tokens(transaction, wanted, now, before=before, limit=limit)


def token_of(gateway: Gateway, token_id: str) -> Token | None:
    """The token with this id, good or not."""
    if not is_id(token_id):
        return None
    with gateway.database.reading() as transaction:
        return parties.token(transaction, token_id)


def end_of(day: date) -> datetime:
    """When a token ends that is good up to and including this day, in Europe/Amsterdam. Raises Unfit past all years."""
    if day.year == date.max.year:
        raise Unfit({"expires_at": f"A token ends before the year {date.max.year}"})
    return datetime.combine(day + timedelta(days=1), time(), AMSTERDAM)


def revoke_token(gateway: Gateway, token_id: str, now: datetime) -> Token | None:
    """Revoke a token at once; None if there is none with this id."""
    if not is_id(token_id):
        return None
    with gateway.database.writing() as transaction:
        return parties.revoke(transaction, token_id, now)


def is_party_code(code: str | None) -> bool:
    """Whether this is the form of a municipality's or a provider's code."""
    return code is not None and code.isascii() and code.isdigit() and len(code) in {4, 8}


def checked_code(code: str) -> str:
    """A party's code. Raises Unfit where it is none."""
    if not is_party_code(code):
        raise Unfit({"code": NO_CODE.format(code)})
    return code


def _check(token: Token) -> None:
    if faults := dict(_faults(token)):
        raise Unfit(faults)


def _faults(token: Token) -> Iterator[tuple[str, str]]:
    if (token.role is TokenRole.PARTY) is not (token.party is not None):
        yield "party", "A token is for a party, or has the role operator or auditor"
    elif token.party is not None and not is_party_code(token.party):
        yield "party", NO_CODE.format(token.party)
    if not 0 < len(token.label.strip()) <= 80:
        yield "label", "A token needs a label of at most 80 characters that says what it is for"
    if token.expires_at is not None and token.expires_at <= token.created_at:
        yield "expires_at", "A token must end later than now"
    if not token.rights or not token.rights <= RIGHTS[token.role]:
        can = ", ".join(sorted(RIGHTS[token.role]))
        yield "rights", f"A token with the role {token.role} has one or more of the rights {can}"
    if not token.domains or (token.party is None and token.domains != DOMAINS):
        yield "domains", "A token is for wmo, jw or both; that of an operator or auditor always for both"


def _kept(gateway: Gateway, token: Token, *, old_ends: datetime | None = None) -> Issued:
    text = f"iwmo_{secrets.token_urlsafe(32)}"
    with gateway.database.writing() as transaction:
        if token.party is not None:
            parties.register(transaction, token.party, token.created_at)
        parties.add_token(transaction, token, _digest(text))
        if token.replaces is not None and old_ends is not None:
            parties.end_token(transaction, token.replaces, old_ends)
    return Issued(token, text)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
