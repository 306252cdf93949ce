"""Return messages from the other side: held against what they answer.

There is no return message to a return message: whatever is wrong with one refuses it. `docs/decisions/010` says how
each sentence of the standard is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults, Level
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht, DeclaratieClient, Factuurbericht, Prestatie
from iwmo_gateway.standard.klassen import Klasse
from iwmo_gateway.standard.retouren import ClaimAntwoord, DeclaratieAntwoordbericht, Retour

ANSWERED_ONCE: Final = "retour-eenmaal"
"""The rule that is broken by a second answer."""


@dataclass(frozen=True, slots=True)
class Beantwoord:
    """The message that a return message answers, and whether it was answered before."""

    bericht: Bericht
    answered: bool


answers_alone: Final = Level("answers alone", frozenset({2}))
answers: Final = Level("answers", frozenset({3}))


@answers_alone.rule("TR342", berichten="304 325")
def afgewezen_prestaties_verklaren_verschil(retour: ClaimAntwoord) -> Faults:
    """De afgewezen prestaties tellen op tot het verschil tussen het ingediende en het toegekende totaal."""
    if isinstance(retour, DeclaratieAntwoordbericht):
        totals: Klasse | None = retour.declaratie_antwoord
        if retour.declaratie_antwoord is None:
            return
        asked = retour.declaratie_antwoord.totaal_ingediend_bedrag.signed
        granted = retour.declaratie_antwoord.totaal_toegekend_bedrag.signed
    else:
        totals = retour.header
        asked, granted = retour.header.ingediend_totaal_bedrag.signed, retour.header.toegekend_totaal_bedrag.signed
    if not retour.clienten and granted == 0:
        # Refused as a whole: its lines were not judged, and are not in it.
        return
    refused = sum(
        line.ingediend.signed - (line.toegekend_bedrag.signed if line.toegekend_bedrag else 0)
        for line in retour.prestaties
    )
    if totals is not None and refused != asked - granted:
        yield Fault(totals, f"afgewezen prestaties van samen {asked - granted} cent", f"samen {refused} cent")


@answers.rule("TR337", berichten="325")
def declaratie_is_ontvangen(retour: DeclaratieAntwoordbericht, beantwoord: Beantwoord | None) -> Faults:
    """Het antwoord hoort bij een declaratiebericht dat deze gemeente van deze aanbieder heeft ontvangen."""
    named = retour.header.declaratie_identificatie
    if beantwoord is None or beantwoord.bericht.header.dagtekening != named.dagtekening:
        yield Fault(
            retour.header,
            "een DeclaratieIdentificatie van een ontvangen declaratiebericht",
            f"Identificatie {named.identificatie} van {named.dagtekening}",
        )


@answers.rule("retour-bericht", berichten="302 304 306 308 316 318 320")
def bericht_is_ontvangen(retour: Retour, beantwoord: Beantwoord | None) -> Faults:
    """Het retourbericht hoort bij een bericht dat deze partij van de ander heeft ontvangen."""
    if beantwoord is None:
        yield Fault(
            retour.header,
            "de kop van een bericht dat u hier hebt ontvangen",
            f"Identificatie {retour.header.antwoord_op}",
        )


@answers.rule(ANSWERED_ONCE, berichten="302 304 306 308 316 318 320 325")
def bericht_is_niet_beantwoord(retour: Retour, beantwoord: Beantwoord | None) -> Faults:
    """Een bericht wordt één keer beantwoord."""
    if beantwoord is not None and beantwoord.answered:
        yield Fault(
            retour.header,
            "een bericht zonder retourbericht",
            f"bericht {beantwoord.bericht.header.identificatie} heeft er een",
        )


@answers.rule("retour-kop", berichten="302 304 306 308 316 318 320")
def kop_is_herhaald(retour: Retour, beantwoord: Beantwoord | None) -> Faults:
    """De kop van het retourbericht herhaalt die van het bericht dat het beantwoordt."""
    if beantwoord is not None:
        yield from _unequal(retour.header, retour.header, beantwoord.bericht.header)


@answers.rule("TR371", berichten="325")
def xsd_versie_is_die_van_declaratie(retour: DeclaratieAntwoordbericht, beantwoord: Beantwoord | None) -> Faults:
    """XsdVersieDeclaratie is de XsdVersie van het declaratiebericht."""
    if beantwoord is not None and isinstance(beantwoord.bericht, Declaratiebericht):
        own, theirs = retour.header.xsd_versie_declaratie, beantwoord.bericht.header.xsd_versie
        if theirs is not None:
            yield from _unequal(retour.header, own, theirs)


@answers.rule("TR376", berichten="325")
def declaratie_nummer_is_dat_van_declaratie(retour: DeclaratieAntwoordbericht, beantwoord: Beantwoord | None) -> Faults:
    """DeclaratieNummer is dat van de declaratie die wordt beantwoord."""
    antwoord = retour.declaratie_antwoord
    if antwoord is None or beantwoord is None or not isinstance(beantwoord.bericht, Declaratiebericht):
        return
    number = beantwoord.bericht.declaratie.declaratie_nummer
    if antwoord.declaratie_nummer != number:
        yield Fault(antwoord, f"DeclaratieNummer {number}", f"DeclaratieNummer {antwoord.declaratie_nummer}")


@answers.rule("TR304", berichten="304 325")
def client_staat_in_declaratie(retour: ClaimAntwoord, beantwoord: Beantwoord | None) -> Faults:
    """De client staat in het bericht dat wordt beantwoord."""
    claimed = _claim(beantwoord)
    known = {client.bsn for client in claimed.clienten} if claimed else set()
    for client in retour.clienten if claimed else ():
        if client.bsn not in known:
            yield Fault(client, "een Bsn uit de declaratie", HIDDEN)


@answers.rule("TR366", berichten="304 325")
def prestatie_staat_in_declaratie(retour: ClaimAntwoord, beantwoord: Beantwoord | None) -> Faults:
    """Iedere prestatie in het antwoord staat, met dat ReferentieNummer, in het bericht dat wordt beantwoord."""
    claimed = _claim(beantwoord)
    known = _lines(claimed) if claimed else {}
    for prestatie in retour.prestaties if claimed else ():
        if prestatie.referentie not in known:
            yield Fault(prestatie, "een ReferentieNummer uit de declaratie", f"ReferentieNummer {prestatie.referentie}")


@answers.rule("TR367", berichten="304 325")
def prestatie_is_die_uit_declaratie(retour: ClaimAntwoord, beantwoord: Beantwoord | None) -> Faults:
    """Een prestatie in het antwoord is gelijk aan die met hetzelfde ReferentieNummer in de declaratie."""
    claimed = _claim(beantwoord)
    known = _lines(claimed) if claimed else {}
    for client in retour.clienten:
        for prestatie in client.prestaties:
            if prestatie.referentie not in known:
                continue
            own = [line for owner, line in known[prestatie.referentie] if owner.bsn == client.bsn]
            if not own:
                yield Fault(prestatie, "de prestatie onder haar eigen client", f"Bsn {HIDDEN}")
            elif not any(is_repeated(prestatie, line) for line in own):
                yield from _unequal(prestatie, prestatie, own[0])


def _claim(beantwoord: Beantwoord | None) -> Claim | None:
    bericht = beantwoord.bericht if beantwoord else None
    return bericht if isinstance(bericht, Declaratiebericht | Factuurbericht) else None


def _lines(claim: Claim) -> dict[str, list[tuple[DeclaratieClient, Prestatie]]]:
    """The lines of a claim by ReferentieNummer, each with its client: more than one where TR314 refuses."""
    found: dict[str, list[tuple[DeclaratieClient, Prestatie]]] = {}
    for client in claim.clienten:
        for prestatie in client.prestaties:
            found.setdefault(prestatie.referentie, []).append((client, prestatie))
    return found


def is_repeated(own: Prestatie, theirs: Prestatie) -> bool:
    """Whether a line in an answer is this one of the claim."""
    return not any(_different(own, theirs))


_NOT_REPEATED: Final = frozenset({"pad", "regelnummer", "bericht_code", "toegekend_bedrag", "commentaar"})


def _unequal(klasse: Klasse, own: Klasse, theirs: Klasse) -> Faults:
    """One fault of `klasse` that names everything in which these two differ."""
    if different := [*_different(own, theirs)]:
        yield Fault(
            klasse,
            ", ".join(f"{element} {expected}" for element, expected, _ in different),
            ", ".join(f"{element} {found}" for element, _, found in different),
        )


def _different(own: Klasse, theirs: Klasse, path: str = "") -> Iterator[tuple[str, str, str]]:
    """What both classes have and is not the same: element, value of `theirs`, value of `own`."""
    shared = {field.name for field in fields(theirs)} - _NOT_REPEATED
    for name in (field.name for field in fields(own) if field.name in shared):
        found, expected = getattr(own, name), getattr(theirs, name)
        element = f"{path}{''.join(part[:1].upper() + part[1:] for part in name.split('_'))}"
        if isinstance(found, Klasse) and isinstance(expected, Klasse):
            yield from _different(found, expected, f"{element}.")
        elif found != expected:
            yield element, _shown(expected), _shown(found)


def _shown(value: object) -> str:
    return "leeg" if value is None else "gevuld" if isinstance(value, Klasse) else str(value)
