"""Where the keys come from: the settings, a file, or beside an embedded database a file that is made."""

import hashlib
import os
import re
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from iwmo_gateway.errors import ConfigurationError, StoreConflict
from iwmo_gateway.gateway.keyring import Keyring
from iwmo_gateway.settings import Settings
from iwmo_gateway.store import keys
from iwmo_gateway.store.database import Database

_KEY: Final = re.compile(r"([0-9]{1,4}):([0-9a-fA-F]{64})")
FIRST: Final = 1
"""The version of the key in IWMO_SECRET_KEY, or in the file beside an embedded database."""


def open_keyring(settings: Settings, database: Database) -> Keyring:
    """The keys of these settings.

    Raises ConfigurationError where there is none, or one cannot be read.
    """
    return Keyring(lambda: _read(settings, database))


def take_keys(settings: Settings, database: Database, keyring: Keyring) -> None:
    """Hold the keys against those that this database was filled with; the first ones that come are noted there.

    Raises ConfigurationError where one is missing or another than before.
    """
    with database.reading() as transaction:
        registered = keys.registered(transaction)
    if not registered:
        proofs = {version: keyring.proof(version) for version in keyring.versions}
        with suppress(StoreConflict), database.writing() as transaction:
            keys.register(transaction, proofs, datetime.now(UTC))
    follow_keys(settings, database, keyring)


def follow_keys(settings: Settings, database: Database, keyring: Keyring) -> None:
    """Encrypt with the key that this database is encrypted with by now; it may have come since this process started.

    Raises ConfigurationError where a key in use is missing or another than before.
    """
    with database.reading() as transaction:
        registered = keys.registered(transaction)
    in_use = {version for version, key in registered.items() if key.retired_at is None}
    if not in_use <= keyring.versions:
        keyring.reload()
    for version in sorted(in_use):
        if version not in keyring.versions:
            raise ConfigurationError(
                f"{named(settings, database, version)} lacks key {version}, which this database was filled with"
            )
        if keyring.proof(version) != registered[version].proof:
            raise ConfigurationError(
                f"{named(settings, database, version)} is not the key that this database was filled with"
            )
    if in_use:
        keyring.use(max(in_use), frozenset(registered) - in_use)


def named(settings: Settings, database: Database, version: int) -> str:
    """Where the key of this version is looked for, for those who have to mend it."""
    if version == FIRST:
        embedded = settings.secret_key is None and database.embedded
        return f"The key in {_first_file(database)}" if embedded else "IWMO_SECRET_KEY"
    file = key_file(settings, database)
    return "IWMO_ENCRYPTION_KEYS" if file is None else f"{file} or IWMO_ENCRYPTION_KEYS"


def key_file(settings: Settings, database: Database) -> Path | None:
    """The file of newer keys, whether or not it is there; None where only the settings have them."""
    if settings.encryption_keys_file is not None or not database.embedded:
        return settings.encryption_keys_file
    return database.path.with_suffix(".keys")


def add_to(path: Path, key: str) -> None:
    """Add a key to a file of keys, which its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
        file.write(f"{key}\n")


def _read(settings: Settings, database: Database) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    given = settings.encryption_keys.get_secret_value().strip() if settings.encryption_keys is not None else ""
    if given:
        found |= _parsed(given.split(","), "IWMO_ENCRYPTION_KEYS")
    file = key_file(settings, database)
    if file is not None and (settings.encryption_keys_file is not None or file.exists()):
        found |= _parsed(_lines(file), str(file))
    if FIRST in found and settings.secret_key is not None:
        raise ConfigurationError("Key 1 is IWMO_SECRET_KEY: count newer keys in IWMO_ENCRYPTION_KEYS from 2")
    if settings.secret_key is not None:
        found[FIRST] = hashlib.sha256(settings.secret_key.get_secret_value().encode()).digest()
    elif database.embedded and FIRST not in found and (not found or _first_file(database).exists()):
        found[FIRST] = _kept_secret(_first_file(database))
    if not found:
        raise ConfigurationError(
            "Set IWMO_SECRET_KEY: every process on one PostgreSQL database needs the same key. Later ones go in "
            "IWMO_ENCRYPTION_KEYS"
        )
    return found


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The file of keys {file} cannot be read: {type(error).__name__}") from None


def _parsed(texts: list[str], where: str) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for nr, text in enumerate(texts, 1):
        match = _KEY.fullmatch(text.strip())
        if match is None or int(match[1]) == 0 or int(match[1]) in found:
            raise ConfigurationError(f"{where}: key {nr} should be a version of its own, `:` and 64 hexadecimal digits")
        found[int(match[1])] = bytes.fromhex(match[2])
    return found


def _first_file(database: Database) -> Path:
    """Where the first key of an embedded database is kept."""
    return database.path.with_suffix(".key")


def _kept_secret(path: Path) -> bytes:
    """The key beside an embedded database, made the first time, readable by its owner alone."""
    if not path.exists():
        # Under its own name only when it is whole: another process may be starting at this moment.
        with NamedTemporaryFile(dir=path.parent, prefix=path.name) as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    key = path.read_bytes()
    if len(key) != 32:
        raise ConfigurationError(f"The key file {path} is damaged: it should hold 32 bytes")
    return key
