"""Keys in use: what is under which version, putting all of it under the newest, and retiring an old one."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from iwmo_gateway.errors import ConfigurationError, StoreBusy
from iwmo_gateway.gateway.clients import birth_dates, hashed_birth
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.keyring import Keyring, prefix_of
from iwmo_gateway.gateway.keysources import add_to, key_file, take_keys
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Unreadable, read
from iwmo_gateway.store import clients, keys, rotation
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.keys import Key
from iwmo_gateway.store.messages import COUNTS, PLAIN
from iwmo_gateway.store.rotation import Counts

TAKEN_UP: Final = timedelta(minutes=5)
"""Until then a process may not have seen that another key encrypts; each looks at least once a minute."""
_TRIES: Final = 5
"""How often some rows are tried while others have them in hand."""
_Place = TypeVar("_Place")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the keys; `key` is None for what is not encrypted, and for a key that is not in use yet."""

    version: int
    key: Key | None
    here: bool
    encrypts: bool
    counts: Counts


def versions(gateway: Gateway) -> list[Version]:
    """Every version that is here or was ever in use, with what is under it."""
    take_keys(gateway.settings, gateway.database, gateway.keyring)
    keyring = gateway.keyring
    with gateway.database.reading() as transaction:
        registered = keys.registered(transaction)
        counts = rotation.counts(transaction, keyring.newest)
    return [
        Version(
            version,
            registered.get(version),
            version in keyring.versions,
            version == keyring.newest,
            counts.get(version, Counts()),
        )
        for version in sorted(registered.keys() | keyring.versions | counts.keys())
    ]


def make(gateway: Gateway) -> tuple[int, str, Path | None]:
    """Make the next key: its version, its text for IWMO_ENCRYPTION_KEYS, and the file that it was added to, if any."""
    with gateway.database.reading() as transaction:
        registered = keys.registered(transaction)
    version = max(gateway.keyring.versions | registered.keys()) + 1
    text, file = f"{version}:{secrets.token_hex(32)}", key_file(gateway.settings, gateway.database)
    if file is not None:
        add_to(file, text)
    return version, text, file


def add(gateway: Gateway, now: datetime) -> int:
    """Have every process encrypt with the newest key of the settings; its version.

    Raises ConfigurationError where the settings have no newer one.
    """
    take_keys(gateway.settings, gateway.database, gateway.keyring)
    version = max(gateway.keyring.versions)
    if version <= gateway.keyring.newest:
        raise ConfigurationError(f"Key {version} is in use already: make a newer one with `iwmo-gateway keys new`")
    with gateway.database.writing() as transaction:
        keys.register(transaction, {version: gateway.keyring.proof(version)}, now)
    return version


def to_rotate(gateway: Gateway) -> int:
    """How many rows are not under the newest key."""
    return sum(_rows(each) for each in versions(gateway) if not each.encrypts)


def rotate(gateway: Gateway) -> Iterator[int]:
    """Put everything under the newest key, and tell after each transaction how many rows that were.

    What is read meanwhile is under one key or the other: both are needed. What was not reached, or was in hand
    elsewhere, is there for the next time.
    """
    take_keys(gateway.settings, gateway.database, gateway.keyring)
    yield from _each(gateway, _messages, "")
    yield from _each(gateway, _clients, b"")
    yield from _each(gateway, _births, (0, 0))


def tidy(gateway: Gateway) -> bool:
    """Give back the space in which an embedded database still has what was replaced; False where others use it now."""
    try:
        gateway.database.compact()
    except StoreBusy:
        return False
    return True


