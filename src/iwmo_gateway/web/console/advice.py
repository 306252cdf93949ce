"""What to do next: about a message as it stands, and about one thing that is wrong in it."""

from enum import StrEnum
from typing import Final

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.standard.kinds import is_answer
from iwmo_gateway.store.messages import Message, Status
from iwmo_gateway.store.progress import Fase

KINDS: Final = {
    "301": "Toewijzing",
    "302": "Retour op een toewijzing",
    "303": "Declaratie of factuur",
    "304": "Retour op een declaratie of factuur",
    "305": "Start van zorg",
    "306": "Retour op een start",
    "307": "Stop van zorg",
    "308": "Retour op een stop",
    "315": "Verzoek om toewijzing",
    "316": "Retour op een verzoek om toewijzing",
    "317": "Verzoek om wijziging",
    "318": "Retour op een verzoek om wijziging",
    "319": "Antwoord op een verzoek",
    "320": "Retour op een antwoord",
    "323": "Declaratie",
    "325": "Antwoord op een declaratie",
}
"""What each kind of message is, by its number."""
ACTIONS: Final = {Actie.REJECT: "fout", Actie.SIGNAL: "signaal", Actie.REVIEW: "aangehouden"}
"""What a finding does, in a word."""

PHASES: Final = {
    Fase.WACHT: "het wacht op zijn beurt",
    Fase.LEEST: "het wordt gelezen",
    Fase.CONTROLEERT: "het wordt op zichzelf gecontroleerd",
    Fase.BEOORDEELT: "het wordt vergeleken met eerdere berichten en het contract",
    Fase.BOEKT: "het resultaat wordt bewaard",
}
"""What is being done with a message that was received."""
IN_CENTS: Final = frozenset({"TR418", "TR346"})
"""Rules of which expected and found are amounts in euro cents."""


class Side(StrEnum):
    """How who looks at a message has to do with it."""

    SENDER = "afzender"
    RECEIVER = "ontvanger"
    NEITHER = "geen van beide"


def side_of(caller: Caller, message: Message) -> Side:
    """Which side of a message the caller is on, or acts for."""
    parties = {caller.party, *caller.mandates}
    if message.afzender in parties:
        return Side.SENDER
    return Side.RECEIVER if message.ontvanger in parties else Side.NEITHER


def next_step(message: Message, side: Side, *, signals: bool) -> str:
    """What who looks at a message does next, if anything."""
    if message.own:
        return _OWN[side]
    if is_answer(message.soort) and message.status is Status.ACCEPTED:
        return "Dit retourbericht is in orde en doorgestuurd. U hoeft niets te doen."
    told = _STEPS[message.status][side]
    if message.status is Status.ACCEPTED and signals:
        return f"{told} Lees wel wat is gesignaleerd: het is geen reden voor afkeuring, maar klopt misschien niet."
    return told


def remedy_of_rule(code: str) -> str:
    """What to do about a fault by this rule, where that can be said without more; else nothing."""
    return _BY_RULE.get(code, "")


def remedy(finding: Finding) -> str:
    """What to do about a finding."""
    if finding.actie is not Actie.REJECT:
        return _NO_FAULT[finding.actie]
    if known := _BY_RULE.get(finding.regel) or _BY_LEVEL.get(finding.niveau):
        return known
    if finding.klasse == "Prestatie":
        return f"{_NEW_LINE}, zoals verwacht."
    if finding.artikel:
        return "Vergelijk met de afspraak in het contract. Bent u het er niet mee eens, neem dan contact op."
    return "Vergelijk met wat u eerder stuurde of ontving, verbeter het en stuur het bericht opnieuw."


