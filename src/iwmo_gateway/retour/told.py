"""What a return message from the other side tells: the verdict that it gives the message that it answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lxml import etree

from iwmo_gateway.retour.building import APPROVED, NO_REMARK, NOT_JUDGED, REJECTED, Path
from iwmo_gateway.rules.answers import is_repeated
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.declaraties import Claim, Prestatie
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
        codes = codes | _without_reason(retour, bericht, codes)
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
        moved = {
            "/Bericht/DeclaratieAntwoord": "/Bericht/Declaratie",
            **{client.pad: clients[client.bsn] for client in retour.clienten},
            **_lines_in_asked(retour, bericht),
        }
    return {moved.get(pad, pad): refusing for pad, refusing in codes if refusing}


def _lines_in_asked(retour: ClaimAntwoord, bericht: Claim) -> dict[str, str]:
    """The path in the claim of every line in its answer, by its path there.

    Lines of one claim that share a ReferentieNummer are told apart by what else is in them; of lines that are the same
    the last ones are meant, since it is those that TR314 refuses.
    """
    left: dict[tuple[str, str], list[Prestatie]] = {}
    for client in bericht.clienten:
        for line in client.prestaties:
            left.setdefault((client.bsn, line.referentie), []).append(line)
    found: dict[str, str] = {}
    for client in retour.clienten:
        for own in reversed(client.prestaties):
            same = left[client.bsn, own.referentie]
            line = next((line for line in reversed(same) if is_repeated(own, line)), same[-1])
            found[own.pad] = line.pad
            if len(same) > 1:
                same.remove(line)
    return found


def _without_reason(
    retour: ClaimAntwoord, bericht: Claim, codes: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What the amounts in an answer refuse without a code that does: a claim as a whole, or lines.

    The code for these is that there is no remark.
    """
    asked = bericht.declaratie.totaal_ingediend_bedrag.signed
    whole = "/Bericht/Declaratie" if isinstance(retour, DeclaratieAntwoordbericht) else "/Bericht/Header"
    if not retour.clienten:
        refused = _granted(retour, asked) != asked and not {"/Bericht/Header", whole} & codes.keys()
        return {whole: (NO_REMARK,)} if refused else {}
    clients = {client.bsn: client.pad for client in bericht.clienten}
    lines = _lines_in_asked(retour, bericht)
    return {
        lines[prestatie.pad]: (NO_REMARK,)
        for client in retour.clienten
        for prestatie in client.prestaties
        if _is_refused(prestatie) and not {lines[prestatie.pad], clients[client.bsn], whole} & codes.keys()
    }


def _is_refused(prestatie: Prestatie) -> bool:
    return prestatie.toegekend_bedrag is None or prestatie.toegekend_bedrag.bedrag == 0


def _granted(retour: ClaimAntwoord, asked: int) -> int:
    if isinstance(retour, DeclaratieAntwoordbericht):
        antwoord = retour.declaratie_antwoord
        return antwoord.totaal_toegekend_bedrag.signed if antwoord else asked
    return retour.header.toegekend_totaal_bedrag.signed


def _settlement(retour: ClaimAntwoord, bericht: Claim, codes: Mapping[str, tuple[str, ...]]) -> Settlement:
    asked = bericht.declaratie.totaal_ingediend_bedrag.signed
    if "/Bericht/Header" in codes or "/Bericht/Declaratie" in codes:
        return Settlement(asked)
    lines = _lines_in_asked(retour, bericht)
    refused = frozenset(lines[prestatie.pad] for prestatie in retour.prestaties if _is_refused(prestatie))
    claimed = sum(1 for _ in bericht.prestaties)
    granted = _granted(retour, asked)
    return Settlement(
        ingediend=asked, toegekend=granted, judged=True, approved_lines=claimed - len(refused), refused=refused
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
