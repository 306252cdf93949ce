"""Level 4: what only an outside source can tell: the day of receipt, the municipalities, the product codes."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from iwmo_gateway.rules.claims import debits
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.standard.berichten import Bericht, Leveringsbericht, Toewijzingsbericht, Verzoekbericht
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht, Factuurbericht
from iwmo_gateway.standard.leveringen import StartProduct, StopProduct
from iwmo_gateway.standard.retouren import DeclaratieAntwoordbericht, Factuurretourbericht, Retourbericht
from iwmo_gateway.standard.verzoeken import Aanvraagbericht, Antwoordbericht

external: Final = Level("external", frozenset({4}))

WithProducts = Toewijzingsbericht | Leveringsbericht | Verzoekbericht | Claim


@external.rule("TR135", berichten="301 303 305 307 315 317 319 323 325")
def dagtekening_niet_in_toekomst(
    bericht: Bericht | DeclaratieAntwoordbericht, historie: Historie, bronnen: Bronnen
) -> Faults:
    """De dagtekening ligt niet na de dag van ontvangst."""
    dagtekening = bericht.header.dagtekening
    if dagtekening > bronnen.ontvangen:
        yield Fault(bericht.header, f"Dagtekening op of voor {bronnen.ontvangen}", f"Dagtekening {dagtekening}")


@external.rule("RC8849", berichten="302 304 306 308 316 318 320")
def dagtekening_retour_niet_in_toekomst(
    retour: Retourbericht | Factuurretourbericht, historie: Historie, bronnen: Bronnen
) -> Faults:
    """De dagtekening van het retourbericht ligt niet na de dag van ontvangst."""
    dagtekening = retour.header.dagtekening_retour
    if dagtekening > bronnen.ontvangen:
        yield Fault(retour.header, f"dagtekening op of voor {bronnen.ontvangen}", f"dagtekening {dagtekening}")


@external.rule("RC8847", berichten="303")
def declaratieperiode_is_begonnen(bericht: Factuurbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De declaratieperiode begint niet na de dag van ontvangst."""
    begin = bericht.header.declaratie_periode.begindatum
    if begin > bronnen.ontvangen:
        yield Fault(bericht.header, f"Begindatum op of voor {bronnen.ontvangen}", f"Begindatum {begin}")


@external.rule("TR378", berichten="301 303 305 307 315 317 319 323 325")
def gemeente_bestaat(bericht: Bericht | DeclaratieAntwoordbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De gemeentecode bestaat volgens het CBS, nu of op de ingangsdatum van een toewijzing in het bericht."""
    sends = isinstance(bericht, Toewijzingsbericht | Antwoordbericht | DeclaratieAntwoordbericht)
    gemeente = bericht.header.afzender if sends else bericht.header.ontvanger
    if not bronnen.codelists.gemeente_existed(gemeente, _days(bericht, historie)):
        yield Fault(bericht.header, "een gemeentecode van het CBS", gemeente)


@external.rule("TR381", berichten="301 303 305 307 315 317 323")
def productcode_past_bij_categorie(bericht: WithProducts, historie: Historie, bronnen: Bronnen) -> Faults:
    """De productcode staat op de productcodelijst, onder de opgegeven productcategorie."""
    if isinstance(bericht, Declaratiebericht | Factuurbericht):
        yield from _claimed_products(bericht, bronnen)
        return
    for klasse in bericht.producten:
        # Nothing of the kind is asked of a deletion (TR063): it repeats what was sent.
        product = None if isinstance(klasse, StartProduct | StopProduct) and klasse.deletes else klasse.product
        if (
            product
            and product.code
            and not bronnen.codelists.product_fits(bericht.soort.domain, product.categorie, product.code)
        ):
            yield Fault(klasse, f"een code van de productcodelijst in categorie {product.categorie}", product.code)


def _claimed_products(bericht: Claim, bronnen: Bronnen) -> Faults:
    """What is claimed stands on the contract's list where there is a contract, else on the national one."""
    for prestatie in debits(bericht):
        categorie, code, day = prestatie.product_categorie, prestatie.product_code, prestatie.product_periode.begindatum
        profiel = bronnen.profiel_on(day)
        if profiel is None:
            known = bronnen.codelists.product_fits(bericht.soort.domain, categorie, code)
        else:
            known = profiel.offers(categorie, code, day)
        if not known:
            where = profiel.naam if profiel else "de productcodelijst"
            yield Fault(prestatie, f"een code van {where} in categorie {categorie}", code)


def _days(bericht: Bericht | DeclaratieAntwoordbericht, historie: Historie) -> Iterator[date]:
    """The days on which a municipality that was merged away may still have existed for this message."""
    if isinstance(bericht, Toewijzingsbericht):
        yield from (product.ingangsdatum for product in bericht.toegewezen_producten)
    elif isinstance(bericht, Leveringsbericht):
        days = (product.toewijzing_ingangsdatum for product in bericht.producten)
        yield from (day for day in days if day is not None)
    elif isinstance(bericht, Aanvraagbericht):
        yield from (product.toewijzing_ingangsdatum for product in bericht.producten)
    elif not isinstance(bericht, Antwoordbericht | DeclaratieAntwoordbericht):
        named = {number: historie.newest.get(number) for number in bericht.toewijzing_nummers}
        yield from (toewijzing.ingangsdatum for toewijzing in named.values() if toewijzing is not None)
    if isinstance(bericht, Declaratiebericht | Factuurbericht | DeclaratieAntwoordbericht):
        yield from (prestatie.product_periode.begindatum for prestatie in bericht.prestaties)
