"""Allocations and claims for tests, written from scratch: a 301 from its terms, a 323 or 303 from its lines.

Every value may be given as text as well, to write it otherwise than it should be.
"""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

from lxml import etree

GEMEENTE, ANDERE_GEMEENTE = "0384", "0340"
AANBIEDER, ANDERE_AANBIEDER = "42420001", "65656055"
BSN, OTHER_BSN, THIRD_BSN = "999912008", "999900006", "999900018"

JANUARI, FEBRUARI, MAART = date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1)

Value = str | int | date | None
Month = date | tuple[Value, Value]
"""A DeclaratiePeriode: the month of a day, or both its days."""


@dataclass(frozen=True)
class Terms:
    """One allocated product. As it stands: four hours a week, the whole of 2023."""

    nummer: Value = 810001
    bsn: str = BSN
    categorie: str = "02"
    code: str | None = "02A16"
    begin: date = JANUARI
    end: date | None = date(2023, 12, 31)
    volume: int | None = 4
    eenheid: str = "04"
    frequentie: str = "2"
    budget: int | None = None
    reden: str | None = None
    made_at: datetime = datetime(2022, 12, 1, 10)  # noqa: DTZ001 the standard's moments have no zone


@dataclass(frozen=True)
class Line:
    """One line of a claim. As it stands: an hour in February 2023; a credit if it names an earlier line.

    The amount is volume × tariff, and without a tariff the volume, unless it is given. The last five are of a 303.
    """

    referentie: str = "R1"
    nummer: Value = 810001
    begin: Value = FEBRUARI
    end: Value = date(2023, 2, 28)
    volume: Value = 1
    eenheid: str = "04"
    tarief: Value = 6000
    bedrag: Value = None
    vorige: str | None = None
    dc: str | None = None
    bsn: str = BSN
    categorie: str = "02"
    code: str = "02A16"
    verrekenpercentage: Value = None
    berekend: Value = None
    btw_vrij: str | None = None
    btw_percentage: Value = None
    btw: Value = None

    @property
    def cents(self) -> int:
        """The amount, without sign."""
        if self.bedrag is not None:
            return int(str(self.bedrag))
        return int(str(self.volume)) * (1 if self.tarief is None else int(str(self.tarief)))

    @property
    def debet_credit(self) -> str:
        """D or C."""
        return self.dc or ("D" if self.vorige is None else "C")

    @property
    def signed(self) -> int:
        """The amount, a credit below zero."""
        return -self.cents if self.debet_credit == "C" else self.cents


def month(first: date) -> tuple[date, date]:
    """The first and the last day of a month."""
    return first.replace(day=1), first.replace(day=monthrange(first.year, first.month)[1])


def period(terms: Terms, first: date) -> tuple[date, date]:
    """The ProductPeriode of a line for a month: as much of it as the allocation holds."""
    begin, end = month(first)
    return max(begin, terms.begin), end if terms.end is None else min(end, terms.end)


def allocation(
    *terms: Terms, identificatie: str = "T01", gemeente: str = GEMEENTE, aanbieder: str = AANBIEDER
) -> bytes:
    """A 301 of 3.2 for one client, dated like its newest product."""
    header = (
        *_versie("414", "3", "2"),
        leaf("b:Afzender", gemeente),
        leaf("b:Ontvanger", aanbieder),
        _identificatie(identificatie, max(one.made_at for one in terms).date()),
        _XSD_VERSIE,
    )
    adres = node(
        "b:Adres",
        node("i:Huis", leaf("i:Huisnummer", 12)),
        leaf("i:Postcode", "1119ZX"),
        leaf("i:LandCode", "NL"),
    )
    client = (
        leaf("b:Bsn", terms[0].bsn),
        *_GEBOREN,
        node("b:Naam", _ACHTERNAAM, leaf("i:Voornamen", "Fenna"), leaf("i:Voorletters", "F"), leaf("i:NaamGebruik", 1)),
        node("b:Contactgegevens", node("b:Contact", leaf("b:Soort", "01"), adres)),
        node("b:ToegewezenProducten", *map(_product, terms)),
    )
    return _bericht("301", "3_2", node("b:Header", *header), node("b:Client", *client))


