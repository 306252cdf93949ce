"""Which return message answers a message."""

from datetime import date

from lxml import etree

from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.retour.claims import claim_answer
from iwmo_gateway.retour.copies import copying_answer
from iwmo_gateway.retour.invoices import invoice_answer
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.xml import Document


def retourbericht(
    document: Document, verdict: Verdict, shape: AnswerShape, *, identificatie: str, dagtekening: date
) -> "etree._Element":
    """The return message that answers a judged message.

    `identificatie` (at most 12 characters, unique for the answering party) becomes its identification, `dagtekening`
    the day of answering. Signals are not in it: the standard has no place for them.
    """
    makers = {"323": claim_answer, "303": invoice_answer}
    make = makers.get(document.soort.code[-3:], copying_answer)
    return make(document, verdict, shape, identificatie, dagtekening)
