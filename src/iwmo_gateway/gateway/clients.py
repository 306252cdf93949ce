"""Clients: finding them by hashes of the Bsn, and keeping facts about them with what is personal encrypted."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.keyring import Keyring, version_of
from iwmo_gateway.rules.historie import Historie
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.standard.berichten import Bericht, Toewijzingsbericht
from iwmo_gateway.standard.declaraties import Factuurbericht
from iwmo_gateway.store import clients, facts, rotation
from iwmo_gateway.store.clients import NewClient
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Message


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a message's clients: the facts, and the Bsns of those who were not here before."""

    historie: Historie
    new: frozenset[str] = frozenset()


def asked(keyring: Keyring, transaction: Transaction, bericht: Bericht) -> Callable[[], Known]:
    """Ask who the clients of a message are, in one query; what is returned waits for it.

    One who is not here yet is given what facts will know him by.
    """
    hashes = {client.bsn: list(keyring.hashes(client.bsn).values()) for client in bericht.clienten}
    found = clients.asked(transaction, [hashed for each in hashes.values() for hashed in each])
    return lambda: _known(bericht, hashes, found())


def _known(bericht: Bericht, hashes: Mapping[str, list[bytes]], found: Mapping[bytes, bytes]) -> Known:
    known = {bsn: next((found[hashed] for hashed in each if hashed in found), None) for bsn, each in hashes.items()}
    historie = Historie(
        clienten={bsn: (client or clients.new()).hex() for bsn, client in known.items()},
        geboortedata=birth_dates(bericht),
    )
    return Known(historie, frozenset(bsn for bsn, client in known.items() if client is None))


def opened(keyring: Keyring, known: Known) -> Known:
    """The same with the birth dates that earlier messages told decrypted, so that they can be compared."""
    historie = known.historie
    if not historie.bekend or not historie.geboortedata:
        return known
    bekend = {
        client: kept and _birth_date(keyring, historie, bsn, bytes.fromhex(kept))
        for bsn, client in historie.clienten.items()
        if (kept := historie.bekend.get(client, "")) != ""
    }
    return replace(known, historie=replace(historie, bekend=bekend))


def keep_facts(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    bericht: Bericht,
    known: Known,
    settlement: Settlement | None,
) -> None:
    """Keep what a message that counts makes, and its clients that were not here before.

    Raises StoreConflict if another message was first.
    """
    keyring, historie = gateway.keyring, known.historie
    clients.add(transaction, [_new(keyring, bsn, historie.clienten) for bsn in sorted(known.new)])
    birth = _sealed_birth(keyring, bericht, historie) if isinstance(bericht, Toewijzingsbericht) else None
    facts.add_facts(transaction, message, bericht, historie, settlement, birth)


def birth_dates(bericht: Bericht) -> dict[str, str]:
    """Each client's birth date, where the message tells the whole of it."""
    if not isinstance(bericht, Toewijzingsbericht | Factuurbericht):
        return {}
    return {
        client.bsn: client.geboortedatum.datum.isoformat()
        for client in bericht.clienten
        if client.geboortedatum is not None and client.geboortedatum.datum_gebruik is None
    }


def hashed_birth(keyring: Keyring, bsn: str, birth: str) -> bytes | None:
    """What was kept of a birth date before it was encrypted; None where the first key is gone."""
    return keyring.hashes(f"{bsn} {birth}").get(1)


def _new(keyring: Keyring, bsn: str, clienten: Mapping[str, str]) -> NewClient:
    client = bytes.fromhex(clienten[bsn])
    sealed = keyring.seal_bsn(client, bsn)
    return NewClient(client, sealed, version_of(sealed), keyring.hashes(bsn))


def _sealed_birth(keyring: Keyring, bericht: Toewijzingsbericht, historie: Historie) -> bytes | None:
    bsn = bericht.client.bsn
    birth = historie.geboortedata.get(bsn)
    return keyring.seal_birth(bytes.fromhex(historie.clienten[bsn]), birth) if birth else None


def _birth_date(keyring: Keyring, historie: Historie, bsn: str, kept: bytes) -> str | None:
    if len(kept) != rotation.HASHED:
        return keyring.open_birth(bytes.fromhex(historie.clienten[bsn]), kept)
    told = historie.geboortedata.get(bsn)
    same = told and hmac.compare_digest(kept, hashed_birth(keyring, bsn, told) or b"")
    return told if same else kept.hex()
