"""Level 3: what only shows beside earlier messages.

`docs/decisions/002` says how each sentence of the standard is read.
"""

from dataclasses import fields
from typing import Final

from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults, Level
from iwmo_gateway.rules.historie import Historie, Toewijzing, as_toewijzing
from iwmo_gateway.standard.berichten import Bericht, Toewijzingsbericht
from iwmo_gateway.standard.retouren import Retour

history: Final = Level("history", frozenset({3}))

_ONE_ALLOCATION: Final = ("client", "aanbieder", "categorie", "code", "ingangsdatum")
"""What no version of an allocation may change."""
_ELEMENTS: Final = {
    "client": "Bsn",
    "aanbieder": "Ontvanger",
    "categorie": "Product.Categorie",
    "code": "Product.Code",
    "volume": "Omvang.Volume",
    "eenheid": "Omvang.Eenheid",
    "frequentie": "Omvang.Frequentie",
}


@history.rule("TR056", berichten="301 302 304 305 306 307 308 315 316 317 318 319 320 323 325")
def identificatie_is_uniek(bericht: Bericht | Retour, historie: Historie) -> Faults:
    """De identificatie is nog niet gebruikt voor een ander bericht van dezelfde soort en afzender."""
    if historie.identificatie_used:
        own = bericht.header.identificatie_retour if isinstance(bericht, Retour) else bericht.header.identificatie
        yield Fault(bericht.header, "een nieuwe Identificatie", f"Identificatie {own}")


@history.rule("TR332", berichten="301")
def toewijzing_nummer_is_uniek(bericht: Toewijzingsbericht, historie: Historie) -> Faults:
    """Een ToewijzingNummer hoort in een gemeente bij één toewijzing, en elke versie ervan heeft een eigen moment."""
    for product in bericht.toegewezen_producten:
        if product.toewijzing_nummer is None:
            continue
        version = as_toewijzing(
            product, product.toewijzing_nummer, historie.clienten[bericht.client.bsn], bericht.header.ontvanger
        )
        current = historie.current(version.nummer)
        if current is None:
            continue
        if changed := _differences(version, current, _ONE_ALLOCATION):
            yield Fault(
                product,
                "een nieuw ToewijzingNummer, of dezelfde " + ", ".join(changed),
                changed_text(changed),
            )
            continue
        for earlier in historie.toewijzingen[version.nummer]:
            if earlier.made_at == version.made_at and (changed := _differences(version, earlier, _ALL_FIELDS)):
                yield Fault(product, "een latere Toewijzingsdatum of Toewijzingstijd", changed_text(changed))
                break


@history.rule("TR379", berichten="301")
def referentie_hoort_bij_verzoek(bericht: Toewijzingsbericht, historie: Historie) -> Faults:
    """ReferentieAanbieder is die van een verzoek (VOT of VOW) van de aanbieder, en anders leeg."""
    client = historie.clienten[bericht.client.bsn]
    for product in bericht.toegewezen_producten:
        reference = product.referentie_aanbieder
        earlier = historie.toewijzingen.get(product.toewijzing_nummer or -1, ())
        known = any(
            (version.referentie_aanbieder, version.client, version.ingangsdatum)
            == (reference, client, product.ingangsdatum)
            for version in earlier
        )
        if reference is not None and (request := historie.verzoeken.get(reference)):
            known = known or (request.gemeente, request.client) == (bericht.header.afzender, client)
        if reference is not None and not known:
            yield Fault(
                product,
                "de ReferentieAanbieder van een ontvangen verzoek, of leeg",
                f"ReferentieAanbieder {reference}",
            )


@history.rule("TR385", berichten="301")
def gedeclareerde_toewijzing_niet_verwijderd(bericht: Toewijzingsbericht, historie: Historie) -> Faults:
    """Een toewijzing met goedgekeurde, niet gecrediteerde prestaties wordt niet verwijderd (RedenWijziging 13)."""
    for product in bericht.toegewezen_producten:
        approved = historie.goedgekeurde_regels.get(product.toewijzing_nummer or -1, 0)
        if product.reden_wijziging == "13" and approved:
            yield Fault(
                product,
                "een toewijzing zonder goedgekeurde prestaties",
                f"{approved} goedgekeurde prestatie(s)",
            )


def changed_text(changed: dict[str, str]) -> str:
    """What differs from an earlier version, as found."""
    return ", ".join(f"{element} {value}" for element, value in changed.items())


_ALL_FIELDS: Final = tuple(field.name for field in fields(Toewijzing) if field.name != "nummer")


def _differences(version: Toewijzing, earlier: Toewijzing, names: tuple[str, ...]) -> dict[str, str]:
    """The elements in which two versions differ, with the newer value; the client's is not shown."""
    return {
        _ELEMENTS.get(name, "".join(part.capitalize() for part in name.split("_"))): HIDDEN
        if name == "client"
        else str(getattr(version, name) or "leeg")
        for name in names
        if getattr(version, name) != getattr(earlier, name)
    }
