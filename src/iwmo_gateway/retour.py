"""The return message: a pure function of the message, the verdict and what the answer's schema asks for.

Serves 302 and 306. How they are filled stands in `docs/decisions/003-return-messages.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.kinds import Soort, answer_to
from iwmo_gateway.standard.xml import Document, local_name

REJECTED: Final = "0001"
"""Refused for technical reasons: the only thing that the answer to a level-2 fault says."""
NO_REMARK: Final = "0200"
NOT_JUDGED: Final = "0233"

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """What the answer's schema asks for.

    `classes` are the paths of local names below which RetourCodes stand; `xsd_versie` is what XsdVersieRetour says
    (base schema, message schema), None in 2.3, which does not have it.
    """

    classes: frozenset[Path]
    xsd_versie: tuple[str, str] | None


def retourbericht(
    document: Document, verdict: Verdict, shape: AnswerShape, *, identificatie: str, dagtekening: date
) -> "etree._Element":
    """The return message that answers a judged message.

    `identificatie` (at most 12 characters, unique for the answering party) becomes IdentificatieRetour, `dagtekening`
    (the day of answering) DagtekeningRetour. Signals are not in it: the standard has no place for them.
    """
    answer = answer_to(document.soort)
    codes = _codes(verdict)
    in_header = codes.get("/Bericht/Header", ())

    root = etree.Element(
        f"{{{answer.namespace}}}Bericht",
        nsmap={answer.code.lower(): answer.namespace, answer.domain.standard: answer.basis_namespace},
    )
    header = _header(root, document, answer)
    _text(header, answer.namespace, "IdentificatieRetour", identificatie)
    _text(header, answer.namespace, "DagtekeningRetour", dagtekening.isoformat())
    if shape.xsd_versie:
        versions = etree.SubElement(header, f"{{{answer.namespace}}}XsdVersieRetour")
        _text(versions, answer.basis_namespace, "BasisschemaXsdVersie", shape.xsd_versie[0])
        _text(versions, answer.basis_namespace, "BerichtXsdVersie", shape.xsd_versie[1])
    if verdict.about_content:
        _retour_codes(header, answer.namespace, (REJECTED,))
    elif in_header:
        _retour_codes(header, answer.namespace, in_header)
    elif codes:
        _retour_codes(header, answer.namespace, (NO_REMARK,))
        for child in document.root:
            if (name := local_name(child)) != "Header":
                _copy_classes(
                    child, root, ("Bericht", name), f"/Bericht/{name}", _Codes(codes, shape.classes, document)
                )
    return root


@dataclass(frozen=True, slots=True)
class _Codes:
    """What the copying of classes needs at every step."""

    by_pad: Mapping[str, tuple[str, ...]]
    classes: frozenset[Path]
    document: Document


def _codes(verdict: Verdict) -> dict[str, tuple[str, ...]]:
    """The codes to tell, by the path of the class at fault; each once, in the order in which they were found."""
    by_pad: dict[str, dict[str, None]] = {}
    for finding in verdict.findings:
        if finding.actie is Actie.REJECT and finding.retourcode:
            by_pad.setdefault(finding.pad, {})[finding.retourcode] = None
    return {pad: tuple(codes) for pad, codes in by_pad.items()}


def _header(root: "etree._Element", document: Document, answer: Soort) -> "etree._Element":
    """The Header with everything of the answered one, sender and receiver included, but its BerichtCode."""
    header: etree._Element = etree.SubElement(root, f"{{{answer.namespace}}}Header")
    original = next(child for child in document.root if local_name(child) == "Header")
    for child in original:
        copy = _copied(child, header, document.soort, answer)
        if local_name(child) == "BerichtCode":
            kind = document.soort.bericht_codes.index((child.text or "").strip())
            copy.text = answer.bericht_codes[kind]
        for grandchild in child:
            _copied(grandchild, copy, document.soort, answer)
    return header


def _copy_classes(
    element: "etree._Element", parent: "etree._Element", path: Path, pad: str, codes: _Codes, *, judged: bool = True
) -> None:
    """Copy a class with all that is below it, and give every class in it its codes."""
    soort = codes.document.soort
    answer = answer_to(soort)
    copy = _copied(element, parent, soort, answer)
    own = codes.by_pad.get(pad, ())
    is_class = path in codes.classes
    for index, child in enumerate(element, 1):
        name = local_name(child)
        below = (*path, name)
        # A class below something that is none stands in a holder of repeated ones, such as StartProducten.
        repeated = not is_class and below in codes.classes
        child_pad = f"{pad}/{name}[{index}]" if repeated else f"{pad}/{name}"
        _copy_classes(child, copy, below, child_pad, codes, judged=judged and not own)
    if is_class:
        _retour_codes(copy, answer.namespace, own or ((NO_REMARK,) if judged else (NOT_JUDGED,)))


def _copied(element: "etree._Element", parent: "etree._Element", soort: Soort, answer: Soort) -> "etree._Element":
    """The element with its text, in the answer's namespace if it was in the message's own."""
    namespace = etree.QName(element).namespace
    copy: etree._Element = etree.SubElement(
        parent, f"{{{answer.namespace if namespace == soort.namespace else namespace}}}{local_name(element)}"
    )
    if len(element) == 0:
        copy.text = element.text
    return copy


def _retour_codes(parent: "etree._Element", namespace: str, codes: tuple[str, ...]) -> None:
    holder = etree.SubElement(parent, f"{{{namespace}}}RetourCodes")
    for code in codes:
        _text(holder, namespace, "RetourCode", code)


def _text(parent: "etree._Element", namespace: str, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = text
