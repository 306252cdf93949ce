"""The administration of parties: who is known, in which domains, who answers, and who acts for whom."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum

from iwmo_gateway.errors import Unfit
from iwmo_gateway.gateway.access import NO_CODE, checked_code, is_party_code
from iwmo_gateway.gateway.context import Gateway, is_id, new_id
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store import mandates, parties
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.mandates import Mandate
from iwmo_gateway.store.parties import Party


class Unreachable(StrEnum):
    """Why a party cannot be sent something."""

    UNKNOWN = "unknown"
    NOT_IN_DOMAIN = "not-in-domain"


def list_parties(gateway: Gateway) -> list[Party]:
    """Every party that ever called, was made known, or was sent something."""
    with gateway.database.reading() as transaction:
        return parties.all_parties(transaction)


def find_parties(gateway: Gateway, begins: str, *, after: str, limit: int) -> list[Party]:
    """Parties whose code begins so, in the order of the codes, behind this one."""
    with gateway.database.reading() as transaction:
        return parties.some_parties(transaction, begins, after=after, limit=limit)


def party_of(gateway: Gateway, code: str) -> Party | None:
    """The party with this code, made known or not."""
    with gateway.database.reading() as transaction:
        return parties.by_code(transaction, code)


def add_party(gateway: Gateway, party: str, now: datetime) -> None:
    """Make a party known: from now on messages can be sent to it, in both domains. Harmless if it is.

    Raises Unfit where the code is none.
    """
    with gateway.database.writing() as transaction:
        parties.register(transaction, checked_code(party), now)


def set_answering(gateway: Gateway, party: str, now: datetime, *, itself: bool) -> None:
    """Say whether a party sends its return messages itself. One that is not known yet becomes so.

    Raises Unfit where the code is none.
    """
    with gateway.database.writing() as transaction:
        parties.register(transaction, checked_code(party), now)
        parties.change(transaction, party, answers_itself=itself)


def set_domains(gateway: Gateway, party: str, now: datetime, domains: Iterable[Domain]) -> None:
    """Say in which domains a party takes part; elsewhere it neither sends, gets nor sees. One not known becomes so.

    Raises Unfit where the code is none, or no domain is left.
    """
    wanted = _some(domains)
    with gateway.database.writing() as transaction:
        parties.register(transaction, checked_code(party), now)
        parties.change(transaction, party, domains=wanted)


def set_party(gateway: Gateway, party: str, now: datetime, *, domains: Iterable[Domain], itself: bool) -> None:
    """Say both at once: where a party takes part, and whether it sends its return messages itself.

    Raises Unfit where the code is none, or no domain is left.
    """
    wanted = _some(domains)
    with gateway.database.writing() as transaction:
        parties.register(transaction, checked_code(party), now)
        parties.change(transaction, party, domains=wanted, answers_itself=itself)


def unreachable(gateway: Gateway, transaction: Transaction, code: str, domain: Domain) -> Unreachable | None:
    """Why nothing can be sent to this party in this domain; None if it can."""
    party = parties.by_code(transaction, code)
    if (party is None or party.registered_at is None) and gateway.settings.receivers == "known":
        return Unreachable.UNKNOWN
    return Unreachable.NOT_IN_DOMAIN if party is not None and domain not in party.domains else None


def create_mandate(
    gateway: Gateway,
    actor: str,
    now: datetime,
    *,
    party: str,
    bureau: str,
    vanaf: date | None = None,
    tot_en_met: date | None = None,
) -> Mandate:
    """Let a service bureau act for a party, from `vanaf` (today) until `tot_en_met`, or until it is revoked.

    Both become known. Raises Unfit where a code is none, or the days leave nothing.
    """
    begins = vanaf or day_of(now)
    mandate = Mandate(new_id(now), party, bureau, begins, tot_en_met, now, actor)
    if faults := dict(_faults(mandate)):
        raise Unfit(faults)
    with gateway.database.writing() as transaction:
        for code in (party, bureau):
            parties.register(transaction, code, now)
        mandates.add(transaction, mandate)
    return mandate


def list_mandates(gateway: Gateway) -> list[Mandate]:
    """Every mandate, oldest first: those that ended too."""
    with gateway.database.reading() as transaction:
        return mandates.all_mandates(transaction)


def find_mandates(gateway: Gateway, party: str | None, *, before: str | None, limit: int) -> list[Mandate]:
    """Mandates that a party gave or has, or all of them, newest first, those older than the one with id `before`."""
    with gateway.database.reading() as transaction:
        return mandates.some(transaction, party, before=before, limit=limit)


def mandate_of(gateway: Gateway, mandate_id: str) -> Mandate | None:
    """The mandate with this id, ended or not."""
    if not is_id(mandate_id):
        return None
    with gateway.database.reading() as transaction:
        return mandates.by_id(transaction, mandate_id)


def revoke_mandate(gateway: Gateway, actor: str, mandate_id: str, now: datetime) -> Mandate | None:
    """End a mandate at once; None if there is none with this id."""
    if not is_id(mandate_id):
        return None
    with gateway.database.writing() as transaction:
        return mandates.revoke(transaction, mandate_id, actor, now)


def _some(domains: Iterable[Domain]) -> frozenset[Domain]:
    wanted = frozenset(domains)
    if not wanted:
        raise Unfit({"domains": "A party takes part in wmo, jw or both"})
    return wanted


def _faults(mandate: Mandate) -> Iterator[tuple[str, str]]:
    for name, code in (("party", mandate.party), ("bureau", mandate.bureau)):
        if not is_party_code(code):
            yield name, NO_CODE.format(code)
    if mandate.party == mandate.bureau:
        yield "bureau", "A party needs no mandate to act for itself"
    if mandate.tot_en_met is not None and mandate.tot_en_met < mandate.vanaf:
        yield "tot_en_met", "A mandate ends on the day that it begins, or later"
