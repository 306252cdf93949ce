"""Level 2 of the 301: whom an allocation is for, and where they live."""

import re
from typing import Final

from iwmo_gateway.rules.content import filled
from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults, Level
from iwmo_gateway.standard.berichten import Toewijzingsbericht

allocations: Final = Level("allocations", frozenset({2}))

_POSTCODE_NL: Final = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")


@allocations.rule("TR006", berichten="301")
def contact_is_bereikbaar(bericht: Toewijzingsbericht) -> Faults:
    """Een contact heeft een telefoonnummer, of een adres met huis en postcode."""
    for contact in bericht.contacten():
        adres = contact.adres
        if not contact.telefoon and not (adres and adres.huis and adres.postcode):
            yield Fault(contact, "Telefoon, of Huis en Postcode", "geen van beide")


@allocations.rule("TR061", berichten="301")
def client_heeft_vast_adres(bericht: Toewijzingsbericht) -> Faults:
    """De client heeft minstens één BRP-adres (01), correspondentieadres (02) of verblijfadres (03)."""
    contacten = bericht.client.contactgegevens
    if not any(contact.adres and contact.soort in {"01", "02", "03"} for contact in contacten):
        found = ", ".join(sorted({contact.soort for contact in contacten if contact.adres}))
        yield Fault(
            bericht.client,
            "een Adres met Soort 01, 02 of 03",
            (found and f"alleen Soort {found}") or "geen Adres",
        )


@allocations.rule("CD005", berichten="301")
def landcode_bij_postcode(bericht: Toewijzingsbericht) -> Faults:
    """LandCode is gevuld als Postcode gevuld is, en anders leeg."""
    for contact in bericht.contacten():
        adres = contact.adres
        if adres and bool(adres.postcode) is not bool(adres.land_code):
            yield filled(contact, "LandCode", wanted=bool(adres.postcode))


@allocations.rule("CD007", berichten="301")
def taal_bij_tolk(bericht: Toewijzingsbericht) -> Faults:
    """Taal is gevuld als Vorm van de communicatie 1 (tolk taal) is, en anders leeg."""
    communicatie = bericht.client.communicatie
    if communicatie and (communicatie.vorm == "1") is not bool(communicatie.taal):
        yield filled(bericht.client, "Taal", wanted=communicatie.vorm == "1")


@allocations.rule("CD009", berichten="301")
def periode_alleen_bij_tijdelijk_adres(bericht: Toewijzingsbericht) -> Faults:
    """Periode staat alleen bij een tijdelijk verblijfadres (Soort 04)."""
    for contact in bericht.contacten():
        if contact.periode and contact.soort != "04":
            yield Fault(contact, "Periode leeg bij deze Soort", f"Periode gevuld bij Soort {contact.soort}")


@allocations.rule("CD025", berichten="301")
def huis_bij_nederlands_adres(bericht: Toewijzingsbericht) -> Faults:
    """Huis is gevuld bij een adres in Nederland (LandCode NL)."""
    for contact in bericht.contacten():
        if contact.adres and contact.adres.land_code == "NL" and not contact.adres.huis:
            yield filled(contact, "Huis", wanted=True)


@allocations.rule("CD034", berichten="301")
def postcode_bij_brp_en_verblijfadres(bericht: Toewijzingsbericht) -> Faults:
    """Postcode is gevuld bij een BRP-adres (01) en een verblijfadres (03)."""
    for contact in bericht.contacten():
        if contact.soort in {"01", "03"} and not (contact.adres and contact.adres.postcode):
            yield filled(contact, "Postcode", wanted=True)


@allocations.rule("CS050", berichten="301")
def naamgebruik_past_bij_partnernaam(bericht: Toewijzingsbericht) -> Faults:
    """NaamGebruik is 1, 2, 3 of 4 als Partnernaam gevuld is, en anders 1 of 6."""
    for persoon in bericht.personen:
        allowed = "1234" if persoon.naam.partnernaam else "16"
        if (persoon.naam.naam_gebruik or "") not in allowed:
            yield Fault(persoon, f"NaamGebruik {' of '.join(allowed)}", f"NaamGebruik {persoon.naam.naam_gebruik}")


@allocations.rule("CS089", berichten="301")
def nederlandse_postcode(bericht: Toewijzingsbericht) -> Faults:
    """Een postcode in Nederland bestaat uit vier cijfers en twee hoofdletters."""
    for contact in bericht.contacten():
        adres = contact.adres
        if adres and adres.land_code == "NL" and adres.postcode and not _POSTCODE_NL.fullmatch(adres.postcode):
            yield Fault(contact, "een postcode als 1234AB, zonder spatie", HIDDEN)


@allocations.rule("CS318", berichten="301")
def client_is_natuurlijk_persoon(bericht: Toewijzingsbericht) -> Faults:
    """NaamGebruik van de client is niet 6 (niet-natuurlijk persoon)."""
    if bericht.client.naam.naam_gebruik == "6":
        yield Fault(bericht.client, "een andere waarde dan 6", "NaamGebruik 6")
