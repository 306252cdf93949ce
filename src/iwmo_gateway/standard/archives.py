"""A ZIP of messages: what is in it, unpacked one file at a time and within limits that no header is trusted for."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_FILES: Final = 30
"""The chain's own limit."""
TOGETHER: Final = 4
"""How often the limit of one message all files of a ZIP together may take."""

_CHUNK: Final = 64 * 1024
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1 | 0x40
_ENTRY: Final = b"PK\x01\x02"
_LONGEST_NAME: Final = 100
_CROWD: Final = 1_000
"""More marks of a file than chance could leave among thirty: refused before any of them is looked at."""


class ArchiveProblem(StrEnum):
    """Why a ZIP, or one file in it, is not taken."""

    NO_ZIP = "no-zip"
    TOO_MANY = "too-many"
    PASSWORD = "password"  # noqa: S105
    TOO_LARGE = "too-large"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Unpackable:
    """What was wrong with a ZIP or a file in it, in Dutch."""

    problem: ArchiveProblem
    tekst: str
    verwacht: str
    gevonden: str | None = None


def unpack(body: bytes, max_bytes: int) -> Unpackable | Iterator[tuple[str, bytes | Unpackable]]:
    """The name and bytes of each file, in the order of the archive, or why nothing of it is taken.

    A file is unpacked when it is asked for. One that is larger than `max_bytes`, or that makes all together more than
    four times as large, is no more than counted; what is damaged is told in its place.
    """
    if body.count(_ENTRY) > _CROWD:
        return _too_many(f"meer dan {_CROWD}")
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        return _no_zip("De body is geen ZIP-bestand, of het is beschadigd.")
    files = archive.infolist()
    return _refused(files) or _contents(archive, files, max_bytes)


def _refused(files: Sequence[zipfile.ZipInfo]) -> Unpackable | None:
    """What the list of files already says against the whole archive."""
    if not 1 <= len(files) <= MOST_FILES:
        return _too_many(str(len(files))) if files else _NOTHING
    if any(file.flag_bits & _ENCRYPTED for file in files):
        return _LOCKED
    names = set[str]()
    for name in (file.orig_filename for file in files):
        if not _is_plain(name):
            return _no_zip("Een bestand staat in een map, is een map, of heeft een naam die niet kan.", name)
        if name in names:
            return _no_zip("Twee bestanden hebben dezelfde naam.", name)
        names.add(name)
    if any(file.compress_type not in _METHODS for file in files):
        return _no_zip("Een bestand is ingepakt op een manier die niet wordt ondersteund.")
    return None


def _is_plain(name: str) -> bool:
    """Whether this is the name of a file and nothing else: no folder, no way out of one."""
    return name.isprintable() and name.strip(". ") != "" and not set(name) & set("/\\:")


def _contents(
    archive: zipfile.ZipFile, files: Sequence[zipfile.ZipInfo], max_bytes: int
) -> Iterator[tuple[str, bytes | Unpackable]]:
    left = TOGETHER * max_bytes
    with archive:
        for file in files:
            limit = min(max_bytes, left)
            try:
                content = _unpacked(archive, file, limit)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError):
                yield file.orig_filename, _no_zip("Dit bestand is in de ZIP beschadigd.")
                continue
            left -= limit if content is None else len(content)
            yield file.orig_filename, _too_large(max_bytes) if content is None else content


def _unpacked(archive: zipfile.ZipFile, file: zipfile.ZipInfo, limit: int) -> bytes | None:
    """The bytes of a file; None as soon as there are more than `limit`, whatever its header says."""
    chunks, size = [], 0
    with archive.open(file) as packed:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
    return b"".join(chunks)


_NUMBER: Final = f"1 tot {MOST_FILES} bestanden"
_NOTHING: Final = Unpackable(ArchiveProblem.EMPTY, "Het ZIP-bestand bevat geen bestanden.", _NUMBER)
_LOCKED: Final = Unpackable(
    ArchiveProblem.PASSWORD, "Het ZIP-bestand is met een wachtwoord beveiligd.", "een ZIP zonder wachtwoord"
)


def _no_zip(tekst: str, name: str | None = None) -> Unpackable:
    expected = "een ZIP van XML-bestanden, zonder mappen, elk met een eigen naam"
    return Unpackable(ArchiveProblem.NO_ZIP, tekst, expected, name and name[:_LONGEST_NAME])


def _too_many(found: str) -> Unpackable:
    return Unpackable(ArchiveProblem.TOO_MANY, f"Het ZIP-bestand bevat {found} bestanden.", _NUMBER)


def _too_large(max_bytes: int) -> Unpackable:
    return Unpackable(
        ArchiveProblem.TOO_LARGE,
        "Dit bestand is uitgepakt te groot, of alle bestanden tot en met dit samen.",
        f"ten hoogste {max_bytes} bytes, en samen ten hoogste {TOGETHER * max_bytes}",
    )
