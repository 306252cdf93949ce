"""The schema files as files: finding what they take in, and what they say of themselves."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from lxml import etree

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.standard.xml import local_name

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_TAKING_IN: Final = ("import", "include", "redefine")


@dataclass(frozen=True, slots=True)
class XsdVersies:
    """The versions that a schema says it has, of release 3.x only."""

    basisschema: str
    bericht: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What a schema says of itself; `digest` is over its file and those that it takes in."""

    version: str
    versions: XsdVersies | None
    digest: str


def read_heading(path: Path) -> Heading:
    """Its versions, from the notes in xs:appinfo, and its digest."""
    files = dict(_with_imports(path))
    notes = {
        local_name(note): (note.text or "").strip()
        for tree in reversed(files.values())  # the message's own schema has the last word
        for note in tree.iterfind(f"{_XS}annotation/{_XS}appinfo/*")
    }
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    bericht, basisschema = notes.get("BerichtXsdVersie"), notes.get("BasisschemaXsdVersie")
    versions = XsdVersies(basisschema, bericht) if bericht and basisschema else None
    return Heading(bericht or notes.get("versie") or "?", versions, digest)


def _with_imports(path: Path) -> Iterator[tuple[Path, "etree._ElementTree"]]:
    """A schema and the local files that it takes in, each once, itself first."""
    waiting, seen = [path.resolve()], set[Path]()
    while waiting:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        tree = parse_schema(file)
        yield file, tree
        locations = (taken.get("schemaLocation", "") for name in _TAKING_IN for taken in tree.iterfind(_XS + name))
        waiting += [local for location in locations if (local := (file.parent / location).resolve()).is_file()]


@cache
def retour_codes(folder: Path, domain: Domain, release: str) -> frozenset[str]:
    """The return codes of a release, as its base schema lists them."""
    tree = parse_schema(folder / domain.standard / release / "basisschema.xsd")
    (listed,) = tree.iterfind(f"{_XS}simpleType[@name='LDT_RetourCode']")
    return frozenset(value.get("value", "") for value in listed.iter(f"{_XS}enumeration"))


def parse_schema(path: Path) -> "etree._ElementTree":
    """A schema file as XML. Raises ConfigurationError for one that is missing or no XML."""
    parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
    try:
        return etree.parse(str(path), parser)
    except (OSError, etree.XMLSyntaxError) as error:
        raise unusable(path, str(error)) from error


def schema_of_element(path: Path, namespace: str, name: str, type_name: str) -> "etree._ElementTree":
    """A schema of documents whose root is an element that another schema, `path`, has further inside."""
    text = _OF_ELEMENT.format(xs=_XS[1:-1], namespace=namespace, file=path.name, name=name, type_name=type_name)
    return etree.parse(BytesIO(text.encode()), base_url=str(path.with_name("of-element.xsd")))


_OF_ELEMENT: Final = """\
<xs:schema xmlns:xs="{xs}" xmlns:n="{namespace}" targetNamespace="{namespace}">
<xs:include schemaLocation="{file}"/>
<xs:element name="{name}" type="n:{type_name}"/>
</xs:schema>
"""


def unusable(path: Path, reason: str) -> ConfigurationError:
    """The error to raise for a schema that the gateway cannot work with."""
    return ConfigurationError(
        f"The schema {path} is missing or cannot be used: {reason}. Put the schemas of all releases below the folder "
        "of schemas, or set no folder at all and the shipped ones are used"
    )