def retire(gateway: Gateway, version: int, now: datetime) -> None:
    """From now on a key is not needed.

    Raises ConfigurationError where something still needs it.
    """
    found = {each.version: each for each in versions(gateway)}
    wanted = found.get(version)
    if wanted is None or wanted.key is None:
        raise ConfigurationError(f"Key {version} is not in use; see `iwmo-gateway keys list`")
    if wanted.encrypts:
        raise ConfigurationError(f"Key {version} is the newest: it encrypts. Add a newer one first")
    needed = wanted.counts.messages + wanted.counts.clienten + wanted.counts.births + wanted.counts.alone
    if version == min(found.keys() - {PLAIN}) and PLAIN in found:
        # What is not encrypted yet is found by the first key.
        needed += found[PLAIN].counts.clienten + found[PLAIN].counts.births
    if needed:
        raise ConfigurationError(f"Key {version} is needed for {needed} rows: run `iwmo-gateway keys rotate`")
    newest = found[gateway.keyring.newest].key
    if newest is not None and now < newest.added_at + TAKEN_UP:
        raise ConfigurationError(
            f"Key {version} may still encrypt somewhere: not every process has seen key {newest.version} yet. "
            f"Retire it after {newest.added_at + TAKEN_UP:%H:%M} UTC"
        )
    with gateway.database.writing() as transaction:
        rotation.drop_hashes(transaction, version)
        keys.retire(transaction, version, now)


def _rows(version: Version) -> int:
    return version.counts.messages + version.counts.clienten + version.counts.births


def _each(
    gateway: Gateway, some: Callable[[Keyring, Transaction, _Place], tuple[int, _Place | None]], begin: _Place
) -> Iterator[int]:
    """Take up some rows after some rows, each time in a transaction of their own, until there are none."""
    after: _Place | None = begin
    tries = 0
    while after is not None:
        try:
            with gateway.database.writing() as transaction:
                done, after = some(gateway.keyring, transaction, after)
        except StoreBusy:
            tries += 1
            if tries == _TRIES:
                raise
            continue
        tries = 0
        yield done


def _messages(keyring: Keyring, transaction: Transaction, after: str) -> tuple[int, str | None]:
    found, last = rotation.messages_under_others(transaction, keyring.newest, after or None)
    opened = [(kept, keyring.open_xml(kept.id, kept.sealed)) for kept in found]
    for kept, xml in opened:
        if kept.sealed.key_version == PLAIN and kept.status in COUNTS:
            _encrypt_facts(keyring, transaction, xml)
    rotation.replace_xml(transaction, [(kept, keyring.seal_xml(kept.id, xml)) for kept, xml in opened])
    return len(found), last


def _encrypt_facts(keyring: Keyring, transaction: Transaction, xml: bytes) -> None:
    """Bsns and birth dates of clients that were known by hashes alone are in the message that told them."""
    document = read(xml, len(xml))
    if isinstance(document, Unreadable) or document.soort.is_answer:
        return
    bericht = to_bericht(document)
    hashes = {keyring.hashes(client.bsn)[1]: client.bsn for client in bericht.clienten}
    found = {hashes[hashed]: client for hashed, client in clients.find(transaction, list(hashes)).items()}
    bsns = {client: keyring.seal_bsn(client, bsn) for bsn, client in found.items()}
    rotation.fill_bsns(transaction, bsns, keyring.newest)
    births = [
        (found[bsn], hashed, keyring.seal_birth(found[bsn], birth))
        for bsn, birth in birth_dates(bericht).items()
        if bsn in found and (hashed := hashed_birth(keyring, bsn, birth))
    ]
    rotation.replace_births(transaction, births)


def _clients(keyring: Keyring, transaction: Transaction, after: bytes) -> tuple[int, bytes | None]:
    found = rotation.clients_under_others(transaction, keyring.newest, after)
    opened = [(kept, keyring.open_bsn(kept.client, kept.bsn)) for kept in found]
    replaced = [(kept, keyring.seal_bsn(kept.client, bsn), keyring.hashes(bsn)[keyring.newest]) for kept, bsn in opened]
    rotation.replace_bsns(transaction, replaced, keyring.newest)
    return len(found), found[-1].client if found else None


def _births(keyring: Keyring, transaction: Transaction, after: tuple[int, int]) -> tuple[int, tuple[int, int] | None]:
    found = rotation.births_under_others(transaction, prefix_of(keyring.newest), after)
    opened = [(kept, keyring.open_birth(kept.client, kept.geboortedatum)) for kept in found]
    replaced = [(kept.client, kept.geboortedatum, keyring.seal_birth(kept.client, birth)) for kept, birth in opened]
    rotation.replace_births(transaction, replaced)
    return len(found), found[-1].place if found else None
