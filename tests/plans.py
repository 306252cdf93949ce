"""What makes random messages mean something: a few parties and clients, their allocations, and messages about them.

A plan tells some values of a message, by element: a text, `None` for an element that is left out, a dictionary for a
class, a list for classes that repeat. What a plan says about elements or codes that a release does not know is passed
over, and what it does not tell is left to chance (generator.py).
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from iwmo_gateway.standard.kinds import Domain, Role, Soort

Plan = Mapping[str, Any]

RECEIVED = date(2023, 10, 1)
"""After everything that a plan dates."""
GEMEENTEN = ("0340", "0384")
"""Rhenen, which has a contract, and Diemen, which has none."""
AANBIEDERS = ("65656055", "98000001")
CLIENTEN = {"999911120": "1951-04-17", "999911119": "2009-08-30", "999912008": "1988-02-29"}
"""Birth dates by Bsn."""
CODES = {
    Domain.WMO: (("02", "02A16"), ("07", "07A11"), ("04", "04A04"), ("01", "01A03")),
    Domain.JW: (("45", "45A04"), ("50", "50J01"), ("44", "44A09"), ("54", "54001")),
}
"""Categories with a code of each."""
TARIEVEN = {"02A16": 6000, "07A11": 3448, "04A04": 20417}
"""As Rhenen's contract has them, in euro cents."""
MAANDEN = tuple(date(2023, month, 1) for month in range(1, 6))
REFERENTIES = tuple(f"V{nr}" for nr in range(5))


@dataclass(frozen=True)
class Toewijzing:
    """An allocation of the small world."""

    nummer: int
    categorie: str
    code: str | None
    begin: date
    end: date | None
    omvang: tuple[int, str, str] | None
    budget: int | None = None


@dataclass(frozen=True)
class Relatie:
    """A municipality, a provider and a client, in a domain."""

    domain: Domain
    gemeente: str
    aanbieder: str
    bsn: str

    @property
    def toewijzingen(self) -> tuple[Toewijzing, ...]:
        """What is allocated: hours per week, parts of a day in all, a budget, and something without an end."""
        (c1, code1), (c2, code2), (c3, _), (c4, code4) = CODES[self.domain]
        who = (GEMEENTEN.index(self.gemeente), AANBIEDERS.index(self.aanbieder), [*CLIENTEN].index(self.bsn))
        first = 100_000 + 100 * (9 * who[0] + 3 * who[1] + who[2])
        return (
            Toewijzing(first, c1, code1, date(2023, 1, 1), date(2023, 6, 30), (3, "04", "2")),
            Toewijzing(first + 1, c2, code2, date(2023, 1, 16), date(2023, 4, 12), (60, "16", "6")),
            Toewijzing(first + 2, c3, None, date(2023, 2, 1), date(2023, 12, 31), None, 90_000),
            Toewijzing(first + 3, c4, code4, date(2023, 1, 1), None, (4, "82", "4")),
        )


def relations(domain: Domain) -> list[Relatie]:
    """Every relation of a domain."""
    return [
        Relatie(domain, gemeente, aanbieder, bsn)
        for gemeente in GEMEENTEN
        for aanbieder in AANBIEDERS
        for bsn in CLIENTEN
    ]


def planned(soort: Soort, of: Relatie, chance: Random, *, opening: bool = False) -> Plan:
    """A plan for a message of this kind within a relation; `opening`: a 301 that allocates all there is."""
    number = soort.code[-3:]
    if number == "303":
        return _factuur(of, chance)
    day = date(2023, 2, 1) + timedelta(chance.randrange(28)) if number in {"315", "317", "319"} else _late(chance)
    sends_gemeente = soort.sender is Role.GEMEENTE
    parties = (of.gemeente, of.aanbieder) if sends_gemeente else (of.aanbieder, of.gemeente)
    header = {
        "Afzender": parties[0],
        "Ontvanger": parties[1],
        "BerichtIdentificatie": {"Identificatie": _fresh(chance), "Dagtekening": str(day)},
        "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
    }
    if number == "301":
        return {"Header": header, **_toewijzing(of, chance, opening or chance.random() < 0.4)}
    body = {
        "305": _start,
        "307": _stop,
        "315": _aanvraag,
        "317": _wijziging,
        "319": _antwoord,
        "323": _declaratie,
    }[number]
    return {"Header": header, **body(of, chance, day)}