_NOTHING: Final = "U hoeft niets te doen."
_SAME: Final = "Zolang telt het bericht als niet verzonden en zijn de nummers vrij."
_STEPS: Final = {
    Status.RECEIVED: {
        Side.SENDER: "Het bericht is bewaard en wordt straks beoordeeld. U hoeft het niet nog eens te sturen.",
        Side.RECEIVER: "Het bericht is bewaard en wordt straks beoordeeld.",
        Side.NEITHER: "Het bericht wacht op een worker. Blijft het wachten, kijk dan of er een draait.",
    },
    Status.INVALID: {
        Side.SENDER: f"Het bericht voldoet niet aan het schema; er komt geen retourbericht. Verbeter wat hieronder "
        f"staat en stuur het opnieuw. {_SAME}",
        Side.RECEIVER: _NOTHING,
        Side.NEITHER: "De afzender moet het bericht verbeteren. Ligt het aan onze schema's, speel het dan opnieuw af.",
    },
    Status.REJECTED: {
        Side.SENDER: f"Het hele bericht is afgekeurd. Verbeter wat hieronder staat en stuur het opnieuw. {_SAME}",
        Side.RECEIVER: "De afzender moet het bericht verbeteren. U hoeft niets te doen.",
        Side.NEITHER: "De afzender moet het bericht verbeteren. Ontbrak er een eerder bericht dat er nu wel is, speel "
        "dit dan opnieuw af.",
    },
    Status.IN_REVIEW: {
        Side.SENDER: "Regels van deze declaratie zijn aangehouden. De gemeente besluit erover; met het laatste besluit "
        "komt het antwoord. U hoeft niets te doen.",
        Side.RECEIVER: "Regels van deze declaratie zijn aangehouden tot u erover besluit.",
        Side.NEITHER: "De gemeente moet over de aangehouden regels besluiten.",
    },
    Status.REFUSED: {
        Side.SENDER: "Geen regel is toegekend. Declareer de verbeterde regels opnieuw, met nieuwe ReferentieNummers in "
        "een nieuwe declaratie. Een afgewezen regel krijgt geen credit.",
        Side.RECEIVER: "Geen regel is toegekend; er is niets te betalen.",
        Side.NEITHER: "De aanbieder moet de regels verbeteren en opnieuw declareren.",
    },
    Status.PARTLY_ACCEPTED: {
        Side.SENDER: "De goede regels zijn toegekend. Declareer de afgewezen regels opnieuw, met nieuwe "
        "ReferentieNummers in een nieuwe declaratie. Een afgewezen regel krijgt geen credit.",
        Side.RECEIVER: "Betaal het toegekende bedrag. De aanbieder kan de afgewezen regels opnieuw declareren.",
        Side.NEITHER: "De aanbieder kan de afgewezen regels opnieuw declareren.",
    },
    Status.ACCEPTED: {
        Side.SENDER: f"Alles is in orde. {_NOTHING}",
        Side.RECEIVER: "Alles is in orde. Verwerk het bericht in uw administratie.",
        Side.NEITHER: f"Alles is in orde. {_NOTHING}",
    },
    Status.FAILED: {
        Side.SENDER: "Bij ons ging iets mis. Het bericht is bewaard; de beheerder laat het opnieuw beoordelen. U hoeft "
        "het niet nog eens te sturen.",
        Side.RECEIVER: "Bij ons ging iets mis. De beheerder laat het bericht opnieuw beoordelen.",
        Side.NEITHER: "Neem de oorzaak weg die hieronder staat, en speel het bericht daarna opnieuw af.",
    },
}
_OWN: Final = {
    Side.SENDER: f"De gateway stuurde dit antwoord namens u. {_NOTHING}",
    Side.RECEIVER: "Dit is het antwoord op uw bericht. Verwerk het in uw administratie.",
    Side.NEITHER: "De gateway maakte dit antwoord. U hoeft niets te doen.",
}
_NO_FAULT: Final = {
    Actie.SIGNAL: "Dit is een signaal: het bericht is er niet om afgekeurd. Let er een volgende keer op.",
    Actie.REVIEW: "De regel is aangehouden. De gemeente besluit erover; daarna komt het antwoord.",
}
_BY_LEVEL: Final = {
    1: "Verbeter dit en stuur het hele bericht opnieuw; de nummers zijn nog vrij.",
    2: "Verbeter de inhoud en stuur het hele bericht opnieuw; het telt als niet verzonden.",
}
_NEW_LINE: Final = "Declareer de regel opnieuw met een nieuw ReferentieNummer, in een nieuwe declaratie"
_BY_RULE: Final = {
    "TR056": "Geef het bericht een identificatie die u nog niet gebruikte, en stuur het opnieuw. Is het een "
    "herhaling, stuur dan precies dezelfde bytes: die wordt herkend.",
    "TR332": "Gebruik voor een andere toewijzing een nieuw ToewijzingNummer, en voor een nieuwe versie een later "
    "moment van toewijzing.",
    "TR333": "Geef de declaratie een nummer dat u nog niet gebruikte, en stuur haar opnieuw.",
    "TR314": "Geef de regel een ReferentieNummer dat u nog niet gebruikte.",
    "TR019": "Controleer ToewijzingNummer, client, product en ingangsdatum. Is de toewijzing (301) nog niet binnen, "
    "vraag de gemeente erom en stuur dit bericht daarna opnieuw.",
    "TR304": "Controleer de Bsn en de gemeente. Is de toewijzing (301) nog niet binnen, vraag de gemeente erom en "
    "stuur het bericht daarna opnieuw.",
    "TR338": "Controleer ToewijzingNummer en client. Is de toewijzing (301) nog niet binnen, vraag de gemeente erom; "
    "declareer de regel daarna opnieuw met een nieuw ReferentieNummer.",
    "TR321": f"{_NEW_LINE} en ten hoogste het volume dat nog past. Is er meer geleverd, vraag dan een wijziging aan.",
    "TR322": f"{_NEW_LINE} en ten hoogste het volume dat nog past. Is er meer geleverd, vraag dan een wijziging aan.",
    "TR369": f"{_NEW_LINE} en ten hoogste het bedrag dat nog past. Is er meer nodig, vraag dan een wijziging aan.",
    "TR418": f"{_NEW_LINE} en het tarief van het contract.",
    "TR341": f"{_NEW_LINE} en de eenheid van de toewijzing of het contract.",
    "TR389": "Crediteer eerst wat al is goedgekeurd, of laat de regel weg: hij is al gedeclareerd.",
    "TR074": "Deze start of stop is al bekend. U hoeft hem niet nog eens te melden.",
    "TR326": "Meld eerst de stop (307) van de levering die nog loopt.",
    "TR382": "Meld eerst de start (305), of verbeter ToewijzingNummer, product of begindatum.",
    "TR318": "Declareer in de volgorde van de perioden; wat te laat is, spreekt u met de gemeente af.",
}
"""What to do about a fault, where it can be said better than by its level."""
