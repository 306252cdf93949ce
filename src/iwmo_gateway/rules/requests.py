"""Level 2 of requests and their answers: the 315, 317 and 319."""

from typing import Final

from iwmo_gateway.rules.content import filled, repeated
from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults, Level
from iwmo_gateway.standard.verzoeken import (
    IN_INVESTIGATION,
    REFUSED,
    Aanvraagbericht,
    Antwoordbericht,
    Wijzigingsbericht,
)

requests: Final = Level("requests", frozenset({2}))

_NAMED: Final = frozenset({"02", "03", "04", "05"})
"""Types of Verwijzer that are known by name or AGB code."""
_WOONPLAATSBEGINSEL: Final = "8"
"""RedenAfwijzingVerzoek: another municipality is responsible (iJw)."""


@requests.rule("TR352", berichten="317")
def verzoek_noemt_bestaand_product(bericht: Wijzigingsbericht) -> Faults:
    """Een verzoek om wijziging noemt minstens één ongewijzigd of te wijzigen product."""
    verzoek = bericht.verzoek
    if not verzoek.ongewijzigde_producten and not verzoek.te_wijzigen_producten:
        yield Fault(verzoek, "een OngewijzigdProduct of TeWijzigenProduct", "geen van beide")


@requests.rule("TR353", berichten="317")
def verzoek_vraagt_iets(bericht: Wijzigingsbericht) -> Faults:
    """Een verzoek om wijziging noemt minstens één te wijzigen of nieuw product."""
    verzoek = bericht.verzoek
    if not verzoek.te_wijzigen_producten and not verzoek.nieuwe_producten:
        yield Fault(verzoek, "een TeWijzigenProduct of NieuwProduct", "geen van beide")


@requests.rule("TR380", berichten="317")
def nieuw_product_gaat_later_in(bericht: Wijzigingsbericht) -> Faults:
    """De gewenste ingangsdatum van een nieuw product ligt na de dagtekening."""
    day = bericht.header.dagtekening
    for product in bericht.verzoek.nieuwe_producten:
        if product.gewenste_ingangsdatum <= day:
            yield Fault(
                product, f"GewensteIngangsdatum na {day}", f"GewensteIngangsdatum {product.gewenste_ingangsdatum}"
            )


@requests.rule("TR383", berichten="315")
def referentie_is_uniek_in_bericht(bericht: Aanvraagbericht) -> Faults:
    """Elk aangevraagd product heeft een eigen ReferentieAanbieder."""
    own = "een eigen ReferentieAanbieder"
    yield from repeated(bericht.producten, lambda product: product.referentie_aanbieder, own)


@requests.rule("TR377", berichten="319")
def woonplaatsbeginsel_bij_reden_8(bericht: Antwoordbericht) -> Faults:
    """Woonplaatsbeginsel is gevuld als RedenAfwijzingVerzoek 8 (woonplaatsbeginsel) is."""
    antwoord = bericht.antwoord
    if antwoord.reden_afwijzing_verzoek == _WOONPLAATSBEGINSEL and not antwoord.woonplaatsbeginsel:
        yield filled(antwoord, "Woonplaatsbeginsel", wanted=True)


@requests.rule("TR409", berichten="319")
def woonplaatsbeginsel_alleen_bij_reden_8(bericht: Antwoordbericht) -> Faults:
    """Woonplaatsbeginsel is leeg als RedenAfwijzingVerzoek niet 8 (woonplaatsbeginsel) is."""
    antwoord = bericht.antwoord
    if antwoord.reden_afwijzing_verzoek != _WOONPLAATSBEGINSEL and antwoord.woonplaatsbeginsel:
        yield filled(antwoord, "Woonplaatsbeginsel", wanted=False)


@requests.rule("CD043", berichten="315")
def ingangsdatum_bij_beschikking(bericht: Aanvraagbericht) -> Faults:
    """BeschikkingIngangsdatum is gevuld als BeschikkingNummer gevuld is, en anders leeg."""
    for product in bericht.producten:
        wanted = product.beschikking_nummer is not None
        if wanted is not (product.beschikking_ingangsdatum is not None):
            yield filled(product, "BeschikkingIngangsdatum", wanted=wanted)


@requests.rule("CD066", berichten="315")
def geen_naam_naast_zorgverlenercode(bericht: Aanvraagbericht) -> Faults:
    """De naam van de verwijzer (type 02, 03, 04 of 05) is leeg als ZorgverlenerCode gevuld is."""
    for product in bericht.producten:
        verwijzer = product.verwijzer
        if verwijzer.type in _NAMED and verwijzer.zorgverlener_code and verwijzer.naam:
            yield Fault(product, "Verwijzer.Naam leeg bij een ZorgverlenerCode", f"Verwijzer.Naam {HIDDEN}")


@requests.rule("CD067", berichten="315")
def naam_zonder_zorgverlenercode(bericht: Aanvraagbericht) -> Faults:
    """De naam van de verwijzer (type 02, 03, 04 of 05) is gevuld als ZorgverlenerCode leeg is."""
    for product in bericht.producten:
        verwijzer = product.verwijzer
        if verwijzer.type in _NAMED and not verwijzer.zorgverlener_code and not verwijzer.naam:
            yield Fault(product, "Verwijzer.Naam of ZorgverlenerCode gevuld", "Verwijzer.Naam en ZorgverlenerCode leeg")


@requests.rule("CD068", berichten="315")
def zorgverlenercode_alleen_bij_zorgverlener(bericht: Aanvraagbericht) -> Faults:
    """ZorgverlenerCode van de verwijzer is leeg als het type niet 02, 03, 04 of 05 is."""
    for product in bericht.producten:
        if product.verwijzer.type not in _NAMED and product.verwijzer.zorgverlener_code:
            yield filled(product, "ZorgverlenerCode", wanted=False)


@requests.rule("CD085", berichten="319")
def reden_bij_afwijzing(bericht: Antwoordbericht) -> Faults:
    """RedenAfwijzingVerzoek is gevuld als VerzoekAntwoord 1 (afgewezen) is."""
    antwoord = bericht.antwoord
    if antwoord.verzoek_antwoord == REFUSED and not antwoord.reden_afwijzing_verzoek:
        yield filled(antwoord, "RedenAfwijzingVerzoek", wanted=True)


@requests.rule("CD086", berichten="319")
def geen_reden_in_onderzoek(bericht: Antwoordbericht) -> Faults:
    """RedenAfwijzingVerzoek is leeg als VerzoekAntwoord 2 (in onderzoek) is."""
    antwoord = bericht.antwoord
    if antwoord.verzoek_antwoord == IN_INVESTIGATION and antwoord.reden_afwijzing_verzoek:
        yield filled(antwoord, "RedenAfwijzingVerzoek", wanted=False)
