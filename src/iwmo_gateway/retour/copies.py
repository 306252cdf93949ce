"""The answer that copies: the 302 and 306, which repeat the header and, where it is at fault, the whole client.

How they are filled stands in `docs/decisions/003-return-messages.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lxml import etree

from iwmo_gateway.retour.building import (
    NO_REMARK,
    NOT_JUDGED,
    REJECTED,
    AnswerShape,
    Path,
    bericht_code,
    child_named,
    codes_by_pad,
    copied,
    copied_whole,
    new_bericht,
    retour_codes,
    text,
    xsd_versie,
)
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.kinds import Soort, answer_to
from iwmo_gateway.standard.xml import Document, local_name


def copying_answer(
    document: Document, verdict: Verdict, shape: AnswerShape, identificatie: str, dagtekening: date
) -> "etree._Element":
    """The header of the message with IdentificatieRetour and DagtekeningRetour; below it what is at fault."""
    answer = answer_to(document.soort)
    codes = codes_by_pad(verdict)
    in_header = codes.get("/Bericht/Header", ())
    root = new_bericht(answer)
    header = copied_header(root, document, answer)
    text(header, answer.namespace, "IdentificatieRetour", identificatie)
    text(header, answer.namespace, "DagtekeningRetour", dagtekening.isoformat())
    if shape.xsd_versie:
        xsd_versie(header, answer, "XsdVersieRetour", shape.xsd_versie)
    if verdict.about_content:
        retour_codes(header, answer.namespace, (REJECTED,))
    elif in_header:
        retour_codes(header, answer.namespace, in_header)
    elif codes:
        retour_codes(header, answer.namespace, (NO_REMARK,))
        for child in document.root:
            if (name := local_name(child)) != "Header":
                told = _Codes(codes, shape.classes, document)
                _copy_classes(child, root, ("Bericht", name), f"/Bericht/{name}", told)
    return root


@dataclass(frozen=True, slots=True)
class _Codes:
    """What the copying of classes needs at every step."""

    by_pad: Mapping[str, tuple[str, ...]]
    classes: frozenset[Path]
    document: Document


def copied_header(
    root: "etree._Element", document: Document, answer: Soort, without: frozenset[str] = frozenset()
) -> "etree._Element":
    """The Header with everything of the answered one, sender and receiver included, but its BerichtCode.

    Elements named in `without` are left out.
    """
    header: etree._Element = etree.SubElement(root, f"{{{answer.namespace}}}Header")
    for child in child_named(document.root, "Header"):
        if local_name(child) in without:
            continue
        copy = copied_whole(child, header, document.soort)
        if local_name(child) == "BerichtCode":
            copy.text = bericht_code(child.text or "", document.soort)
    return header


def _copy_classes(
    element: "etree._Element", parent: "etree._Element", path: Path, pad: str, codes: _Codes, *, judged: bool = True
) -> None:
    """Copy a class with all that is below it, and give every class in it its codes."""
    soort = codes.document.soort
    copy = copied(element, parent, soort)
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
        retour_codes(copy, answer_to(soort).namespace, own or ((NO_REMARK,) if judged else (NOT_JUDGED,)))