def _toewijzing(of: Relatie, chance: Random, fresh: bool) -> Plan:
    products = [
        _toegewezen(one, chance, fresh) for one in (of.toewijzingen if fresh else _some(of.toewijzingen, chance))
    ]
    holder = {"ToegewezenProducten": {"ToegewezenProduct": products}}
    tolk = chance.choice([None, {"Vorm": "1", "Taal": "Fries"}, {"Vorm": "2", "Taal": None}])
    soorten = ["01", *chance.sample(["02", "03", "04"], chance.choice([0, 0, 1, 3]))]
    client = {
        **_person(of, chance, wrong=0),
        "Communicatie": tolk,
        "Relaties": chance.choice(
            [None, None, {"Relatie": [_relative(str(nr)) for nr in range(chance.randint(1, 3))]}]
        ),
        "Contactgegevens": {"Contact": [_contact(soort) for soort in soorten]},
        "Beschikking": {"Ingangsdatum": "2023-01-01", "Einddatum": None, **holder},
        **holder,
    }
    return {"Client": client}


def _toegewezen(one: Toewijzing, chance: Random, fresh: bool) -> Plan:
    """A version: the first one, a larger, a shorter or a removed one."""
    version = 0 if fresh else chance.choice([0, 0, 1, 1, 2, 3])
    if version == 1 and one.omvang:
        one = replace(one, omvang=(one.omvang[0] * 2, *one.omvang[1:]))
    if version == 2:
        one = replace(one, end=date(2023, 4, 12))
    if version == 3:
        one = replace(one, end=one.begin)
    return {
        "ToewijzingNummer": str(one.nummer),
        "ReferentieAanbieder": None if fresh or chance.random() < 0.8 else chance.choice(REFERENTIES),
        "Product": {"Categorie": one.categorie, "Code": one.code},
        "Toewijzingsdatum": str(date(2022, 12, 20) + timedelta(30 * version)),
        "Toewijzingstijd": "12:00:00",
        "Ingangsdatum": str(one.begin),
        "Einddatum": one.end and str(one.end),
        "RedenWijziging": {0: None, 1: "08", 2: "02", 3: "13"}[version],
        **_size(one),
    }


def _start(of: Relatie, chance: Random, day: date) -> Plan:
    products = [_delivery(one, chance) for one in _some(of.toewijzingen, chance, 1)]
    return {"Client": {**_person(of, chance), "StartProducten": {"StartProduct": products}}}


def _stop(of: Relatie, chance: Random, day: date) -> Plan:
    products = [
        {
            **_delivery(one, chance),
            "RedenBeeindiging": chance.choice(["20", "20", "02"]),
            "Einddatum": chance.choice(["2023-04-30", "2023-05-31", "2023-06-30"]),
        }
        for one in _some(of.toewijzingen, chance, 1)
    ]
    return {"Client": {**_person(of, chance), "StopProducten": {"StopProduct": products}}}


def _delivery(one: Toewijzing, chance: Random) -> Plan:
    return {
        "ToewijzingNummer": chance.choice([str(one.nummer)] * 9 + [None]),
        "Product": chance.choice([None, {"Categorie": one.categorie, "Code": one.code}]),
        "ToewijzingIngangsdatum": chance.choice([None, str(one.begin)]),
        "Begindatum": str(one.begin + timedelta(chance.choice([0, 0, 0, 0, 31]))),
        "StatusAanlevering": chance.choice("1" * 9 + "3"),
    }


def _aanvraag(of: Relatie, chance: Random, day: date) -> Plan:
    some = _some(of.toewijzingen, chance)
    references = chance.sample(REFERENTIES, len(some))
    decided = chance.random() < 0.5
    products = [
        {
            "ReferentieAanbieder": reference,
            "BeschikkingNummer": "77" if decided else None,
            "BeschikkingIngangsdatum": "2023-01-01" if decided else None,
            "Product": {"Categorie": one.categorie, "Code": one.code},
            "ToewijzingIngangsdatum": str(one.begin),
            "ToewijzingEinddatum": one.end and str(one.end),
            "Verwijzer": {"Type": chance.choice(["01", "02"]), "Naam": "Huisarts Zonnestein", "ZorgverlenerCode": None},
            **_size(one),
        }
        for one, reference in zip(some, references, strict=True)
    ]
    return {"Client": {**_person(of, chance), "AangevraagdeProducten": {"AangevraagdProduct": products}}}


