"""Level 4: what only an outside source can tell: the day of receipt, municipalities, product codes, providers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.standard.berichten import Bericht, Leveringsbericht, Toewijzingsbericht
from iwmo_gateway.standard.codelists import Codelists, Lijstsoort
from iwmo_gateway.standard.declaraties import Declaratiebericht, Factuurbericht
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.standard.klassen import Klasse
from iwmo_gateway.standard.leveringen import Startbericht, StartProduct, StopProduct
from iwmo_gateway.standard.retouren import DeclaratieAntwoordbericht, Factuurretourbericht, Retourbericht
from iwmo_gateway.standard.verzoeken import Aanvraagbericht, Antwoordbericht

external: Final = Level("external", frozenset({4}))


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
    gemeente = bericht.header.afzender if _is_sent_by_gemeente(bericht) else bericht.header.ontvanger
    if not bronnen.codelists.knows_gemeente(gemeente, _days(bericht, historie, bronnen)):
        yield Fault(bericht.header, "een gemeentecode van het CBS", gemeente)


@external.rule("lijst-aanbieder", berichten="301 303 305 307 315 317 319 323")
def aanbieder_is_bekend(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De aanbieder staat op de lijst van bekende AGB-codes."""
    sends = _is_sent_by_gemeente(bericht)
    agb = bericht.header.ontvanger if sends else bericht.header.afzender
    days = _days(bericht, historie, bronnen)
    if not bronnen.codelists.knows_aanbieder(agb, _days_of_aanbieder(bericht, bronnen, days)):
        yield Fault(bericht.header, f"een AGB-code die op {bronnen.ontvangen} bekend is", agb)