def claim(
    *lines: Line,
    identificatie: str = "B01",
    nummer: str = "D01",
    maand: Month = FEBRUARI,
    dagtekening: Value = MAART,
    gemeente: str = GEMEENTE,
    aanbieder: str = AANBIEDER,
    totaal: Value = None,
    dc: str | None = None,
) -> bytes:
    """A 323 of these lines, by client."""
    header = (
        *_versie("484", "3", "2"),
        leaf("b:Afzender", aanbieder),
        leaf("b:Ontvanger", gemeente),
        _identificatie(identificatie, dagtekening),
        _XSD_VERSIE,
    )
    declaratie = (
        leaf("b:DeclaratieNummer", nummer),
        _periode("b:DeclaratiePeriode", *_days(maand)),
        leaf("b:DeclaratieDagtekening", dagtekening),
        node("b:TotaalIngediendBedrag", *_totaal(lines, totaal, dc)),
        node("b:Clienten", *(_client(bsn, own, _prestatie_323) for bsn, own in by_client(lines))),
    )
    return _bericht("323", "3_2", node("b:Header", *header), node("b:Declaratie", *declaratie))


def invoice(
    *lines: Line,
    identificatie: str = "F01",
    bericht_code: str = "416",
    maand: Month = FEBRUARI,
    dagtekening: Value = MAART,
    gemeente: str = GEMEENTE,
    aanbieder: str = AANBIEDER,
    totaal: Value = None,
    dc: str | None = None,
    btw_totaal: int | None = None,
) -> bytes:
    """A 303 of these lines, by client: a declaration, or with BerichtCode 448 an invoice."""
    btw = None if btw_totaal is None else node("i:BtwTotaalBedrag", *_totaal((), abs(btw_totaal), _dc(btw_totaal)))
    header = (
        *_versie(bericht_code, "2", "3"),
        leaf("b:Gemeente", gemeente),
        leaf("b:Aanbieder", aanbieder),
        leaf("b:BetalingAanID", "02"),
        node(
            "b:DeclaratieFactuurIdentificatie",
            _periode("i:DeclaratiePeriode", *_days(maand)),
            leaf("i:DeclarantFactuurNummer", identificatie),
            leaf("i:FactuurDagtekening", dagtekening),
            leaf("i:ValutaCode", "EUR"),
        ),
        node(
            "b:DeclaratieFactuurBedragen",
            node("i:DeclaratieFactuurTotaalBedrag", *_totaal(lines, totaal, dc)),
            btw or "",
        ),
    )
    clients = (_client(bsn, own, _prestatie_303, *_GEBOREN, _NAAM_303) for bsn, own in by_client(lines))
    return _bericht("303", "2_3", node("b:Header", *header), node("b:Clienten", *clients))


