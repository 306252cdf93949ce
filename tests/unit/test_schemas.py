"""Level 1: what is refused, where it is said to be, in which words, and what is never repeated."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.faults import MASK, SchemaFault
from iwmo_gateway.standard.kinds import SOORTEN, Soort
from iwmo_gateway.standard.schemas import SchemaCheck, Schemas
from iwmo_gateway.standard.xml import Document, read

XSD = shipped("xsd")
SCHEMAS = Schemas(XSD)
WMO305, WMO323, WMO301 = (SOORTEN[code, "3.2"] for code in ("WMO305", "WMO323", "WMO301"))

START = """\
<?xml version="1.0" encoding="UTF-8"?>
<w:Bericht xmlns:w="http://www.istandaarden.nl/iwmo/3_2/wmo305/schema" \
xmlns:i="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">
  <w:Header>
    <w:BerichtCode>418</w:BerichtCode>
    <w:BerichtVersie>3</w:BerichtVersie>
    <w:BerichtSubversie>2</w:BerichtSubversie>
    <w:Afzender>12345678</w:Afzender>
    <w:Ontvanger>0340</w:Ontvanger>
    <w:BerichtIdentificatie>
      <i:Identificatie>S1</i:Identificatie>
      <i:Dagtekening>2023-05-31</i:Dagtekening>
    </w:BerichtIdentificatie>
    <w:XsdVersie>
      <i:BasisschemaXsdVersie>1.0.0</i:BasisschemaXsdVersie>
      <i:BerichtXsdVersie>1.0.0</i:BerichtXsdVersie>
    </w:XsdVersie>
  </w:Header>
  <w:Client>
    <w:Bsn>999900006</w:Bsn>
    <w:Geboortedatum>
      <i:Datum>1950-02-28</i:Datum>
    </w:Geboortedatum>
    <w:Geslacht>2</w:Geslacht>
    <w:Naam>
      <i:Geslachtsnaam>
        <i:Achternaam>Jansen</i:Achternaam>
      </i:Geslachtsnaam>
    </w:Naam>
    <w:StartProducten>
      <w:StartProduct>
        <w:ToewijzingNummer>11</w:ToewijzingNummer>
        <w:Begindatum>2023-05-01</w:Begindatum>
        <w:StatusAanlevering>1</w:StatusAanlevering>
      </w:StartProduct>
      <w:StartProduct>
        <w:ToewijzingNummer>12</w:ToewijzingNummer>
        <w:Product>
          <i:Categorie>02</i:Categorie>
          <i:Code>02A03</i:Code>
        </w:Product>
        <w:Begindatum>2023-05-02</w:Begindatum>
        <w:StatusAanlevering>1</w:StatusAanlevering>
      </w:StartProduct>
    </w:StartProducten>
  </w:Client>