@external.rule("TR381", berichten="301 303 305 307 315 317 323")
def productcode_past_bij_categorie(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De productcode staat op de productcodelijst, onder de opgegeven productcategorie."""
    claims = isinstance(bericht, Declaratiebericht | Factuurbericht)
    for named in _named(bericht, historie):
        if claims and (profiel := bronnen.profiel_on(named.days[0])):
            # What is claimed stands on the contract's list where there is a contract, else on the national one.
            known = profiel.offers(named.categorie, named.code, named.days[0])
            where = profiel.naam
        else:
            # Elsewhere a contract only adds: a request that does not fit it is answered, never refused for it.
            agreed = () if claims else _agreed(named, bronnen)
            known = _on_national_list(named, bronnen.codelists) or any(
                profiel.offers(named.categorie, named.code, day) for profiel, day in agreed
            )
            where = " of ".join(["de productcodelijst", *dict.fromkeys(profiel.naam for profiel, _ in agreed)])
        if not known:
            yield Fault(named.klasse, f"een code van {where} in categorie {named.categorie}", named.code)


def asks_contract(bericht: Bericht, codelists: Codelists) -> bool:
    """Whether the contract has a say in this message.

    In a claim, an allocation and a start always, for it may have rules about them; elsewhere where the national list
    does not know a product.
    """
    if isinstance(bericht, Declaratiebericht | Factuurbericht | Toewijzingsbericht | Startbericht):
        return True
    return any(not _on_national_list(named, codelists) for named in _named(bericht, Historie(clienten={})))


@dataclass(frozen=True, slots=True)
class Consulted:
    """The outside sources that a message was held against, by name and version; of a claim the code lists alone."""

    contract: tuple[str, ...] = ()
    codelijsten: tuple[str, ...] = ()


def consulted(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Consulted:
    """What `TR378`, `TR381` and the list of providers looked into."""
    lists, domain = bronnen.codelists, bericht.soort.domain
    named, days = list(_named(bericht, historie)), set(_days(bericht, historie, bronnen))
    asked = [
        *(lists.on(Lijstsoort.GEMEENTEN, day) for day in days),
        *(lists.on(Lijstsoort.PRODUCTCODES, day, domain) for day in {day for one in named for day in one.days}),
        *(lists.on(Lijstsoort.AANBIEDERS, day) for day in _days_of_aanbieder(bericht, bronnen, days)),
    ]
    ours = () if isinstance(bericht, Declaratiebericht | Factuurbericht) or not bronnen.profielen else named
    beyond = (one for one in ours if not _on_national_list(one, lists))
    agreed = {profiel.identity for one in beyond for profiel, _ in _agreed(one, bronnen)}
    agreed |= {profiel.identity for day in _own_days(bericht) if (profiel := bronnen.profiel_on(day)) is not None}
    editions = {edition.identity for edition in asked if edition is not None}
    return Consulted(tuple(sorted(agreed)), tuple(sorted(editions)))


def _own_days(bericht: Bericht) -> set[date]:
    """The days whose contract may have rules about the message itself, other than a claim."""
    if isinstance(bericht, Toewijzingsbericht):
        return {product.ingangsdatum for product in bericht.toegewezen_producten}
    if isinstance(bericht, Startbericht):
        return {start.begindatum for start in bericht.start_producten if not start.deletes}
    return set()


@dataclass(frozen=True, slots=True)
class _Named:
    """A product that is named by its code, and the days on one of which the code should be right, its own first."""

    klasse: Klasse
    domein: Domain
    categorie: str
    code: str
    days: tuple[date, ...]


def _named(bericht: Bericht, historie: Historie) -> Iterator[_Named]:
    domein = bericht.soort.domain
    if isinstance(bericht, Antwoordbericht):
        return
    if isinstance(bericht, Declaratiebericht | Factuurbericht):
        for prestatie in bericht.debetregels:
            # A code that left the list meanwhile stays right for what was allocated by it.
            toewijzing = historie.newest.get(prestatie.toewijzing_nummer) if prestatie.toewijzing_nummer else None
            days = (prestatie.product_periode.begindatum, *((toewijzing.ingangsdatum,) if toewijzing else ()))
            yield _Named(prestatie, domein, prestatie.product_categorie, prestatie.product_code, days)
        return
    for klasse in bericht.producten:
        if isinstance(klasse, StartProduct | StopProduct):
            # Nothing of the kind is asked of a deletion (TR063): it repeats what was sent.
            product = None if klasse.deletes else klasse.product
            allocated = klasse.toewijzing_ingangsdatum
            days = (klasse.begindatum, *((allocated,) if allocated else ()))
        else:
            product, days = klasse.product, (klasse.begin,)
        if product is not None and product.code:
            yield _Named(klasse, domein, product.categorie, product.code, days)


def _on_national_list(named: _Named, codelists: Codelists) -> bool:
    return codelists.knows_product(named.domein, named.categorie, named.code, named.days)


def _agreed(named: _Named, bronnen: Bronnen) -> list[tuple[Profiel, date]]:
    """The contracts of the product's days."""
    return [(profiel, day) for day in named.days if (profiel := bronnen.profiel_on(day)) is not None]


def _is_sent_by_gemeente(bericht: Bericht | DeclaratieAntwoordbericht) -> bool:
    return isinstance(bericht, Toewijzingsbericht | Antwoordbericht | DeclaratieAntwoordbericht)


def _days_of_aanbieder(bericht: Bericht, bronnen: Bronnen, days: Iterable[date]) -> Iterable[date]:
    """Who is written to must be there today; who writes may write of the time when it was."""
    return (bronnen.ontvangen,) if _is_sent_by_gemeente(bericht) else days


def _days(bericht: Bericht | DeclaratieAntwoordbericht, historie: Historie, bronnen: Bronnen) -> Iterator[date]:
    """The days on one of which a party must have existed: that of receipt, and those that its message is about."""
    yield bronnen.ontvangen
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
    claim = historie.beantwoord if isinstance(bericht, DeclaratieAntwoordbericht) else bericht
    if isinstance(claim, Declaratiebericht | Factuurbericht):
        yield from (prestatie.product_periode.begindatum for prestatie in claim.prestaties)
