"""XML in and out: hardened parsing, and what a message is before any schema has looked at it."""

import re
import threading
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from lxml import etree

from iwmo_gateway.standard.kinds import Soort, soort_of

MAX_BYTES: Final = 25 * 1024 * 1024
"""The chain's own limit for one message."""
MAX_DEPTH: Final = 64
"""Deeper than any message of the standard, and shallow enough for every walk over a tree."""
MAX_ATTRIBUTES: Final = 64
"""Of one element. The standard knows none; a fault for each of a million costs a minute to tell."""

_ENCODINGS: Final = frozenset({"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "US-ASCII", "ASCII"})
_BOM: Final = b"\xef\xbb\xbf"

Path = tuple[str, ...]


class XmlProblem(StrEnum):
    """Why bytes are not a message that anyone could look at further."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_XML = "not-xml"
    ENCODING = "encoding"
    DTD = "dtd"
    TOO_DEEP = "too-deep"
    TOO_MANY_ATTRIBUTES = "too-many-attributes"
    UNKNOWN_KIND = "unknown-kind"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What was wrong with the bytes: in Dutch, with what was expected and the line if it is known; no content."""

    problem: XmlProblem
    tekst: str
    verwacht: str
    regelnummer: int | None = None


@dataclass(frozen=True, slots=True)
class Kop:
    """What the header says, read before the schema has judged it: any of it may be missing or wrong.

    Afzender and ontvanger are the real ones: for a return message, which copies both unchanged, the other way round.
    """

    afzender: str | None
    ontvanger: str | None
    identificatie: str | None
    dagtekening: date | None
    declaratie_nummer: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A well-formed document whose kind is known by its namespace and root."""

    soort: Soort
    tree: "etree._ElementTree"
    kop: Kop

    @property
    def root(self) -> "etree._Element":
        """The Bericht element."""
        return self.tree.getroot()


class _Parsers(threading.local):
    """One parser per thread: a shared one makes two threads slower than one."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            remove_blank_text=True,  # what stands between elements is a third of a tree, and says nothing
        )


_PARSERS = _Parsers()


def read(body: bytes, max_bytes: int = MAX_BYTES) -> Document | Unreadable:
    """What these bytes are: a document of a known kind, or why they are none.

    Takes UTF-8 with or without BOM, UTF-16 and ISO-8859-1 as the document declares them. Refuses every DTD, and
    with it every entity; fetches nothing.
    """
    if len(body) > max_bytes:
        return Unreadable(
            XmlProblem.TOO_LARGE,
            f"Het bericht telt {len(body)} bytes.",
            f"ten hoogste {max_bytes} bytes",
        )
    if not body.strip(b"\x00\x09\x0a\x0d\x20\xef\xbb\xbf\xff\xfe"):
        return Unreadable(XmlProblem.EMPTY, "Er is geen bericht meegestuurd.", "een XML-bericht")
    try:
        tree = etree.ElementTree(etree.fromstring(body, _PARSERS.parser))
    except etree.XMLSyntaxError as error:
        return _DTD if any(mark in body for mark in _DOCTYPE) else _not_xml(error, cut_off=_stops_at_end(error, body))
    return _refused_construction(tree, body) or identify(tree)


def identify(tree: "etree._ElementTree") -> Document | Unreadable:
    """The kind of a parsed document, from the namespace and name of its root and nothing else."""
    name = etree.QName(tree.getroot())
    soort = soort_of(name.namespace or "") if name.localname == "Bericht" else None
    if soort is None:
        return Unreadable(
            XmlProblem.UNKNOWN_KIND,
            f"Het bericht begint met element {name.localname[:80]} in namespace {(name.namespace or '(geen)')[:120]}; "
            "dat is geen bericht van iWmo of iJw in een release die hier bekend is.",
            "element Bericht in een namespace als http://www.istandaarden.nl/iwmo/3_2/wmo301/schema",
            tree.getroot().sourceline,
        )
    return Document(soort, tree, _kop(tree.getroot(), soort))


def serialise(root: "etree._Element") -> bytes:
    """The document as the standard wants it sent (OP192): UTF-8 without BOM, lines ended by CR LF."""
    etree.indent(root, space="  ")
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n"


def text_at(element: "etree._Element", *names: str) -> str | None:
    """The text of the first descendant reached by these local names, whatever its namespace."""
    for name in names:
        found = _child(element, name)
        if found is None:
            return None
        element = found
    return (element.text or "").strip() or None


def _child(element: "etree._Element", name: str) -> "etree._Element | None":
    return next(element.iterchildren(f"{{*}}{name}"), None)


def local_name(element: "etree._Element") -> str:
    """The element's name without its namespace."""
    tag = element.tag
    return _local(tag) if isinstance(tag, str) else ""


@lru_cache(4096)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _kop(root: "etree._Element", soort: Soort) -> Kop:
    header = _child(root, "Header")
    if header is None:
        return Kop(None, None, None, None)
    if soort.code.endswith(("303", "304")):
        names = ("Aanbieder", "Gemeente")
        identificatie: Path = ("DeclaratieFactuurIdentificatie", "DeclarantFactuurNummer")
        dagtekening: Path = ("DeclaratieFactuurIdentificatie", "FactuurDagtekening")
    else:
        names = ("Afzender", "Ontvanger")
        identificatie, dagtekening = ("BerichtIdentificatie", "Identificatie"), ("BerichtIdentificatie", "Dagtekening")
    if soort.is_answer and not soort.code.endswith("325"):
        # Its header is that of the message that it answers, with an identification of its own beside it.
        names = names[::-1]
        identificatie, dagtekening = ("IdentificatieRetour",), ("DagtekeningRetour",)
        if soort.code.endswith("304"):
            identificatie, dagtekening = (
                ("RetourHeader", "GemeenteReferentieNummer"),
                ("RetourHeader", "RetourDagtekening"),
            )
    number = text_at(header, *identificatie)
    if soort.is_answer:
        of_claim = text_at(root, "DeclaratieAntwoord", "DeclaratieNummer")
    else:
        of_claim = number if soort.code.endswith("303") else text_at(root, "Declaratie", "DeclaratieNummer")
    return Kop(
        afzender=text_at(header, names[0]),
        ontvanger=text_at(header, names[1]),
        identificatie=number,
        dagtekening=_day(text_at(header, *dagtekening)),
        declaratie_nummer=of_claim,
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


_DTD: Final = Unreadable(XmlProblem.DTD, "Het bericht bevat een DTD (DOCTYPE).", "een bericht zonder DTD en entiteiten")
_DOCTYPE: Final = ["<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]


def _stops_at_end(error: etree.XMLSyntaxError, body: bytes) -> bool:
    """Whether the parser ran out of text: what is there may be right as far as it goes."""
    lines = body.splitlines() or [b""]
    return (error.lineno or 0) >= len(lines) and (error.offset or 0) >= len(lines[-1])


def _not_xml(error: etree.XMLSyntaxError, *, cut_off: bool) -> Unreadable:
    line = error.lineno or None
    # The codes are libxml2's xmlParserErrors. Its messages can hold content of the document, so they are not repeated.
    code = error.code
    if code in {31, 32, 81, 6003}:
        return Unreadable(
            XmlProblem.ENCODING,
            "De tekens van het bericht passen niet bij de opgegeven tekencodering.",
            "UTF-8, UTF-16 of ISO-8859-1, zoals de XML-declaratie zegt",
            line,
        )
    if "depth" in (error.msg or "").lower():
        return _too_deep(line)
    if code in {26, 28, 66, 89, 107, 111}:
        return Unreadable(
            XmlProblem.DTD,
            "Het bericht verwijst naar een entiteit.",
            "een bericht zonder DTD en entiteiten",
            line,
        )
    told = _SYNTAX.get(code, "de opbouw klopt niet")
    if code == _MISMATCH and (opened := _OPENED.search(error.msg or "")) is not None:
        told += f": het element dat op regel {opened[1]} begint, is daar nog niet afgesloten"
    return Unreadable(
        XmlProblem.NOT_XML,
        f"Het bericht is geen welgevormde XML: {_CUT_OFF if cut_off and code != _MISMATCH else told}.",
        "een volledig, welgevormd XML-document",
        line,
    )


_MISMATCH: Final = 76
_OPENED: Final = re.compile("line ([0-9]+) and ")
"""Where libxml2 tells the line of a start tag; the name beside it is of the message, and is not told."""
_CUT_OFF: Final = "een element is niet afgesloten; het bericht lijkt afgebroken"
_SYNTAX: Final = {
    4: "het begint niet met een element",
    5: "er staat nog iets na het laatste element",
    39: "een waarde van een attribuut staat niet tussen aanhalingstekens",
    42: "een attribuut staat er twee keer",
    64: "de XML-declaratie staat niet helemaal aan het begin",
    68: "een naam ontbreekt of bevat een teken dat niet mag",
    73: "een teken > ontbreekt",
    74: "een element is niet afgesloten; het bericht lijkt afgebroken",
    _MISMATCH: "een begin- en eindtag horen niet bij elkaar",
    77: "een element is niet afgesloten; het bericht lijkt afgebroken",
    201: "een namespace-prefix is niet gedeclareerd",
}


def _refused_construction(tree: "etree._ElementTree", body: bytes) -> Unreadable | None:
    info = tree.docinfo
    if info.internalDTD is not None or info.doctype:
        return _DTD
    if (info.encoding or "UTF-8").upper() not in _ENCODINGS:
        return Unreadable(
            XmlProblem.ENCODING,
            "De opgegeven tekencodering wordt niet ondersteund.",
            "UTF-8, UTF-16 of ISO-8859-1",
        )
    if _DEEPER(tree):
        return _too_deep(None)
    # Every attribute has an equals sign, which is one and the same byte in all of these encodings.
    return _OVERLOADED if body.count(b"=") > MAX_ATTRIBUTES and _MORE_ATTRIBUTES(tree) else None


def _too_deep(line: int | None) -> Unreadable:
    return Unreadable(
        XmlProblem.TOO_DEEP,
        "De elementen van het bericht zijn te diep genest.",
        f"ten hoogste {MAX_DEPTH} niveaus",
        line,
    )


_DEEPER: Final = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")
_MORE_ATTRIBUTES: Final = etree.XPath(f"boolean(/descendant::*/@*[{MAX_ATTRIBUTES + 1}])")
_OVERLOADED: Final = Unreadable(
    XmlProblem.TOO_MANY_ATTRIBUTES,
    "Een element van het bericht heeft te veel attributen.",
    f"ten hoogste {MAX_ATTRIBUTES} attributen bij een element",
)
