"""A profile in Dutch, so that an officer can hold it beside the signed document."""

from collections.abc import Iterator
from typing import Final

from iwmo_gateway.contract.afspraken import Aanbieders, Contractregel, Indexering, Product, Toelating
from iwmo_gateway.contract.amounts import euro
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.volumes import unit_name
from iwmo_gateway.standard.kinds import Domain

COLUMNS: Final = ("code", "categorie", "product", "eenheid", "tarief (€)", "van", "t/m", "functieniveau", "artikel")

CONCEPT: Final = "CONCEPT: deze overeenkomst staat nog niet vast."

_STANDARDS: Final = {Domain.WMO: "iWmo", Domain.JW: "iJw"}


def explained(profiel: Profiel) -> Iterator[str]:
    """The parties, the validity and what holds for all products, a sentence or two to a line."""
    several = len(profiel.gemeenten) > 1
    if profiel.concept:
        yield CONCEPT
    yield f"{profiel.naam} ({profiel.identity if profiel.version else profiel.name})"
    yield (
        f"Een overeenkomst van gemeente{'n' if several else ''} {', '.join(profiel.gemeenten)} met aanbieders, "
        f"voor {_STANDARDS[profiel.domein]}."
    )
    yield (
        f"Geldt van {profiel.vanaf} tot en met {profiel.tot_en_met}. "
        "Voor een declaratieregel telt de begindatum van zijn ProductPeriode, voor een toewijzing haar Ingangsdatum, "
        "voor een start zijn Begindatum."
    )
    admitted = profiel.aanbieders.toegelaten
    if admitted is None:
        yield "Aanbieders: er is geen lijst gegeven; iedere aanbieder is toegelaten."
    else:
        yield "Aanbieders: alleen deze zijn toegelaten."
        yield from (f"  {_admission(one)}" for one in admitted)
    yield from _parties(profiel.aanbieders)
    yield {
        "declaratie": "Een 303 hoort een declaratie te zijn, geen factuur.",
        "factuur": "Een 303 hoort een factuur te zijn, geen declaratie.",
        None: "Een 303 mag een declaratie of een factuur zijn.",
    }[profiel.declareren]
    if profiel.btw:
        yield f"Btw: {profiel.btw}."
    yield from _money(profiel)
    if profiel.indexering:
        yield from _indexation(profiel.indexering)
    yield f"Bron: {' '.join(profiel.bron.split())}"


def rows(profiel: Profiel) -> Iterator[tuple[str, ...]]:
    """The products as cells under `COLUMNS`: a row for each tariff, the oldest first."""
    for product in profiel.producten:
        tariffs = sorted(product.tarieven, key=lambda tarief: tarief.vanaf)
        for tarief in tariffs:
            yield _row(product, euro(tarief.cents), str(tarief.vanaf), str(tarief.tot_en_met))
        if not tariffs:
            yield _row(product, "geen", str(profiel.vanaf), str(profiel.tot_en_met))


def notes(profiel: Profiel) -> Iterator[str]:
    """What else was agreed on a product, in words, to stand below the products."""
    for product in profiel.producten:
        if product.toelichting:
            yield f"{product.code}: {' '.join(product.toelichting.split())}"


def rules(profiel: Profiel) -> Iterator[str]:
    """What is judged beside products, units and tariffs: each rule with its article, and what a fault does."""
    for regel in profiel.regels:
        yield f"{regel.artikel}: {regel.zin} {_done(regel)}"


def lots(profiel: Profiel) -> Iterator[str]:
    """The products of each lot with their grondslag, which no message tells but by the code."""
    of_lot: dict[int | None, list[str]] = {}
    for product in profiel.producten:
        if product.perceel is not None or product.grondslag is not None:
            told = f"{product.code}{f' ({product.grondslag})' if product.grondslag else ''}"
            of_lot.setdefault(product.perceel, []).append(told)
    for lot, codes in of_lot.items():
        yield f"{'Zonder perceel' if lot is None else f'Perceel {lot}'}: {', '.join(codes)}"


