"""What every action of the gateway works with: database, schemas, code lists and keys."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from iwmo_gateway import __version__
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.errors import KeptUnreadable
from iwmo_gateway.gateway.faults import Fault
from iwmo_gateway.gateway.keyring import Keyring
from iwmo_gateway.gateway.keysources import follow_keys, open_keyring, take_keys
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
from iwmo_gateway.store.messages import Message, Sealed
from iwmo_gateway.store.watched import Watched

_ID: Final = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True)
class Gateway:
    """One gateway on one database. Safe to share between threads."""

    settings: Settings
    database: Watched
    schemas: Schemas
    codelists: Codelists
    keyring: Keyring

    regels: str = __version__
    """The version of the rule set, which is that of the code."""

    @property
    def lease(self) -> timedelta:
        """How long a process may have a message in hand."""
        return timedelta(seconds=self.settings.lease_seconds)

    def bronnen(self, received_at: datetime, profielen: tuple[Profiel, ...]) -> Bronnen:
        """The outside sources for a message received at this moment, under the contracts of its municipality."""
        return Bronnen(day_of(received_at), self.codelists, profielen)

    def answer_shape(self, soort: Soort) -> AnswerShape:
        """What the schema of a return message asks for."""
        if soort not in self._shapes:
            self._shapes[soort] = self._read_shape(soort)
        return self._shapes[soort]

    def kept_document(self, message: Message, sealed: Sealed) -> Document:
        """The document of a kept message.

        Raises KeptUnreadable if its bytes do not read as they did when they were taken.
        """
        return self.document_of(message, self.keyring.open_xml(message.id, sealed))

    def document_of(self, message: Message, body: bytes) -> Document:
        """The document of a message whose bytes are not encrypted any more, or not yet.

        Raises KeptUnreadable if they do not read as they did when they were taken.
        """
        document = read(body, max(self.settings.max_message_bytes, len(body)))
        if isinstance(document, Unreadable):
            raise KeptUnreadable(f"The kept bytes of message {message.id} cannot be read: {document.problem}")
        return document

    def follow_keys(self) -> None:
        """Encrypt with the key that is to be encrypted with by now.

        Raises ConfigurationError where a key in use is missing, or another than before.
        """
        follow_keys(self.settings, self.database, self.keyring)

    def warm_up(self) -> None:
        """Be ready before the first message comes.

        Raises ConfigurationError for a folder of schemas that cannot be used, and for a key that is missing or another
        than before: what is kept could not be read, and clients would not be recognised any more.
        """
        take_keys(self.settings, self.database, self.keyring)
        self.schemas.verify()
        for soort in SOORTEN.values():
            if not soort.is_answer:
                self.answer_shape(answer_to(soort))

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
    database = Watched(settings.database_url)
    return Gateway(
        settings=settings,
        database=database,
        schemas=Schemas(settings.schemas or shipped("xsd")),
        codelists=load_codelists(settings.codelists or shipped("codelists")),
        keyring=open_keyring(settings, database),
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