def _wijziging(of: Relatie, chance: Random, day: date) -> Plan:
    later = str(day + timedelta(chance.randint(1, 60)))
    fates = [(one, chance.random() < 0.4) for one in of.toewijzingen]
    same = [{"ToewijzingNummer": str(one.nummer)} for one, changes in fates if not changes]
    changed = [_changed(one, chance, later) for one, changes in fates if changes]
    new = []
    if chance.random() < 0.3 or not changed:
        category, code = CODES[of.domain][3]
        size = {"Omvang": {"Volume": "2", "Eenheid": "82", "Frequentie": "4"}, "Budget": None}
        product = {"Categorie": category, "Code": code}
        new = [{"Product": product, "GewensteIngangsdatum": later, "Einddatum": None, **size}]
    verzoek = {
        "ReferentieAanbieder": chance.choice(REFERENTIES),
        "OngewijzigdeProducten": {"OngewijzigdProduct": same} if same else None,
        "TeWijzigenProducten": {"TeWijzigenProduct": changed} if changed else None,
        "NieuweProducten": {"NieuwProduct": new} if new else None,
    }
    return {"Client": {"Bsn": of.bsn, "Verzoek": verzoek}}


def _changed(one: Toewijzing, chance: Random, later: str) -> Plan:
    """More of it, for longer, or for as much later on."""
    if one.omvang and chance.random() < 0.5:
        one = replace(one, omvang=(one.omvang[0] * 2, *one.omvang[1:]))
    return {
        "ToewijzingNummer": str(one.nummer),
        "GewensteIngangsdatum": chance.choice([str(one.begin), later]),
        "Einddatum": one.end and str(chance.choice([one.end, date(2023, 12, 31)])),
        **_size(one),
    }


def _antwoord(of: Relatie, chance: Random, day: date) -> Plan:
    answer = chance.choice("12")
    antwoord = {
        "ReferentieAanbieder": chance.choice(REFERENTIES),
        "VerzoekAntwoord": answer,
        "RedenAfwijzingVerzoek": "3" if answer == "1" else None,
        "Woonplaatsbeginsel": None,
    }
    return {"Antwoord": antwoord}


# --- claims ---------------------------------------------------------------------------------------------------------


def _declaratie(of: Relatie, chance: Random, day: date) -> Plan:
    month = chance.choice(MAANDEN)
    clients, total = _clients(of, chance, month, "IngediendBedrag")
    declaratie = {
        "DeclaratieNummer": _fresh(chance),
        "DeclaratiePeriode": _period(month, _last(month)),
        "DeclaratieDagtekening": str(_last(month)),
        "TotaalIngediendBedrag": _money("TotaalBedrag", total),
        "Clienten": {"Client": clients},
    }
    return {"Declaratie": declaratie}


def _factuur(of: Relatie, chance: Random) -> Plan:
    month = chance.choice(MAANDEN)
    clients, total = _clients(of, chance, month, "DeclaratieFactuurBedrag")
    header = {
        "Gemeente": of.gemeente,
        "Aanbieder": of.aanbieder,
        "DeclaratieFactuurIdentificatie": {
            "DeclaratiePeriode": _period(month, _last(month)),
            "DeclarantFactuurNummer": _fresh(chance),
            "FactuurDagtekening": str(_late(chance)),
        },
        "DeclaratieFactuurBedragen": {
            "DeclaratieFactuurTotaalBedrag": _money("TotaalBedrag", total),
            "BtwTotaalBedrag": None,
        },
    }
    return {"Header": header, "Clienten": {"Client": clients}}


def _clients(of: Relatie, chance: Random, month: date, element: str) -> tuple[list[Plan], int]:
    """One client or all, each with lines: debits, and credits of what the same debit would be."""
    clients, total = [], 0
    for bsn in [of.bsn] if chance.random() < 0.7 else CLIENTEN:
        own = replace(of, bsn=bsn)
        lines = []
        for one in _some(own.toewijzingen, chance):
            line, cents = _line(of.domain, one, chance, month, element)
            lines.append(line)
            total += cents
        clients.append({**_person(own, chance), "Prestaties": {"Prestatie": lines}})
    return clients, total


