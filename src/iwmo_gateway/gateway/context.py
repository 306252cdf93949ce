"""What every action of the gateway works with: database, schemas, code lists and the key of the BSN hashes."""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from iwmo_gateway import __version__
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.errors import ConfigurationError, StoreError
from iwmo_gateway.gateway.faults import Fault
from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.rules.historie import Bronnen
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import load_codelists
from iwmo_gateway.standard.codelists import Codelists
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import SOORTEN, Soort, answer_to
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, Unreadable, read
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.messages import Message

_ID: Final = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True)
class Gateway:
    """One gateway on one database. Safe to share between threads."""

    settings: Settings
    database: Database
    schemas: Schemas
    codelists: Codelists
    secret: bytes

    regels: str = __version__
    """The version of the rule set, which is that of the code."""

    @property
    def lease(self) -> timedelta:
        """How long a process may have a message in hand."""
        return timedelta(seconds=self.settings.lease_seconds)

    def client_key(self, bsn: str) -> bytes:
        """The keyed hash by which a client is known in the store."""
        return hmac.digest(self.secret, bsn.encode(), "sha256")

    def birth_key(self, bsn: str, birth: date) -> bytes:
        """The keyed hash by which a client's birth date is compared: not to be found back from the date alone."""
        return self.client_key(f"{bsn} {birth}")

    def bronnen(self, received_at: datetime, profielen: tuple[Profiel, ...]) -> Bronnen:
        """The outside sources for a message received at this moment, under the contracts of its municipality."""
        return Bronnen(day_of(received_at), self.codelists, profielen)

    def answer_shape(self, soort: Soort) -> AnswerShape:
        """What the schema of a return message asks for."""
        if soort not in self._shapes:
            self._shapes[soort] = self._read_shape(soort)
        return self._shapes[soort]

    def kept_document(self, message: Message, body: bytes) -> Document:
        """The document of a kept message.

        Raises StoreError if its bytes do not read as they did when they were taken.
        """
        document = read(body, max(self.settings.max_message_bytes, len(body)))
        if isinstance(document, Unreadable):
            raise StoreError(f"The kept bytes of message {message.id} cannot be read: {document.problem}")
        return document

    @property
    def key_fits(self) -> bool:
        """Whether the key is the one that the database was filled with."""
        return self.database.key_fits("client", self.client_key("proof"))

    def warm_up(self) -> None:
        """Be ready before the first message comes.

        Raises ConfigurationError for a folder of schemas that cannot be used, and for another key than before:
        clients would not be recognised any more.
        """
        if not self.key_fits:
            raise ConfigurationError(f"{self._key_name} is not the key that this database was filled with")
        self.schemas.verify()
        for soort in SOORTEN.values():
            if not soort.is_answer:
                self.answer_shape(answer_to(soort))

    @property
    def _key_name(self) -> str:
        embedded = self.settings.secret_key is None and self.database.embedded
        return f"The key in {_key_file(self.database)}" if embedded else "IWMO_SECRET_KEY"

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    @cached_property
    def unkept(self) -> dict[str, Fault]:
        """Faults that could not be written down for want of a database, by message: done as soon as it is back."""
        return {}

    @cached_property
    def _shapes(self) -> dict[Soort, AnswerShape]:
        return {}

    def _read_shape(self, soort: Soort) -> AnswerShape:
        versions = self.schemas.versions(soort)
        return AnswerShape(
            classes=frozenset(path for path, facts in self.schemas.classes(soort).items() if facts.retour_codes),
            xsd_versie=(versions.basisschema, versions.bericht) if versions else None,
        )


def open_gateway(settings: Settings) -> Gateway:
    """The gateway that these settings describe.

    Raises ConfigurationError for a folder of schemas or code lists that cannot be used, or a missing key.
    """
    database = Database(settings.database_url)
    return Gateway(
        settings=settings,
        database=database,
        schemas=Schemas(settings.schemas or shipped("xsd")),
        codelists=load_codelists(settings.codelists or shipped("codelists")),
        secret=_secret(settings, database),
    )


def new_id(now: datetime) -> str:
    """A UUID of version 7: ids made later sort later."""
    milliseconds = int(now.timestamp() * 1000).to_bytes(6, "big")
    random = secrets.token_bytes(10)
    value = milliseconds + bytes([0x70 | random[0] & 0x0F, random[1], 0x80 | random[2] & 0x3F]) + random[3:]
    text = value.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def is_id(text: str) -> bool:
    """Whether this has the form of an id."""
    return _ID.fullmatch(text) is not None


def _secret(settings: Settings, database: Database) -> bytes:
    if settings.secret_key is not None:
        return hashlib.sha256(settings.secret_key.get_secret_value().encode()).digest()
    if not database.embedded:
        raise ConfigurationError("Set IWMO_SECRET_KEY: every process on one PostgreSQL database needs the same key")
    return _kept_secret(_key_file(database))


def _key_file(database: Database) -> Path:
    """Where the key of an embedded database is kept."""
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
