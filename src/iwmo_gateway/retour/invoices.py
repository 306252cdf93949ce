"""The answer to a 303 (304): what a 325 says, in the shape of 2.3, where the Header holds the totals.

How it is filled stands in `docs/decisions/003-return-messages.md`.
"""

from datetime import date
from typing import Final

from lxml import etree

from iwmo_gateway.retour.building import (
    APPROVED,
    NO_REMARK,
    REJECTED,
    AnswerShape,
    child_named,
    codes_by_pad,
    money,
    new_bericht,
    retour_codes,
    text,
)
from iwmo_gateway.retour.claims import copy_refused
from iwmo_gateway.retour.copies import copied_header
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.rules.verdict import Outcome, Verdict
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.xml import Document

_ONLY_IN_303: Final = frozenset({"DeclaratieFactuurBedragen"})


def invoice_answer(
    document: Document, verdict: Verdict, shape: AnswerShape, identificatie: str, dagtekening: date
) -> "etree._Element":
    """A 304: the header of the 303 with the totals, and below it the refused lines."""
    answer = answer_to(document.soort)
    settlement = verdict.settlement or Settlement(0)
    root = new_bericht(answer)
    header = copied_header(root, document, answer, _ONLY_IN_303)
    own = etree.SubElement(header, f"{{{answer.namespace}}}RetourHeader")
    text(own, answer.basis_namespace, "GemeenteReferentieNummer", identificatie)
    text(own, answer.basis_namespace, "RetourDagtekening", dagtekening.isoformat())
    totals = etree.SubElement(header, f"{{{answer.namespace}}}RetourBedragen")
    for name, cents in (
        ("IngediendTotaalBedrag", settlement.ingediend),
        ("ToegekendTotaalBedrag", settlement.toegekend),
    ):
        money(etree.SubElement(totals, f"{{{answer.basis_namespace}}}{name}"), answer, "TotaalBedrag", cents)
    accepted = APPROVED if verdict.outcome is Outcome.ACCEPTED else NO_REMARK
    codes = codes_by_pad(verdict).get("/Bericht/Header", (accepted,))
    retour_codes(header, answer.namespace, (REJECTED,) if verdict.about_content else codes)
    if settlement.refused:
        copy_refused(child_named(document.root, "Clienten"), root, "/Bericht/Clienten", document, verdict)
    return root