def _line(domain: Domain, one: Toewijzing, chance: Random, month: date, element: str) -> tuple[Plan, int]:
    """What is told of a line follows from its reference, so that a credit can say the same as its debit."""
    runs = [first for first in MAANDEN if _last(first) >= one.begin and first <= (one.end or first) and first <= month]
    of_month = chance.choice([month, *runs[-2:]])
    volume = chance.choice([1, 2, 2, 2, 9, 70])
    code = one.code or next(code for category, code in CODES[domain] if category == one.categorie)
    unit = one.omvang[1] if one.omvang else "82"
    tariff = TARIEVEN.get(code, 1000)
    cents, sign = volume * tariff, chance.choice([1, 1, 1, 1, -1])
    own = f"{one.nummer}-{of_month:%m}-{volume}"
    begin, end = max(of_month, one.begin), min(_last(of_month), one.end or date.max)
    said = {
        "GeleverdVolume": str(volume),
        "Eenheid": unit,
        "ProductTarief": str(tariff),
        element: _money("Bedrag", sign * cents),
    }
    without = dict.fromkeys(
        ["Verrekenpercentage", "BerekendBedrag", "BtwVrijstellingIndicatie", "BtwPercentage", "BtwBedrag"]
    )
    line = {
        "ProductReferentie": {
            "ReferentieNummer": f"{'P' if sign > 0 else 'C'}{own}",
            "VorigReferentieNummer": None if sign > 0 else f"P{own}",
        },
        "ToewijzingNummer": str(one.nummer),
        "ProductCategorie": one.categorie,
        "ProductCode": code,
        "ProductPeriode": _period(begin, max(begin, end)),
        "IngediendeBedragPrestatie": {**said, **without},
        **said,
    }
    return line, sign * cents


# --- classes that several kinds share -------------------------------------------------------------------------------


def _person(of: Relatie, chance: Random, wrong: float = 0.05) -> dict[str, Any]:
    day = CLIENTEN[of.bsn] if chance.random() >= wrong else "1960-05-06"
    born = {"Datum": day, "DatumGebruik": None}
    return {"Bsn": of.bsn, "Geboortedatum": born, "Naam": {"Partnernaam": None, "NaamGebruik": "1"}}


def _relative(nummer: str) -> Plan:
    born = {"Datum": "1970-01-01", "DatumGebruik": None}
    naam = {"Partnernaam": None, "NaamGebruik": "1"}
    return {"Nummer": nummer, "Geboortedatum": born, "Naam": naam, "Contact": _contact("01")}


def _contact(soort: str) -> Plan:
    adres = {"Huis": {"Huisnummer": "7"}, "Postcode": "3911AB", "LandCode": "NL"}
    period = _period(date(2023, 1, 1), date(2023, 12, 31)) if soort == "04" else None
    return {"Soort": soort, "Adres": adres, "Periode": period}


def _size(one: Toewijzing) -> dict[str, Any]:
    parts = ("Volume", "Eenheid", "Frequentie")
    told = None if one.omvang is None else dict(zip(parts, map(str, one.omvang), strict=True))
    return {"Omvang": told, "Budget": None if one.budget is None else str(one.budget)}


def _money(element: str, cents: int) -> Plan:
    return {element: str(abs(cents)), "DebetCredit": "C" if cents < 0 else "D"}


def _period(begin: date, end: date) -> Plan:
    return {"Begindatum": str(begin), "Einddatum": str(end)}


def _last(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _late(chance: Random) -> date:
    return date(2023, 7, 1) + timedelta(chance.randrange(60))


def _fresh(chance: Random) -> str:
    """A number that is mostly new."""
    return f"N{chance.randrange(3 if chance.random() < 0.1 else 10**6)}"


def _some(those: tuple[Toewijzing, ...], chance: Random, usual: int = 2) -> list[Toewijzing]:
    """Mostly the first of them, so that messages meet."""
    if chance.random() < 0.6:
        return [those[0]]
    return chance.sample(those, chance.choice([1, usual, usual, 2 * usual]))