def unseen(profiel: Profiel) -> Iterator[str]:
    """What was agreed, but no message shows: it is not judged."""
    if any(product.functieniveau for product in profiel.producten):
        yield "Het functieniveau van wie de zorg levert."
    if any(product.grondslag for product in profiel.producten):
        yield "De grondslag en het perceel zelf: een bericht heeft er geen element voor, alleen de productcode zegt ze."
    yield from (blind for regel in profiel.regels if (blind := regel.blind) is not None)


def _done(regel: Contractregel) -> str:
    """What a fault does."""
    if regel.actie == "review":
        return "Gevolg: de declaratieregel wordt aangehouden tot de gemeente beslist."
    if regel.actie == "signal":
        return "Gevolg: het wordt aan beide partijen gemeld; niets wordt erom afgekeurd."
    codes = ", ".join(f"{code} in {release}" for release, code in sorted((regel.retourcodes or {}).items()))
    return f"Gevolg: het wordt afgekeurd, met retourcode {codes}."


def _row(product: Product, *tariff: str) -> tuple[str, ...]:
    return (
        product.code,
        product.categorie,
        product.naam,
        f"{product.eenheid} ({unit_name(product.eenheid)})",
        *tariff,
        str(product.functieniveau or "–"),
        product.artikel or "",
    )


def _parties(said: Aanbieders) -> Iterator[str]:
    """Consortia, and providers that objected to a change."""
    for one in said.combinaties:
        until = f" tot en met {one.tot_en_met}" if one.tot_en_met else ""
        members = ", ".join(one.leden)
        yield (
            f"Combinatie ({one.artikel}): {one.penvoerder} is penvoerder en declareert ook voor {members}; "
            f"schriftelijk goedgekeurd op {one.goedgekeurd}, en geldig vanaf die dag{until}."
        )
    for each in said.bezwaren:
        yield (
            f"Bezwaar ({each.artikel}): voor {each.agb} geldt versie {each.versie} van dit profiel tot en met "
            f"{each.tot_en_met}."
        )


def _money(profiel: Profiel) -> Iterator[str]:
    """By when is decided and paid, and what a provider accounts for."""
    if (review := profiel.beoordeling) is not None:
        yield (
            f"Beoordeling ({review.artikel}): over wat is aangehouden, beslist de gemeente binnen {review.werkdagen} "
            f"werkdag{'' if review.werkdagen == 1 else 'en'} na ontvangst."
        )
    if (payment := profiel.betaling) is not None:
        yield (
            f"Betaling ({payment.artikel}): de goede regels van een declaratie binnen {payment.dagen} kalenderdagen na "
            "ontvangst."
        )
    if (reclaim := profiel.terugvordering) is not None:
        rate = "wettelijke rente" if reclaim.rente == "wettelijk" else "wettelijke handelsrente"
        yield f"Terugvordering ({reclaim.artikel}): wat ten onrechte is betaald, met {rate}."
    if (account := profiel.verantwoording) is not None:
        yield f"Productieverantwoording ({account.artikel}), naar de omzet van een kalenderjaar:"
        for klasse in sorted(account.klassen, key=lambda one: one.cents, reverse=True):
            days = " en ".join(klasse.uiterlijk)
            when = f", uiterlijk {days} van het jaar erna (maand-dag)" if days else ""
            yield f"  vanaf € {euro(klasse.cents)}: {klasse.wat}{when}"


def _indexation(agreed: Indexering) -> Iterator[str]:
    yield f"Indexering ({agreed.artikel}): niet vanzelf, maar als daartoe wordt besloten, naar {agreed.bron}."
    for multiple in agreed.veelvouden:
        yield (
            f"Daarbij wordt het tarief van {' en '.join(multiple.producten)} het dichtstbijzijnde veelvoud "
            f"van {multiple.cent} cent."
        )


def _admission(one: Toelating) -> str:
    begin = f" vanaf {one.vanaf}" if one.vanaf else ""
    end = f" tot en met {one.tot_en_met}" if one.tot_en_met else ""
    suspended = "".join(
        f"; geschorst ({each.artikel}) vanaf {each.vanaf}{f' tot en met {each.tot_en_met}' if each.tot_en_met else ''}"
        for each in one.geschorst
    )
    return f"{one.agb}{f' ({one.naam})' if one.naam else ''}{begin}{end}{suspended}"