def by_client(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """The lines of each client, clients in the order in which they first occur."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.bsn, []).append(line)
    return list(found.items())


def totals(answer: etree._Element) -> tuple[int, int] | None:
    """What a 325 or 304 says was submitted and is approved, signed; None if it does not say."""
    found = [signed(element) for name in _TOTALS for element in answer.iter(f"{{*}}{name}")]
    return (found[0], found[1]) if found else None


def refused_sum(answer: etree._Element) -> int:
    """The sum of the lines in a 325 or 304, credits subtracted."""
    return sum(signed(amount) for name in _AMOUNTS for amount in answer.iterfind(f".//{{*}}Prestatie//{{*}}{name}"))


def signed(element: etree._Element) -> int:
    """An amount or total with DebetCredit."""
    cents = int(element[0].text or "")
    return -cents if element[1].text == "C" else cents


_TOTALS = ("TotaalIngediendBedrag", "TotaalToegekendBedrag", "IngediendTotaalBedrag", "ToegekendTotaalBedrag")
_AMOUNTS = ("IngediendBedrag", "DeclaratieFactuurBedrag")


def leaf(name: str, value: Value) -> str:
    """An element with text; nothing without a value."""
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>\n"


def node(name: str, *inside: str) -> str:
    """An element with others in it."""
    return f"<{name}>\n{''.join(inside)}</{name}>\n"


_XSD_VERSIE = node("b:XsdVersie", leaf("i:BasisschemaXsdVersie", "1.0.0"), leaf("i:BerichtXsdVersie", "1.0.0"))
_ACHTERNAAM = node("i:Geslachtsnaam", leaf("i:Achternaam", "Proefstra"))
_NAAM_303 = node("b:Naam", _ACHTERNAAM, leaf("i:Voorletters", "F"))
_GEBOREN = (node("b:Geboortedatum", leaf("i:Datum", "1951-04-17")), leaf("b:Geslacht", "2"))


def _bericht(soort: str, release: str, *inside: str) -> bytes:
    url = f"http://www.istandaarden.nl/iwmo/{release}"
    namespaces = f'xmlns:i="{url}/basisschema/schema" xmlns:b="{url}/wmo{soort}/schema"'
    return f"<b:Bericht {namespaces}>\n{''.join(inside)}</b:Bericht>\n".encode()


def _versie(code: str, versie: str, subversie: str) -> tuple[str, ...]:
    return leaf("b:BerichtCode", code), leaf("b:BerichtVersie", versie), leaf("b:BerichtSubversie", subversie)


def _identificatie(identificatie: str, dagtekening: Value) -> str:
    return node("b:BerichtIdentificatie", leaf("i:Identificatie", identificatie), leaf("i:Dagtekening", dagtekening))


def _days(maand: Month) -> tuple[Value, Value]:
    return maand if isinstance(maand, tuple) else month(maand)


def _periode(name: str, begin: Value, end: Value) -> str:
    return node(name, leaf("i:Begindatum", begin), leaf("i:Einddatum", end))


def _dc(cents: int) -> str:
    return "C" if cents < 0 else "D"


def _totaal(lines: Sequence[Line], totaal: Value, dc: str | None) -> tuple[str, str]:
    summed = sum(line.signed for line in lines)
    return leaf("i:TotaalBedrag", abs(summed) if totaal is None else totaal), leaf("i:DebetCredit", dc or _dc(summed))


def _bedrag(name: str, cents: Value, dc: str) -> str:
    return "" if cents is None else node(name, leaf("i:Bedrag", cents), leaf("i:DebetCredit", dc))


def _product(terms: Terms) -> str:
    omvang = node(
        "b:Omvang",
        leaf("i:Volume", terms.volume),
        leaf("i:Eenheid", terms.eenheid),
        leaf("i:Frequentie", terms.frequentie),
    )
    return node(
        "b:ToegewezenProduct",
        leaf("b:ToewijzingNummer", terms.nummer),
        node("b:Product", leaf("i:Categorie", terms.categorie), leaf("i:Code", terms.code)),
        leaf("b:Toewijzingsdatum", terms.made_at.date()),
        leaf("b:Toewijzingstijd", terms.made_at.time().isoformat()),
        leaf("b:Ingangsdatum", terms.begin),
        leaf("b:Einddatum", terms.end),
        leaf("b:RedenWijziging", terms.reden),
        "" if terms.volume is None else omvang,
        leaf("b:Budget", terms.budget),
    )


def _client(bsn: str, lines: Sequence[Line], prestatie: Callable[[Line], str], *personal: str) -> str:
    return node("b:Client", leaf("b:Bsn", bsn), *personal, node("b:Prestaties", *map(prestatie, lines)))


def _claimed(line: Line) -> tuple[str, ...]:
    return (
        leaf("b:ToewijzingNummer", line.nummer),
        leaf("b:ProductCategorie", line.categorie),
        leaf("b:ProductCode", line.code),
        _periode("b:ProductPeriode", line.begin, line.end),
    )


def _referentie(line: Line) -> str:
    return node(
        "b:ProductReferentie",
        leaf("i:ReferentieNummer", line.referentie),
        leaf("i:VorigReferentieNummer", line.vorige),
    )


def _amount(line: Line) -> Value:
    return line.cents if line.bedrag is None else line.bedrag


def _prestatie_323(line: Line) -> str:
    return node(
        "b:Prestatie",
        _referentie(line),
        *_claimed(line),
        leaf("b:GeleverdVolume", line.volume),
        leaf("b:Eenheid", line.eenheid),
        leaf("b:ProductTarief", line.tarief),
        _bedrag("b:IngediendBedrag", _amount(line), line.debet_credit),
    )


def _prestatie_303(line: Line) -> str:
    ingediend = node(
        "b:IngediendeBedragPrestatie",
        leaf("i:GeleverdVolume", line.volume),
        leaf("i:Eenheid", line.eenheid),
        leaf("i:Verrekenpercentage", line.verrekenpercentage),
        leaf("i:ProductTarief", line.tarief),
        _bedrag("i:BerekendBedrag", line.berekend, line.debet_credit),
        leaf("i:BtwVrijstellingIndicatie", line.btw_vrij),
        leaf("i:BtwPercentage", line.btw_percentage),
        _bedrag("i:BtwBedrag", line.btw, line.debet_credit),
        _bedrag("i:DeclaratieFactuurBedrag", _amount(line), line.debet_credit),
    )
    return node("b:Prestatie", *_claimed(line), ingediend, _referentie(line))
