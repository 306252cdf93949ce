"""The declaratie-antwoord (325): which lines of a claim are refused, and what is approved of its total.

How it is filled stands in `docs/decisions/003-return-messages.md`.
"""

from collections.abc import Iterator
from datetime import date

from lxml import etree

from iwmo_gateway.retour.building import (
    APPROVED,
    NO_REMARK,
    NOT_JUDGED,
    REJECTED,
    AnswerShape,
    bericht_code,
    child_named,
    codes_by_pad,
    copied,
    copied_whole,
    money,
    new_bericht,
    retour_codes,
    text,
    xsd_versie,
)
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.rules.verdict import Outcome, Verdict
from iwmo_gateway.standard.kinds import Soort, answer_to
from iwmo_gateway.standard.xml import Document, local_name


def claim_answer(
    document: Document, verdict: Verdict, shape: AnswerShape, identificatie: str, dagtekening: date
) -> "etree._Element":
    """A 325: its header is the municipality's own, and it holds the refused lines only."""
    answer, settlement = answer_to(document.soort), verdict.settlement
    codes = codes_by_pad(verdict)
    in_header = codes.get("/Bericht/Header", ())
    root = new_bericht(answer)
    header = _header(root, document, shape, identificatie, dagtekening)
    if verdict.about_content or in_header or settlement is None:
        retour_codes(header, answer.namespace, in_header if not verdict.about_content else (REJECTED,))
        return root
    retour_codes(header, answer.namespace, (NO_REMARK,))
    declaratie = child_named(document.root, "Declaratie")
    antwoord = etree.SubElement(root, f"{{{answer.namespace}}}DeclaratieAntwoord")
    copied_whole(child_named(declaratie, "DeclaratieNummer"), antwoord, document.soort)
    copied_whole(child_named(declaratie, "TotaalIngediendBedrag"), antwoord, document.soort)
    toegekend = etree.SubElement(antwoord, f"{{{answer.namespace}}}TotaalToegekendBedrag")
    money(toegekend, answer, "TotaalBedrag", settlement.toegekend)
    if settlement.refused:
        copy_refused(child_named(declaratie, "Clienten"), antwoord, "/Bericht/Declaratie/Clienten", document, verdict)
    accepted = APPROVED if verdict.outcome is Outcome.ACCEPTED else NO_REMARK
    retour_codes(antwoord, answer.namespace, codes.get("/Bericht/Declaratie", (accepted,)))
    return root


def copy_refused(
    clienten: "etree._Element", parent: "etree._Element", pad: str, document: Document, verdict: Verdict
) -> None:
    """The clients with refused lines and those lines, each with its codes; `pad` is the path of Clienten."""
    soort, answer, codes = document.soort, answer_to(document.soort), codes_by_pad(verdict)
    settlement = verdict.settlement or Settlement(0)
    holder = copied(clienten, parent, soort)
    for number, client in enumerate(clienten, 1):
        client_pad = f"{pad}/Client[{number}]"
        refused = [*_refused(client, client_pad, settlement)]
        if not refused:
            continue
        copy = copied(client, holder, soort)
        own = codes.get(client_pad, ())
        for child in client:
            if local_name(child) != "Prestaties":
                copied_whole(child, copy, soort)
                continue
            lines = copied(child, copy, soort)
            for line_pad, line in refused:
                told = (NOT_JUDGED,) if own else codes.get(line_pad, (NO_REMARK,))
                _line(line, lines, soort, settlement.berekend.get(line_pad), told)
        retour_codes(copy, answer.namespace, own or (NO_REMARK,))


def _header(
    root: "etree._Element", document: Document, shape: AnswerShape, identificatie: str, dagtekening: date
) -> "etree._Element":
    soort, answer = document.soort, answer_to(document.soort)
    header: etree._Element = etree.SubElement(root, f"{{{answer.namespace}}}Header")
    claimed = child_named(document.root, "Header")
    for child in claimed:
        name = local_name(child)
        if name not in {"BerichtCode", "BerichtVersie", "BerichtSubversie"}:
            continue
        copy = copied(child, header, soort)
        if name == "BerichtCode":
            copy.text = bericht_code(child.text or "", soort)
    text(header, answer.namespace, "Afzender", document.kop.ontvanger or "")
    text(header, answer.namespace, "Ontvanger", document.kop.afzender or "")
    own = etree.SubElement(header, f"{{{answer.namespace}}}BerichtIdentificatie")
    text(own, answer.basis_namespace, "Identificatie", identificatie)
    text(own, answer.basis_namespace, "Dagtekening", dagtekening.isoformat())
    if shape.xsd_versie:
        xsd_versie(header, answer, "XsdVersie", shape.xsd_versie)
    for name, renamed in (("BerichtIdentificatie", "DeclaratieIdentificatie"), ("XsdVersie", "XsdVersieDeclaratie")):
        copy = copied_whole(child_named(claimed, name), header, soort)
        copy.tag = f"{{{answer.namespace}}}{renamed}"
    return header


def _refused(client: "etree._Element", pad: str, settlement: Settlement) -> Iterator[tuple[str, "etree._Element"]]:
    for number, line in enumerate(child_named(client, "Prestaties"), 1):
        line_pad = f"{pad}/Prestaties/Prestatie[{number}]"
        if line_pad in settlement.refused:
            yield line_pad, line


def _line(
    line: "etree._Element", parent: "etree._Element", soort: Soort, calculated: int | None, codes: tuple[str, ...]
) -> None:
    """A refused line. A 304 tells beside it what the municipality calculates, and that nothing is approved."""
    answer = answer_to(soort)
    copy = copied(line, parent, soort)
    for child in line:
        copied_whole(child, copy, soort)
        if local_name(child) == "ProductReferentie" and calculated is not None:
            own = etree.SubElement(copy, f"{{{answer.namespace}}}ToegekendeBedragPrestatie")
            for name, cents in (("GemeenteBerekendBedrag", calculated), ("ToegekendBedrag", 0)):
                money(etree.SubElement(own, f"{{{answer.basis_namespace}}}{name}"), answer, "Bedrag", cents)
    retour_codes(copy, answer.namespace, codes)
