"""Level 3 of credits: what a line that takes back an earlier one must be. Nothing else may refuse a credit."""

from collections.abc import Iterator
from typing import Final

from iwmo_gateway.contract.amounts import euro
from iwmo_gateway.rules.declaraties import EerdereRegel, Regel
from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults
from iwmo_gateway.rules.historie import Historie
from iwmo_gateway.rules.history import history
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht, DeclaratieClient, Factuurbericht, Prestatie

_ELEMENTS: Final = {
    "toewijzing_nummer": "ToewijzingNummer",
    "categorie": "ProductCategorie",
    "code": "ProductCode",
    "begindatum": "Begindatum",
    "einddatum": "Einddatum",
    "volume": "GeleverdVolume",
    "eenheid": "Eenheid",
    "tarief": "ProductTarief",
    "bedrag": "bedrag",
    "btw": "BtwBedrag",
}


@history.rule("TR314", berichten="323 303")
def referentie_nummer_is_uniek(bericht: Claim, historie: Historie) -> Faults:
    """ReferentieNummer is nog niet gebruikt, niet in dit bericht en niet in een eerdere declaratie."""
    seen: set[str] = set()
    for prestatie in bericht.prestaties:
        number = prestatie.referentie
        if number in seen or number in historie.declaraties.regels:
            where = "in dit bericht" if number in seen else "in een eerdere declaratie"
            yield Fault(prestatie, "een nieuw ReferentieNummer", f"ReferentieNummer {number}, gebruikt {where}")
        seen.add(number)


@history.rule("TR323", berichten="323 303")
def credit_hoort_bij_goedgekeurde_debet(bericht: Claim, historie: Historie) -> Faults:
    """Een creditregel neemt een eerder goedgekeurde debetregel terug, met precies dezelfde inhoud."""
    wanted = "het ReferentieNummer van een goedgekeurde debetregel"
    for client, prestatie in credits_of(bericht):
        debet = _debet(prestatie, historie)
        found = f"VorigReferentieNummer {prestatie.vorige}"
        gemeente = bericht.header.ontvanger
        if debet is None:
            yield Fault(prestatie, wanted, f"{found}, niet bekend als debetregel")
        elif debet.held:
            yield Fault(prestatie, wanted, f"{found}, een regel waarover de gemeente nog besluit")
        elif not debet.approved:
            if isinstance(bericht, Declaratiebericht):  # a 303 has a code of its own for it
                yield Fault(prestatie, wanted, f"{found}, een afgewezen regel")
        elif changed := _changes(debet.regel, as_regel(prestatie, historie.clienten[client.bsn], gemeente)):
            yield Fault(
                prestatie,
                "dezelfde inhoud als de debetregel: " + ", ".join(f"{name} {was}" for name, was, _ in changed),
                ", ".join(f"{name} {now}" for name, _, now in changed),
            )


@history.rule("RC8853", berichten="303")
def afgewezen_regel_niet_gecrediteerd(bericht: Factuurbericht, historie: Historie) -> Faults:
    """Een afgewezen regel wordt niet gecrediteerd: er is niets van betaald."""
    for _, prestatie in credits_of(bericht):
        debet = _debet(prestatie, historie)
        if debet is not None and not debet.approved and not debet.held:
            yield Fault(
                prestatie,
                "het ReferentieNummer van een goedgekeurde debetregel",
                f"VorigReferentieNummer {prestatie.vorige}, een afgewezen regel",
            )


@history.rule("TR390", berichten="323 303")
def regel_niet_eerder_gecrediteerd(bericht: Claim, historie: Historie) -> Faults:
    """Een debetregel wordt één keer gecrediteerd."""
    for _, prestatie in credits_of(bericht):
        debet = _debet(prestatie, historie)
        if debet is not None and debet.credited:
            yield Fault(
                prestatie,
                "een debetregel die nog niet gecrediteerd is",
                f"VorigReferentieNummer {prestatie.vorige}, al gecrediteerd",
            )


def credits_of(bericht: Claim) -> Iterator[tuple[DeclaratieClient, Prestatie]]:
    """The credits with their clients, in the order of the document."""
    return (
        (client, prestatie) for client in bericht.clienten for prestatie in client.prestaties if prestatie.is_credit
    )


def as_regel(prestatie: Prestatie, client: str, gemeente: str) -> Regel:
    """A line as a fact; `client` is the keyed hash of its Bsn."""
    return Regel(
        gemeente=gemeente,
        client=client,
        toewijzing_nummer=prestatie.toewijzing_nummer,
        categorie=prestatie.product_categorie,
        code=prestatie.product_code,
        begindatum=prestatie.product_periode.begindatum,
        einddatum=prestatie.product_periode.einddatum,
        volume=prestatie.geleverd_volume,
        eenheid=prestatie.eenheid,
        tarief=prestatie.product_tarief,
        bedrag=prestatie.ingediend.bedrag,
        btw=abs(prestatie.btw),
    )


def _debet(prestatie: Prestatie, historie: Historie) -> EerdereRegel | None:
    earlier = historie.declaraties.regels.get(prestatie.vorige or "")
    return None if earlier is None or earlier.credit else earlier


def _changes(debet: Regel, credit: Regel) -> list[tuple[str, str, str]]:
    """What a credit says otherwise than its debit: element, as it was, as it is. The client is not shown."""
    changes = []
    if debet.gemeente != credit.gemeente:
        changes.append(("Ontvanger", debet.gemeente, credit.gemeente))
    if debet.client != credit.client:
        changes.append(("Bsn", HIDDEN, HIDDEN))
    for name, element in _ELEMENTS.items():
        was, now = getattr(debet, name), getattr(credit, name)
        if was != now:
            money = name in {"bedrag", "btw", "tarief"}
            changes.append((element, _told(was, money=money), _told(now, money=money)))
    return changes


def _told(value: object, *, money: bool) -> str:
    if value is None:
        return "leeg"
    return f"{value} ({euro(value)} euro)" if money and isinstance(value, int) else str(value)
