"""What a return message from the other side tells: the verdict that it gives the message that it answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lxml import etree

from iwmo_gateway.retour.building import APPROVED, NO_REMARK, NOT_JUDGED, REJECTED, Path
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.declaraties import Claim
from iwmo_gateway.standard.retouren import ClaimAntwoord, DeclaratieAntwoordbericht, Retour
from iwmo_gateway.standard.xml import Document, local_name

TOLD: Final = "retour"
"""What a finding has for a rule where only the other side's return message says so."""


def told(
    answer: Document,
    retour: Retour,
    asked: Document,
    bericht: Bericht,
    *,
    classes: frozenset[Path],
    said: Sequence[Finding],
) -> Verdict:
    """The verdict of the other side on the message `asked`, by the codes in its answer.

    `classes` are the classes of the answer below which RetourCodes stand. Where the gateway found the same code in the
    same place its own finding, from `said`, explains it.
    """
    codes = _in_asked(_codes(answer.root, ("Bericht",), "/Bericht", classes), retour, bericht)
    settlement, lines = None, dict[str, int]()
    if isinstance(retour, ClaimAntwoord) and isinstance(bericht, Claim):
        settlement = _settlement(retour, bericht, codes)
        lines = {prestatie.pad: prestatie.regelnummer for prestatie in bericht.prestaties}
    found = [finding for finding in said if finding.actie is not Actie.REJECT]
    known: dict[tuple[str, str | None], list[Finding]] = {}
    for finding in said:
        # 0001 is told in the Header, wherever the fault is.
        place = "/Bericht/Header" if finding.retourcode == REJECTED else finding.pad
        known.setdefault((place, finding.retourcode), []).append(finding)
    for pad, refusing in codes.items():
        for code in refusing:
            found += known.get((pad, code)) or [_finding(pad, lines.get(pad) or _line_of(asked.root, pad), code)]
    return Verdict(tuple(sorted(found, key=lambda finding: finding.regelnummer)), settlement)


def _codes(
    element: "etree._Element", path: Path, pad: str, classes: frozenset[Path]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The codes that refuse a class, by its path in the answer."""
    if path in classes:
        holders = (child for child in element if local_name(child) == "RetourCodes")
        codes = dict.fromkeys((code.text or "").strip() for holder in holders for code in holder)
        yield pad, tuple(code for code in codes if code not in {NO_REMARK, NOT_JUDGED, APPROVED})
    for index, child in enumerate(element, 1):
        below = (*path, local_name(child))
        repeated = path not in classes and below in classes and path != ("Bericht",)
        yield from _codes(child, below, f"{pad}/{below[-1]}[{index}]" if repeated else f"{pad}/{below[-1]}", classes)


def _in_asked(
    codes: Iterator[tuple[str, tuple[str, ...]]], retour: Retour, bericht: Bericht
) -> dict[str, tuple[str, ...]]:
    """The codes that refuse, by the path of the class in the message that is answered."""
    moved: Mapping[str, str] = {}
    if isinstance(retour, ClaimAntwoord) and isinstance(bericht, Claim):
        clients = {client.bsn: client.pad for client in bericht.clienten}
        lines = {prestatie.referentie: prestatie.pad for prestatie in bericht.prestaties}
        moved = {
            "/Bericht/DeclaratieAntwoord": "/Bericht/Declaratie",
            **{client.pad: clients[client.bsn] for client in retour.clienten},
            **{prestatie.pad: lines[prestatie.referentie] for prestatie in retour.prestaties},
        }
    return {moved.get(pad, pad): refusing for pad, refusing in codes if refusing}


def _settlement(retour: ClaimAntwoord, bericht: Claim, codes: Mapping[str, tuple[str, ...]]) -> Settlement:
    asked = bericht.declaratie.totaal_ingediend_bedrag.signed
    if "/Bericht/Header" in codes or "/Bericht/Declaratie" in codes:
        return Settlement(asked)
    lines = {prestatie.referentie: prestatie.pad for prestatie in bericht.prestaties}
    refused = frozenset(
        lines[prestatie.referentie]
        for prestatie in retour.prestaties
        if prestatie.toegekend_bedrag is None or prestatie.toegekend_bedrag.bedrag == 0
    )
    if isinstance(retour, DeclaratieAntwoordbericht):
        antwoord = retour.declaratie_antwoord
        granted = antwoord.totaal_toegekend_bedrag.signed if antwoord else asked
    else:
        granted = retour.header.toegekend_totaal_bedrag.signed
    return Settlement(
        ingediend=asked, toegekend=granted, judged=True, approved_lines=len(lines) - len(refused), refused=refused
    )


def _finding(pad: str, regelnummer: int, code: str) -> Finding:
    return Finding(
        regel=TOLD,
        niveau=2 if code == REJECTED else 3,
        retourcode=code,
        klasse=pad.rpartition("/")[2].partition("[")[0],
        pad=pad,
        regelnummer=regelnummer,
        tekst="De ontvanger keurt dit af in zijn retourbericht.",
        verwacht="geen afkeurende retourcode",
        gevonden=f"retourcode {code}",
        actie=Actie.REJECT,
    )


def _line_of(root: "etree._Element", pad: str) -> int:
    """The line of the element with this path, or of the last one on the way to it."""
    element = root
    for step in pad.split("/")[2:]:
        name, _, rest = step.partition("[")
        same = [child for child in element if local_name(child) == name]
        index = int(rest.rstrip("]") or 1) - 1
        if index >= len(same):
            break
        element = same[index]
    return element.sourceline or 0