</w:Bericht>
"""
PRESTATIE = """
          <w:Prestatie>
            <w:ProductReferentie><i:ReferentieNummer>R{number}</i:ReferentieNummer></w:ProductReferentie>
            <w:ToewijzingNummer>11</w:ToewijzingNummer>
            <w:ProductCategorie>02</w:ProductCategorie>
            <w:ProductCode>02A03</w:ProductCode>
            <w:ProductPeriode>
              <i:Begindatum>2023-05-01</i:Begindatum>
              <i:Einddatum>2023-05-31</i:Einddatum>
            </w:ProductPeriode>
            <w:GeleverdVolume>{volume}</w:GeleverdVolume>
            <w:Eenheid>04</w:Eenheid>
            <w:IngediendBedrag><i:Bedrag>4646</i:Bedrag><i:DebetCredit>D</i:DebetCredit></w:IngediendBedrag>
          </w:Prestatie>"""
CLIENT = "/Bericht/Client"
PRODUCT_2 = f"{CLIENT}/StartProducten/StartProduct[2]"
BASIS_2_3 = "http://www.istandaarden.nl/iwmo/2_3/basisschema/schema"
BASIS_3_2 = "http://www.istandaarden.nl/iwmo/3_2/basisschema/schema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DATE = "een datum als 2023-05-31, zonder tijdzone"
INTEGER = "een geheel getal van 0 tot en met 999999999"
NUMBER_12 = "ten hoogste 12 tekens, niet alleen spaties, zonder regeleinden"
GESLACHT = "een van: 0 (Onbekend), 1 (Mannelijk), 2 (Vrouwelijk)"
HERE = "(hoort bij WMO305, release 3.2)"
PLACES = {
    "BerichtCode": (4, "/Bericht/Header/BerichtCode"),
    "BerichtSubversie": (6, "/Bericht/Header/BerichtSubversie"),
    "Afzender": (7, "/Bericht/Header/Afzender"),
    "Ontvanger": (8, "/Bericht/Header/Ontvanger"),
    "Identificatie": (10, "/Bericht/Header/BerichtIdentificatie/Identificatie"),
    "Dagtekening": (11, "/Bericht/Header/BerichtIdentificatie/Dagtekening"),
    "BerichtXsdVersie": (15, "/Bericht/Header/XsdVersie/BerichtXsdVersie"),
    "Geslacht": (23, f"{CLIENT}/Geslacht"),
    "ToewijzingNummer": (36, f"{PRODUCT_2}/ToewijzingNummer"),
    "Begindatum": (41, f"{PRODUCT_2}/Begindatum"),
}
"""The line and path of what the tests damage."""


def claim(*clients: str) -> str:
    """A WMO323 of clients, each given as its lines."""
    header, _, _ = START.replace("wmo305", "wmo323").replace("418", "484").partition("<w:Client>")
    inside = "".join(
        f"<w:Client><w:Bsn>999900006</w:Bsn><w:Prestaties>{lines}</w:Prestaties></w:Client>" for lines in clients
    )
    return f"""{header}<w:Declaratie>
    <w:DeclaratieNummer>D1</w:DeclaratieNummer>
    <w:DeclaratiePeriode><i:Begindatum>2023-05-01</i:Begindatum><i:Einddatum>2023-05-31</i:Einddatum></w:DeclaratiePeriode>
    <w:DeclaratieDagtekening>2023-06-02</w:DeclaratieDagtekening>
    <w:TotaalIngediendBedrag><i:TotaalBedrag>4646</i:TotaalBedrag><i:DebetCredit>D</i:DebetCredit></w:TotaalIngediendBedrag>
    <w:Clienten>{inside}</w:Clienten></w:Declaratie></w:Bericht>"""


def lines(count: int, volume: str = "1") -> str:
    return "".join(PRESTATIE.format(number=number, volume=volume) for number in range(count))


def document(text: str) -> Document:
    found = read(text.encode())
    assert isinstance(found, Document)
    return found


def check(text: str) -> SchemaCheck:
    return SCHEMAS.check(document(text))


def damaged(old: str, new: str) -> tuple[SchemaFault, ...]:
    assert START.count(old) == 1, old
    return check(START.replace(old, new)).faults


@pytest.mark.parametrize("text", [START, claim(lines(1)), claim(lines(2), lines(1))])
def test_good(text: str) -> None:
    found = check(text)
    assert (found.ok, found.faults, found.more) == (True, (), False)


@pytest.mark.parametrize(
    ("name", "old", "new", "tekst", "verwacht", "gevonden"),
    [
        ("Afzender", "12345678", "1234", "heeft niet de juiste vorm", "8 cijfers", "1234"),
        ("Ontvanger", "0340", " 0340", "er staan spaties", "4 cijfers", " 0340"),
        ("BerichtCode", "418", "420", "past niet bij een WMO305 van release 3.2", f"418 {HERE}", "420"),
        ("BerichtSubversie", "2", "1", "past niet bij een WMO305 van release 3.2", f"2 {HERE}", "1"),
        ("Identificatie", "S1", "S" * 70, "is te lang: 70 tekens", NUMBER_12, "S" * 59 + "…"),
        ("Identificatie", "S1", "", "Identificatie (in BerichtIdentificatie) is leeg", NUMBER_12, "(leeg)"),
        ("Dagtekening", "2023-05-31", "2023-02-30", "bestaat niet", DATE, "2023-02-30"),
        ("Dagtekening", "2023-05-31", "2023-05-31Z", "heeft een tijdzone", DATE, "2023-05-31Z"),
        ("Dagtekening", "2023-05-31", "31-05-2023", "is geen datum in de juiste vorm", DATE, "31-05-2023"),
        ("BerichtXsdVersie", "1.0.0", "1.0", "heeft niet de juiste vorm", "een versienummer als 1.0.0", "1.0"),
        ("Geslacht", "2", "7", "staat niet in de codelijst", GESLACHT, MASK),
        ("ToewijzingNummer", "12", "1,2", "is geen geheel getal", INTEGER, "1,2"),
        ("ToewijzingNummer", "12", "9" * 5000, "is te groot", INTEGER, "9" * 59 + "…"),
        ("ToewijzingNummer", "12", "-12", "is negatief", INTEGER, "-12"),
        ("Begindatum", "2023-05-02", "2023-04-31", "bestaat niet", DATE, "2023-04-31"),
    ],
)
def test_wrong_value(name: str, old: str, new: str, tekst: str, verwacht: str, gevonden: str) -> None:
    (fault,) = damaged(f"{name}>{old}<", f"{name}>{new}<")
    assert (fault.regelnummer, fault.pad) == PLACES[name]
    assert (fault.verwacht, fault.gevonden) == (verwacht, gevonden)
    assert name in fault.tekst
    assert tekst in fault.tekst


@pytest.mark.parametrize(
    ("old", "new", "line", "pad", "tekst", "verwacht"),
    [
        (
            "    <w:Geslacht>2</w:Geslacht>\n",
            "",
            18,
            CLIENT,
            "In Client ontbreekt element Geslacht.",
            "element Geslacht",
        ),
        (
            "<i:Datum>1950-02-28</i:Datum>",
            "",
            20,
            f"{CLIENT}/Geboortedatum",
            "In Geboortedatum ontbreekt element Datum.",
            "element Datum",
        ),
        (
            "<i:Code>02A03</i:Code>",
            "<i:Naam/>",
            39,
            f"{PRODUCT_2}/Product/Naam",
            "Element Naam hoort niet in Product.",
            "element Code",
        ),
        (
            "<w:Begindatum>2023-05-02</w:Begindatum>",
            "<w:Foo/><w:Begindatum>2023-05-02</w:Begindatum>",
            41,
            f"{PRODUCT_2}/Foo",
            "Element Foo hoort niet in StartProduct.",
            "een van de elementen ToewijzingIngangsdatum of Begindatum",
        ),
        (
            "<w:Begindatum>2023-05-02</w:Begindatum>",
            "",
            35,
            PRODUCT_2,
            "In StartProduct ontbreekt element Begindatum.",
            "element Begindatum",
        ),
        (
            "<w:Geslacht>2</w:Geslacht>",
            "<w:Geslacht>2</w:Geslacht>" * 2,
            23,
            f"{CLIENT}/Geslacht",
            "Element Geslacht (in Client) staat er meer dan één keer.",
            "element Geslacht één keer",
        ),
        ("<w:Bsn>", "999900006 <w:Bsn>", 18, CLIENT, "In Client staat tekst tussen de elementen.", "alleen elementen"),
        (
            "<w:StartProducten>",
            '<w:StartProducten nr="999900006">',
            29,
            f"{CLIENT}/StartProducten",
            "Attribuut nr van element StartProducten (in Client) is niet toegestaan.",
            "geen attribuut",
        ),
        (
            ">999900006<",
            "><i:Nr>999900006</i:Nr><",
            19,
            f"{CLIENT}/Bsn",
            "Element Bsn (in Client) bevat andere elementen.",
            "9 cijfers",
        ),
        (
            "<w:Bsn>999900006<",
            f'<w:Bsn xmlns:x="{XSI}" x:nil="true"><',
            19,
            f"{CLIENT}/Bsn",
            "Element Bsn (in Client) mag niet met xsi:nil leeg gelaten worden.",
            "9 cijfers",
        ),
        (
            "<w:Bsn>",
            f'<w:Bsn xmlns:x="{XSI}" x:type="i:LDT_Datum">',
            19,
            f"{CLIENT}/Bsn",
            "Attribuut xsi:type van element Bsn (in Client) is niet toegestaan.",
            "geen attribuut",
        ),
    ],
)
def test_wrong_structure(old: str, new: str, line: int, pad: str, tekst: str, verwacht: str) -> None:
    (fault,) = damaged(old, new)
    assert (fault.regelnummer, fault.pad, fault.tekst, fault.verwacht) == (line, pad, tekst, verwacht)
    assert fault.gevonden in {None, MASK}


def test_wrong_order() -> None:
    status = "<w:StatusAanlevering>1</w:StatusAanlevering>"
    begin = "<w:Begindatum>2023-05-01</w:Begindatum>"
    text = START.replace(status, "", 1).replace(begin, status + begin)
    (fault,) = check(text).faults
    assert fault.pad == f"{CLIENT}/StartProducten/StartProduct[1]/StatusAanlevering"
    assert fault.tekst == "Element StatusAanlevering (in StartProduct) staat niet op de juiste plaats."
    assert fault.verwacht == "een van de elementen Product, ToewijzingIngangsdatum of Begindatum"


def test_element_that_comes_too_late_is_out_of_place_and_nothing_is_missing() -> None:
    number = "<w:ToewijzingNummer>12</w:ToewijzingNummer>"
    text = START.replace(number, "").replace("</w:Product>", f"</w:Product>{number}")
    (fault,) = check(text).faults
    assert (fault.pad, fault.tekst) == (
        f"{PRODUCT_2}/ToewijzingNummer",
        "Element ToewijzingNummer (in StartProduct) staat niet op de juiste plaats.",
    )


def test_empty_container_misses_its_content() -> None:
    text = re.sub(r"<w:StartProducten>.*</w:StartProducten>", "<w:StartProducten/>", START, flags=re.DOTALL)
    (fault,) = check(text).faults
    assert (fault.pad, fault.tekst) == (
        f"{CLIENT}/StartProducten",
        "In StartProducten ontbreekt element StartProduct.",
    )


def test_several_errors_of_one_value_are_one_fault_and_of_several_sorts_several() -> None:
    faults = damaged("<w:Bsn>999900006<", '<w:Bsn a="Jansen"><')
    assert [fault.tekst for fault in faults] == [
        "Attribuut a van element Bsn (in Client) is niet toegestaan.",
        "Bsn (in Client) is leeg.",
    ]


def test_releases_mixed() -> None:
    faults = check(START.replace(BASIS_3_2, BASIS_2_3)).faults
    assert faults[0] == SchemaFault(
        regelnummer=10,
        pad="/Bericht/Header/BerichtIdentificatie/Identificatie",
        tekst="Element Identificatie (in BerichtIdentificatie) komt uit release 2.3, maar het bericht is van 3.2: "
        "het mengt releases.",
        verwacht=f"namespace {BASIS_3_2}",
        gevonden=f"namespace {BASIS_2_3}",
    )
    assert all("mengt releases" in fault.tekst for fault in faults)


@pytest.mark.parametrize(
    ("namespace", "tekst", "gevonden"),
    [
        (BASIS_3_2.replace("iwmo", "ijw"), "mengt standaarden", f"namespace {BASIS_3_2.replace('iwmo', 'ijw')}"),
        (WMO305.namespace, "ander schema van dezelfde release", f"namespace {WMO305.namespace}"),
        ("urn:Jansen", "niet in een namespace van de standaard", "geen of een onbekende namespace"),
    ],
)
def test_wrong_namespace(namespace: str, tekst: str, gevonden: str) -> None:
    (fault,) = damaged("<i:Datum>", f'<i:Datum xmlns:i="{namespace}">')
    assert tekst in fault.tekst
    assert (fault.pad, fault.gevonden) == (f"{CLIENT}/Geboortedatum/Datum", gevonden)


def test_paths_do_not_depend_on_prefixes() -> None:
    default = START.replace("w:", "").replace("xmlns:w=", "xmlns=")
    default = default.replace("2023-05-02", "x").replace("999900006", "x")
    assert [fault.pad for fault in check(default).faults] == [f"{CLIENT}/Bsn", f"{PRODUCT_2}/Begindatum"]


def test_only_what_may_repeat_is_numbered_also_when_there_is_one() -> None:
    (fault,) = check(claim(lines(1, volume="x"))).faults
    assert fault.pad == "/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie[1]/GeleverdVolume"


@pytest.mark.parametrize("secret", ["Jansen-de Wit", "19500228", "999900018x", "a' is wrong. Expected is ( {x}y ).\n"])
@pytest.mark.parametrize(
    "name", ["w:Bsn", "i:Datum", "w:Geslacht", "i:Achternaam", "w:Client", "w:Naam", "i:Geslachtsnaam"]
)
def test_personal_values_are_nowhere_in_a_fault(name: str, secret: str) -> None:
    wrong = secret * 30 if name == "i:Achternaam" else secret
    text = re.sub(rf"(<{name}>)[^<]*", lambda match: match[1] + wrong, START, count=1)
    faults = check(text).faults
    assert [fault.gevonden for fault in faults] == [MASK]
    assert not any(secret.strip() in f"{fault.tekst}{fault.verwacht}{fault.pad}" for fault in faults)


def test_threads_never_see_each_others_errors() -> None:
    """Fails when `_PerThread` is made an ordinary class, so that the threads share one compiled schema."""
    texts = [START.replace(*_damage(thread)) for thread in range(8)]
    alone = [check(text) for text in texts]
    assert len({found.faults for found in alone}) == 8
    schemas, together = Schemas(XSD), threading.Barrier(8)

    def judge(thread: int) -> list[SchemaCheck]:
        together.wait()
        return [schemas.check(document(texts[thread])) for _ in range(200)]

    with ThreadPoolExecutor(8) as pool:
        for expected, found in zip(alone, pool.map(judge, range(8)), strict=True):
            assert set(found) == {expected}


def _damage(thread: int) -> tuple[str, str]:
    """Another fault for each thread, by its value or its place."""
    places = [("0340", "1"), ("S1<", "<"), ("418", "1"), ("2</w:Geslacht", "x</w:Geslacht"), ("999900006", "x")]
    old, new = [*places, ("2023-05-01", "x"), ("2023-05-02", "y"), ("02A03", "")][thread]
    return old, new


@pytest.mark.parametrize("soort", SOORTEN.values(), ids=str)
def test_outgoing_messages_are_judged_without_a_file(soort: Soort) -> None:
    root = etree.Element(f"{{{soort.namespace}}}Bericht")
    (fault,) = SCHEMAS.check_xml(soort, root).faults
    assert fault == SchemaFault(0, "/Bericht", "In Bericht ontbreekt element Header.", "element Header", None)


def test_another_kind_of_root_is_refused_not_accepted() -> None:
    found = SCHEMAS.check_xml(WMO323, etree.Element("Bericht"))
    assert [fault.tekst for fault in found.faults] == ["Element Bericht voldoet niet aan het schema."]
