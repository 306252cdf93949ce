"""What every return message is built with: codes, classes copied from the message, and the versions of our schemas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree

from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.kinds import Soort, answer_to
from iwmo_gateway.standard.xml import local_name

REJECTED: Final = "0001"
"""Refused for technical reasons: the only thing that the answer to a level-2 fault says."""
NO_REMARK: Final = "0200"
NOT_JUDGED: Final = "0233"
APPROVED: Final = "8001"
"""A claim is approved as a whole."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """What the answer's schema asks for.

    `classes` are the paths of local names below which RetourCodes stand; `xsd_versie` is the version of our own
    schemas (base schema, message schema), None in 2.3, which does not tell it.
    """

    classes: frozenset[Path]
    xsd_versie: tuple[str, str] | None


def codes_by_pad(verdict: Verdict) -> Mapping[str, tuple[str, ...]]:
    """The codes to tell, by the path of the class at fault; each once, in the order in which they were found."""
    by_pad: dict[str, dict[str, None]] = {}
    for finding in verdict.findings:
        if finding.actie is Actie.REJECT and finding.retourcode:
            by_pad.setdefault(finding.pad, {})[finding.retourcode] = None
    return {pad: tuple(codes) for pad, codes in by_pad.items()}


def new_bericht(answer: Soort) -> "etree._Element":
    """The Bericht element of an answer, without anything in it."""
    return etree.Element(
        f"{{{answer.namespace}}}Bericht",
        nsmap={answer.code.lower(): answer.namespace, answer.domain.standard: answer.basis_namespace},
    )


def child_named(element: "etree._Element", name: str) -> "etree._Element":
    """The child with this local name, which the schema guarantees."""
    return next(child for child in element if local_name(child) == name)


@cache
def _beginnings(soort: Soort) -> tuple[str, str]:
    """What the tags of a message of this kind begin with, and those of its answer."""
    return f"{{{soort.namespace}}}", f"{{{answer_to(soort).namespace}}}"


def copied(element: "etree._Element", parent: "etree._Element", soort: Soort) -> "etree._Element":
    """The element of a message of this kind with its text, in the answer's namespace if it was in the message's own."""
    own, answers = _beginnings(soort)
    tag = str(element.tag)
    copy: etree._Element = etree.SubElement(parent, answers + tag.removeprefix(own) if tag.startswith(own) else tag)
    if len(element) == 0:
        copy.text = element.text
    return copy


def copied_whole(element: "etree._Element", parent: "etree._Element", soort: Soort) -> "etree._Element":
    """The element with all that is in it."""
    copy = copied(element, parent, soort)
    for child in element:
        copied_whole(child, copy, soort)
    return copy


def bericht_code(message_code: str, soort: Soort) -> str:
    """The BerichtCode that answers this one."""
    return answer_to(soort).bericht_codes[soort.bericht_codes.index(message_code.strip())]


def retour_codes(parent: "etree._Element", namespace: str, codes: Iterable[str]) -> None:
    """RetourCodes with these codes."""
    holder = etree.SubElement(parent, f"{{{namespace}}}RetourCodes")
    for code in codes:
        text(holder, namespace, "RetourCode", code)


def xsd_versie(parent: "etree._Element", answer: Soort, name: str, versions: tuple[str, str]) -> None:
    """Which version of base schema and message schema a message was made with."""
    holder = etree.SubElement(parent, f"{{{answer.namespace}}}{name}")
    for element, version in zip(("BasisschemaXsdVersie", "BerichtXsdVersie"), versions, strict=True):
        text(holder, answer.basis_namespace, element, version)


def text(parent: "etree._Element", namespace: str, name: str, value: str) -> None:
    """An element that only holds a text."""
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = value


def money(holder: "etree._Element", answer: Soort, element: str, cents: int) -> None:
    """Fill an element with an amount in signed euro cents: absolute, with C if it is negative, D otherwise (CS325)."""
    text(holder, answer.basis_namespace, element, str(abs(cents)))
    text(holder, answer.basis_namespace, "DebetCredit", "C" if cents < 0 else "D")
