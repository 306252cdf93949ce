"""The keys, by version: each one encrypts what is kept, and hashes the Bsn by which a client is found."""

import hmac
import os
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from iwmo_gateway.errors import ConfigurationError, KeptUnreadable
from iwmo_gateway.store.messages import PLAIN, Sealed

_NONCE: Final = 12
_VERSION: Final = 2
"""How many bytes before the ciphertext tell the version of its key."""
_PROOF: Final = b"proof"
_FAST: Final = 1
"""XML shrinks to a third or less at the lowest level already, and a higher one costs more than it saves."""


class Keyring:
    """Every key that this process has, and the one that it encrypts with. Safe to share between threads."""

    def __init__(self, read: Callable[[], Mapping[int, bytes]]) -> None:
        """`read` tells the keys, by version; it is asked again where a key is missing, for it may have come since."""
        self._read = read
        self._keys: dict[int, bytes] = {}
        self._ciphers: dict[int, AESGCM] = {}
        self.audit_keys: dict[int, bytes] = {}
        """The keys of the seals of the audit trail: also of those that were retired, as long as they are here."""
        self.reload()
        self.newest = max(self._keys)

    def reload(self) -> None:
        """Take up keys that came since; none that is here goes."""
        # Each is replaced as a whole, ciphers first: other threads read them meanwhile.
        came = {version: key for version, key in self._read().items() if version not in self._keys}
        self._ciphers = self._ciphers | {version: _cipher(key) for version, key in came.items()}
        seals = {version: hmac.digest(key, b"seals of the audit trail", "sha256") for version, key in came.items()}
        self.audit_keys = self.audit_keys | seals
        self._keys = self._keys | came

    @property
    def versions(self) -> frozenset[int]:
        """The versions of the keys that are here."""
        return frozenset(self._keys)

    def use(self, version: int, retired: frozenset[int]) -> None:
        """Encrypt with this one from now on, and forget those that were retired."""
        self.newest = version
        if retired & self.versions:
            self._keys = {one: key for one, key in self._keys.items() if one not in retired}
            self._ciphers = {one: cipher for one, cipher in self._ciphers.items() if one not in retired}

    def proof(self, version: int) -> bytes:
        """What tells one key from another without telling the key."""
        return hmac.digest(self._keys[version], _PROOF, "sha256")

    def hashes(self, bsn: str) -> dict[int, bytes]:
        """The keyed hash of a Bsn under every key: by any of them its client is found."""
        return {version: hmac.digest(key, bsn.encode(), "sha256") for version, key in self._keys.items()}

    def seal(self, place: str, plain: bytes) -> bytes:
        """Encrypt with the newest key: version, nonce and ciphertext, which opens for the same place alone."""
        newest, nonce = self.newest, os.urandom(_NONCE)
        version = prefix_of(newest)
        return version + nonce + self._ciphers[newest].encrypt(nonce, plain, _bound(version, place))

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this place.

        Raises ConfigurationError where its key is missing, and KeptUnreadable where it was changed or moved.
        """
        version = version_of(sealed)
        if version not in self._ciphers:
            self.reload()
        if version not in self._ciphers:
            column = place.partition(" ")[0]
            raise ConfigurationError(
                f"Key {version} is needed to read {column}, and is not in IWMO_ENCRYPTION_KEYS or its file"
            )
        nonce, text = sealed[_VERSION : _VERSION + _NONCE], sealed[_VERSION + _NONCE :]
        try:
            return self._ciphers[version].decrypt(nonce, text, _bound(sealed[:_VERSION], place))
        except InvalidTag:
            raise KeptUnreadable(f"What is kept as {place} was changed, or moved there from another row") from None

    def seal_xml(self, message_id: str, xml: bytes) -> Sealed:
        """The bytes of a message as they are kept: made smaller, and encrypted for their own row."""
        if not xml:
            return Sealed(self.newest, xml)
        sealed = self.seal(_xml(message_id), zlib.compress(xml, _FAST))
        return Sealed(version_of(sealed), sealed)

    def open_xml(self, message_id: str, sealed: Sealed) -> bytes:
        """The bytes of a message as they came in or went out; those from before encryption as they are."""
        if sealed.key_version == PLAIN or sealed.purged:
            return sealed.xml
        return zlib.decompress(self.open(_xml(message_id), sealed.xml))

    def seal_bsn(self, client: bytes, bsn: str) -> bytes:
        """The Bsn of a client, for its own row."""
        return self.seal(f"clienten.bsn {client.hex()}", bsn.encode())

    def open_bsn(self, client: bytes, sealed: bytes) -> str:
        """The Bsn of a client."""
        return self.open(f"clienten.bsn {client.hex()}", sealed).decode()

    def seal_birth(self, client: bytes, birth: str) -> bytes:
        """The birth date of a client, for rows of that client."""
        return self.seal(f"toewijzing_versies.geboortedatum {client.hex()}", birth.encode())

    def open_birth(self, client: bytes, sealed: bytes) -> str:
        """The birth date of a client, as the standard writes it."""
        return self.open(f"toewijzing_versies.geboortedatum {client.hex()}", sealed).decode()


def version_of(sealed: bytes) -> int:
    """The version of the key that sealed it."""
    return int.from_bytes(sealed[:_VERSION], "big")


def prefix_of(version: int) -> bytes:
    """What everything that this key sealed begins with."""
    return version.to_bytes(_VERSION, "big")


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"iwmo-gateway: encryption at rest").derive(key))


def _bound(version: bytes, place: str) -> bytes:
    return version + place.encode()


def _xml(message_id: str) -> str:
    return f"messages.xml {message_id}"
