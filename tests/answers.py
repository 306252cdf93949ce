"""Return messages of the other side for tests: what a receiver says of a message, in the gateway's own shape."""

from collections.abc import Iterable, Mapping
from datetime import date

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.declaraties import Claim
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, read, serialise

ANSWERED_ON = date(2023, 3, 1)


def answer(
    gateway: Gateway,
    body: bytes,
    identificatie: str = "RETOUR01",
    *,
    codes: Mapping[str, str] | None = None,
    refused: Mapping[str, str] | None = None,
) -> bytes:
    """The return message to a message.

    `codes` are return codes by path; without any it is accepted. Of a claim `refused` are the refused lines by their
    ReferentieNummer with a code for each, and a code in Header or Declaratie refuses it whole.
    """
    document = read(body)
    assert isinstance(document, Document)
    bericht = to_bericht(document)
    said, settlement = dict(codes or {}), None
    if isinstance(bericht, Claim):
        lines = {prestatie.referentie: prestatie for prestatie in bericht.prestaties}
        said |= {lines[number].pad: code for number, code in (refused or {}).items()}
        if "/Bericht/Header" in said or "/Bericht/Declaratie" in said:
            settlement = Settlement(bericht.declaratie.totaal_ingediend_bedrag.signed)
        else:
            settlement = _settled(bericht, [lines[number].pad for number in refused or ()])
    verdict = Verdict(tuple(_finding(pad, code) for pad, code in said.items()), settlement)
    shape = gateway.answer_shape(answer_to(document.soort))
    return serialise(retourbericht(document, verdict, shape, identificatie=identificatie, dagtekening=ANSWERED_ON))


def _settled(bericht: Claim, refused: Iterable[str]) -> Settlement:
    lines = {prestatie.pad: prestatie.ingediend.signed for prestatie in bericht.prestaties}
    wrong = frozenset(refused)
    asked = bericht.declaratie.totaal_ingediend_bedrag.signed
    return Settlement(
        ingediend=asked,
        toegekend=asked - sum(lines[pad] for pad in wrong),
        judged=True,
        approved_lines=len(lines) - len(wrong),
        refused=wrong,
        berekend={pad: lines[pad] for pad in wrong} if bericht.soort.code.endswith("303") else {},
    )


def _finding(pad: str, code: str) -> Finding:
    niveau, klasse = 2 if code == "0001" else 3, pad.rpartition("/")[2].partition("[")[0]
    return Finding("test", niveau, code, klasse, pad, 1, "", None, None, Actie.REJECT)
