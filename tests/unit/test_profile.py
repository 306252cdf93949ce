"""Contract profiles: the shipped one against the signed document, what a profile answers, and every fault in a text."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from iwmo_gateway.contract.afspraken import Aanbieders, Afspraken, Eenheid, Product, Tarief, Toelating
from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.contract.prose import COLUMNS, explained, notes, rows
from iwmo_gateway.contract.source import KeyPath, ProfielFault, Source, read_source, text_of
from iwmo_gateway.contract.volumes import unit_name
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import load_codelists
from iwmo_gateway.standard.kinds import Domain

# A profile with one of everything. Its lines are numbered in the tests below: the first is 1.
TEXT = """\
naam = "Jeugdhulp 2024"
domein = "jw"
gemeenten = ["0340", "1669"]
vanaf = 2024-01-01
tot_en_met = 2024-12-31
declareren = "factuur"
btw = "belast"
bron = "bijlage 3"

[aanbieders]
toegelaten = [
  { agb = "65656055", naam = "De Brug", vanaf = 2024-01-01, tot_en_met = 2024-06-30 },
  { agb = "42420001" },
  { agb = "65656055", vanaf = 2024-10-01 },
]

[[producten]]
code = "45A04"
categorie = "45"
naam = "Begeleiding"
eenheid = "04"
functieniveau = 4
tarieven = [
  { vanaf = 2024-01-01, tot_en_met = 2024-06-30, euro = 60 },
  { vanaf = 2024-07-01, tot_en_met = 2024-12-31, euro = 61.2 },
]
artikel = "2.1"
toelichting = "Ook op school."

[[producten]]
code = "45A05"
categorie = "45"
naam = "Maatwerk"
eenheid = "83"
"""


def parsed(text: str = TEXT, version: int = 1) -> Profiel:
    found = parse_profiel(text, "jeugdhulp-2024", version)
    assert isinstance(found, Profiel), found
    return found


def faults_of(text: str, name: str = "jeugdhulp-2024") -> list[tuple[int, str]]:
    found = parse_profiel(text, name)
    assert not isinstance(found, Profiel), "Nothing wrong was found"
    return [(fault.regelnummer, fault.tekst) for fault in found]


def changed(*edits: tuple[str, str]) -> str:
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def day(text: str) -> date:
    return date.fromisoformat(text)


# --- Rhenen 2023 ----------------------------------------------------------------------------------------------------


RHENEN = {
    "02A03": ("02", 4646, "04", 3),
    "02A16": ("02", 6000, "04", 4),
    "02A19": ("02", 7920, "04", 5),
    "04A04": ("04", 20417, "14", 4),
    "07A11": ("07", 3448, "16", 3),
    "07A12": ("07", 4657, "16", 4),
    "07A13": ("07", 5827, "16", 5),
    "08A03": ("08", 1028, "84", None),
    "08A04": ("08", 2285, "84", None),
}


@pytest.fixture(scope="module")
def rhenen() -> Profiel:
    text = (shipped("contracts") / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")
    found = parse_profiel(text, "rhenen-wmo-2023", 1)
    assert isinstance(found, Profiel), found
    return found


def test_rhenen_has_the_products_of_annexes_8_and_9(rhenen: Profiel) -> None:
    assert {
        product.code: (product.categorie, product.tarief_on(day("2023-07-01")), product.eenheid, product.functieniveau)
        for product in rhenen.producten
    } == RHENEN


def test_rhenen_holds_for_calendar_2023_for_one_municipality_and_admits_everyone(rhenen: Profiel) -> None:
    assert (rhenen.domein, rhenen.gemeenten, rhenen.identity) == (Domain.WMO, ("0340",), "rhenen-wmo-2023/1")
    assert (rhenen.btw, rhenen.declareren) == ("vrijgesteld", "declaratie")
    days = [day(one) for one in ("2022-12-31", "2023-01-01", "2023-12-31", "2024-01-01")]
    assert [rhenen.holds_on(one) for one in days] == [False, True, True, False]
    for code, (categorie, cents, _, _) in RHENEN.items():
        product = rhenen.product(code)
        assert product is not None
        assert [product.tarief_on(one) for one in days] == [None, cents, cents, None]
        assert [rhenen.offers(categorie, code, one) for one in days] == [False, True, True, False]
    assert rhenen.admits("65656055", days[1])


def test_every_product_of_rhenen_stands_on_the_national_list(rhenen: Profiel) -> None:
    codelists = load_codelists(shipped("codelists"))
    days = [rhenen.vanaf]
    assert all(codelists.knows_product(Domain.WMO, one.categorie, one.code, days) for one in rhenen.producten)
    assert all(codelists.knows_gemeente(gemeente, days) for gemeente in rhenen.gemeenten)


# --- what a profile answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "tariff"),
    [
        ("2023-12-31", None),
        ("2024-01-01", 6000),
        ("2024-06-30", 6000),
        ("2024-07-01", 6120),
        ("2024-12-31", 6120),
        ("2025-01-01", None),
    ],
)
def test_a_product_is_on_the_list_while_it_has_a_tariff(on: str, tariff: int | None) -> None:
    profiel = parsed()
    product = profiel.product("45A04")
    assert product is not None
    assert product.tarief_on(day(on)) == tariff
    assert profiel.offers("45", "45A04", day(on)) is (tariff is not None)


@pytest.mark.parametrize(
    ("categorie", "code", "on", "offered"),
    [
        ("45", "45A05", "2024-01-01", True),
        ("45", "45A05", "2024-07-15", True),
        ("45", "45A05", "2024-12-31", True),
        ("45", "45A05", "2023-12-31", False),
        ("45", "45A05", "2025-01-01", False),
        ("44", "45A05", "2024-01-01", False),
        ("44", "45A04", "2024-01-01", False),
        ("45", "45A06", "2024-01-01", False),
        ("45", "45a04", "2024-01-01", False),
    ],
)
def test_euros_have_no_tariff_and_a_product_stands_in_its_own_category(
    categorie: str, code: str, on: str, *, offered: bool
) -> None:
    assert parsed().offers(categorie, code, day(on)) is offered


def test_a_product_that_was_not_agreed_is_none() -> None:
    assert parsed().product("45A06") is None


@pytest.mark.parametrize(
    ("agb", "on", "admitted"),
    [
        ("65656055", "2023-12-31", False),
        ("65656055", "2024-01-01", True),
        ("65656055", "2024-06-30", True),
        ("65656055", "2024-07-01", False),
        ("65656055", "2024-10-01", True),
        ("65656055", "2024-12-31", True),
        ("42420001", "2024-07-01", True),
        ("42420002", "2024-07-01", False),
    ],
)
def test_a_list_of_providers_admits_those_on_it_in_their_own_periods(agb: str, on: str, *, admitted: bool) -> None:
    assert parsed().admits(agb, day(on)) is admitted


@pytest.mark.parametrize("table", ["[aanbieders]", ""])
def test_without_a_list_everyone_is_admitted(table: str) -> None:
    before, _, rest = TEXT.partition("[aanbieders]")
    text = before + table + rest[rest.index("]\n\n") + 1 :]
    assert parsed(text).admits("00000001", day("2024-07-01"))


def test_what_may_be_left_out_is_none() -> None:
    left_out = parsed(changed(('declareren = "factuur"\n', ""), ('btw = "belast"\n', ""), ("functieniveau = 4\n", "")))
    assert (left_out.declareren, left_out.btw, left_out.producten[0].functieniveau) == (None, None, None)


def test_a_profile_and_its_parts_cannot_be_changed() -> None:
    profiel = parsed()
    for part, name in [(profiel, "naam"), (profiel.producten[0], "code"), (profiel.producten[0].tarieven[0], "cents")]:
        with pytest.raises(ValidationError):
            setattr(part, name, "x")
    assert isinstance(profiel.producten, tuple)
    assert isinstance(profiel.producten[0].tarieven, tuple)


@given(st.integers(1, 99_999_999))
def test_an_amount_is_exact(cents: int) -> None:
    written = f"{cents // 100}.{cents % 100:02}"
    assert parsed(changed(("euro = 61.2", f"euro = {written}"))).producten[0].tarieven[1].cents == cents


def test_every_unit_has_a_name() -> None:
    assert all(unit_name(eenheid) for eenheid in get_args(Eenheid))


@pytest.mark.parametrize("part", [Afspraken, Aanbieders, Toelating, Product, Tarief])
def test_every_key_says_what_belongs_there(part: Any) -> None:
    assert all(field.description for field in part.model_fields.values())


# --- what is wrong with a text --------------------------------------------------------------------------------------


WRONG: dict[str, tuple[tuple[str, str], int, str]] = {
    # An unknown key, with those that are known.
    "key": (('btw = "belast"', 'btw = "belast"\nindex = 3'), 8, "index is hier geen sleutel; verwacht naam, domein"),
    "key of a product": (('eenheid = "83"', 'eenheid = "83"\nprijs = 3'), 35, "prijs is hier geen sleutel"),
    "key of a tariff": (("euro = 61.2", "euro = 61.2, cents = 1"), 25, "cents is hier geen sleutel"),
    "key of a list": (("[aanbieders]", "[aanbieders]\nlijst = 1"), 11, "lijst is hier geen sleutel"),
    "key of a provider": (('"42420001" }', '"42420001", kvk = 1 }'), 13, "kvk is hier geen sleutel"),
    "name of its own": (('btw = "belast"', 'name = "x"'), 7, "name is hier geen sleutel"),
    "version of its own": (('btw = "belast"', "version = 3"), 7, "version is hier geen sleutel"),
    "table": (("[aanbieders]", "[afspraken]\n[aanbieders]"), 10, "afspraken is hier geen sleutel"),
    "lot": (("functieniveau = 4", "perceel = 0"), 22, "perceel: verwacht het perceel waarin het is ingekocht"),
    "concept in quotes": (('btw = "belast"', 'concept = "ja"'), 7, "concept: verwacht true zolang"),
    "stop that refuses": (
        ("[aanbieders]", '[[regels]]\nregel = "contract-opzegging"\nactie = "reject"\nartikel = "8.12"\n'
         'retourcodes = { "3.2" = "9321" }\n[aanbieders]'),
        12,
        "reject kan niet bij contract-opzegging; verwacht signal of review",
    ),
    "line rule that holds an allocation": (
        ("[aanbieders]", '[[regels]]\nregel = "contract-startmelding"\nactie = "review"\nartikel = "8"\n[aanbieders]'),
        12,
        "review kan niet bij contract-startmelding; verwacht reject of signal",
    ),
    "lots that no product has": (
        ("[aanbieders]", '[[regels]]\nregel = "contract-perceel"\nactie = "signal"\nartikel = "3"\n[aanbieders]'),
        11,
        "geen product van dit profiel heeft een perceel",
    ),
    "together with itself": (
        ("[aanbieders]", '[[regels]]\nregel = "contract-samen"\nactie = "signal"\nartikel = "9"\n'
         'producten = ["45A04"]\nbij = ["45A04"]\n[aanbieders]'),
        15,
        "45A04 kan niet in producten en in bij staan",
    ),
    "nothing included": (
        ("[aanbieders]", '[[regels]]\nregel = "contract-inbegrepen"\nactie = "signal"\nartikel = "9"\n'
         'producten = ["45A04"]\nbij = ["45A05"]\n[aanbieders]'),
        11,
        "contract-inbegrepen heeft inbegrepen nodig",
    ),
    "included without a volume": (
        ("[aanbieders]", '[[regels]]\nregel = "contract-inbegrepen"\nactie = "signal"\nartikel = "9"\n'
         'producten = ["45A04"]\nbij = ["45A05"]\ninbegrepen = [{ eenheid = "04" }]\n[aanbieders]'),
        16,
        "volume ontbreekt; verwacht een aantal vanaf 1",
    ),
    # Something that is missing, where it should stand.
    "no name": (('naam = "Jeugdhulp 2024"\n', ""), 1, "naam ontbreekt"),
    "no code": (('code = "45A05"\n', ""), 30, "code ontbreekt; verwacht een productcode van vijf tekens"),
    "no amount": ((", euro = 61.2", ""), 25, "euro ontbreekt"),
    "a gap": (("vanaf = 2024-07-01", "vanaf = 2024-07-02"), 23, "geen tarief tussen 2024-06-30 en 2024-07-02"),
    "no begin": (("vanaf = 2024-07-01, ", ""), 25, "vanaf ontbreekt"),
    # Codes.
    "short municipality": (('"1669"', '"169"'), 3, 'elk vier cijfers: ["0340"]; gevonden "169"'),
    "municipality as a number": (('"1669"', "1669"), 3, "gevonden 1669"),
    "other digits": (('"1669"', '"١٦٦٩"'), 3, "gemeenten: verwacht"),
    "no municipality": (('["0340", "1669"]', "[]"), 3, "gevonden een lege lijst"),
    "not a list": (('["0340", "1669"]', '"0340"'), 3, 'gevonden "0340"'),
    "municipality twice": (('"1669"', '"0340"'), 3, "gemeente 0340 staat er meer dan eens, het eerst op regel 3"),
    "provider": (('"42420001"', '"4242001"'), 13, 'acht cijfers: "65656055"; gevonden "4242001"'),
    "empty list": (("toegelaten = [", "toegelaten = []\nover = ["), 11, "een lege lijst zou niemand toelaten"),
    "short code": (('"45A04"', '"45A4"'), 18, 'vijf tekens, zoals "02A03"; gevonden "45A4"'),
    "small letter": (('"45A04"', '"45a04"'), 18, 'gevonden "45a04"'),
    "category": (('categorie = "45"', 'categorie = "4"'), 19, 'twee cijfers, zoals "02"; gevonden "4"'),
    "unit": (('eenheid = "04"', 'eenheid = "05"'), 21, "een eenheid van de standaard: 01, 04, 14, 16, 21, 81, 82"),
    "domain": (('"jw"', '"zvw"'), 2, 'gevonden "zvw"'),
    "kind of claim": (('"factuur"', '"bon"'), 6, '"declaratie" of "factuur"'),
    "vat": (('"belast"', '"21"'), 7, '"vrijgesteld" of "belast"; gevonden "21"'),
    "level": (("functieniveau = 4", "functieniveau = 9"), 22, "van 1 tot en met 8; gevonden 9"),
    "level in quotes": (("functieniveau = 4", 'functieniveau = "4"'), 22, 'gevonden "4"'),
    "product twice": (('"45A05"', '"45A04"'), 31, "product 45A04 staat er meer dan eens, het eerst op regel 18"),
    "line break": (('"Begeleiding"', '"Begel\\neiding"'), 20, "op één regel"),
    "control character": (('"Begeleiding"', '"Begel\\u0000eiding"'), 20, "op één regel"),
    "blank": (('"bijlage 3"', '"  "'), 8, "bron: verwacht"),
    # Periods.
    "end before begin": (("= 2024-12-31\nd", "= 2023-12-31\nd"), 5, "een datum vanaf 2024-01-01; gevonden 2023-12-31"),
    "tariff before its begin": (("2024-06-30, euro", "2023-12-31, euro"), 24, "gevonden 2023-12-31"),
    "admission before its begin": (("2024-06-30 },", "2023-06-30 },"), 12, "gevonden 2023-06-30"),
    "date in quotes": (("vanaf = 2024-01-01\n", 'vanaf = "2024-01-01"\n'), 4, "zonder aanhalingstekens"),
    "moment": (("vanaf = 2024-01-01\n", "vanaf = 2024-01-01 12:00:00\n"), 4, "gevonden 2024-01-01 12:00:00"),
    "overlap": (
        ("vanaf = 2024-07-01", "vanaf = 2024-06-30"),
        25,
        "product 45A04: het tarief van 2024-06-30 t/m 2024-12-31 overlapt dat van 2024-01-01 t/m 2024-06-30",
    ),
    "too early": (
        ("{ vanaf = 2024-01-01, tot_en_met = 2024-06-30, euro", "{ vanaf = 2023-12-31, tot_en_met = 2024-06-30, euro"),
        24,
        "van 2023-12-31 t/m 2024-06-30 valt buiten de geldigheid van het profiel, 2024-01-01 t/m 2024-12-31",
    ),
    "too late": (("2024-12-31, euro", "2025-01-01, euro"), 25, "valt buiten de geldigheid van het profiel"),
    # Amounts.
    "three decimals": (("61.2 }", "61.205 }"), 25, "twee decimalen en een punt, zoals 46.46; gevonden 61.205"),
    "many decimals": (("61.2 }", "61.20000000000000000000000000000000001 }"), 25, "hoogstens twee decimalen"),
    "zero": (("61.2 }", "0.00 }"), 25, "een bedrag boven 0"),
    "negative": (("61.2 }", "-61.20 }"), 25, "een bedrag boven 0"),
    "amount in quotes": (("61.2 }", '"61,20" }'), 25, 'gevonden "61,20"'),
    "truth": (("61.2 }", "true }"), 25, "gevonden true"),
    "no number": (("61.2 }", "nan }"), 25, "gevonden NaN"),
    "endless": (("61.2 }", "inf }"), 25, "gevonden Infinity"),
    "huge": (("61.2 }", "1e999999999 }"), 25, "gevonden 1E+999999999"),
    "tiny": (("61.2 }", "1e-999999999 }"), 25, "gevonden 1E-999999999"),
    "more than fits in a message": (("61.2 }", "1000000 }"), 25, "gevonden 1000000"),
    "no tariff": (('eenheid = "83"', 'eenheid = "82"'), 30, "product 45A05 heeft geen tarief; alleen bij eenheid 83"),
    "tariff for euros": (('eenheid = "04"', 'eenheid = "83"'), 23, "eenheid 83 (euro) en dan geen tarief"),
    # What is no TOML.
    "comma in an amount": (("61.2 }", "61,20 }"), 25, "een bedrag heeft een punt en geen komma"),
    "date the other way round": (("= 2024-12-31\n", "= 31-12-2024\n"), 5, "een datum is geschreven als 2023-01-31"),
    "code without quotes": (('categorie = "45"', "categorie = 045"), 19, "codes staan tussen aanhalingstekens"),
    "no such day": (("2024-06-30, euro", "2024-06-31, euro"), 24, "deze datum bestaat niet"),
    "quote missing": (('"Begeleiding"', '"Begeleiding'), 20, "ontbreekt een aanhalingsteken"),
    "key twice": (('btw = "belast"', 'vanaf = "belast"'), 7, "deze sleutel staat er tweemaal"),
    "list without end": (("\n]\nartikel", "\nartikel"), 26, "geen geldige TOML"),
    "cut off": (('eenheid = "83"\n', "tarieven = [\n"), 34, "geen geldige TOML"),
    "deep": (('"bijlage 3"', "[" * 5000), 8, "te diep genest"),
    "long": (('"bijlage 3"', "1" * 5000), 1, "geen geldige TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "line", "said"), WRONG.values(), ids=WRONG)
def test_a_fault_names_the_line_and_what_was_expected_and_found(edit: tuple[str, str], line: int, said: str) -> None:
    found = faults_of(changed(edit))
    assert (line, True) in [(number, said in text) for number, text in found], found
    assert len(found) <= 2


def test_everything_is_told_at_once_in_the_order_of_the_lines() -> None:
    found = faults_of(
        changed(
            ('"1669"', '"169"'),
            ('btw = "belast"', "index = 3"),
            ('"42420001"', '"4242001"'),
            ('naam = "Begeleiding"', 'naam = ""'),
            ("vanaf = 2024-07-01", "vanaf = 2024-06-30"),
            ("euro = 61.2", "euro = 61.205"),
            ("2024-12-31, euro", "2025-12-31, euro"),
            ('"45A05"', '"45A04"'),
            ('eenheid = "83"', ""),
        ),
        name="Jeugdhulp 2024",
    )
    # One line has both a wrong amount, an overlap and a period outside the validity: none hides another.
    assert [line for line, _ in found] == [1, 3, 7, 13, 20, 25, 25, 25, 30, 30, 31]
    assert found[0][1].startswith("een profiel heet naar zijn bestand")


@pytest.mark.parametrize("name", ["", "Rhenen", "rhenen_2023", "rhenen--2023", "-rhenen", "rhenen/1", "a" * 61])
def test_a_name_has_small_letters_digits_and_single_hyphens(name: str) -> None:
    assert [line for line, _ in faults_of(TEXT, name)] == [1]


def test_what_is_missing_altogether_is_told_of_an_empty_file() -> None:
    missing = {text.partition(" ")[0] for _, text in faults_of("")}
    assert missing == {"naam", "domein", "gemeenten", "vanaf", "tot_en_met", "bron", "producten"}


@pytest.mark.parametrize(
    "body", [TEXT.encode(), TEXT.encode("utf-8-sig"), TEXT.replace("\n", "\r\n").encode("utf-8-sig")]
)
def test_a_file_is_the_same_whatever_editor_kept_it(body: bytes) -> None:
    assert text_of(body) == TEXT


def test_a_file_in_another_encoding_is_told_with_the_line() -> None:
    fault = text_of(TEXT.replace("Begeleiding", "Begeleiding à").encode("latin-1"))
    assert isinstance(fault, ProfielFault)
    assert fault.regelnummer == 20
    assert "UTF-8" in fault.tekst


# --- the lines of a text --------------------------------------------------------------------------------------------


TRICKY = '''\
# [nothing]
a = "[x] # = {" # b = 1
"b c" = 'y = "'
d.e . "f.g" = 1
h = """
[[no]] "quoted" \\""" # no comment
"""
i = [ # [
  1, "]", [ 2,
  3 ], { j = 1, k.l = [4] },
]
m = 1979-05-27 07:32:32
n = [ 1979-05-27 07:32:32, 2 ]
o = """"quoted""""
p = \'\'\'
it's [q]
\'\'\'
[r.s]
t = 1
[[u]]
[[u]]
v = {}
[[u.w]]
x = 1
[[u.w]]
[u.w.y]
z = 1
[ "a b" . c ]
k = true
'''
LINES: dict[KeyPath, int] = {
    ("a",): 2,
    ("b c",): 3,
    ("d", "e", "f.g"): 4,
    ("h",): 5,
    ("i", 0): 9,
    ("i", 1): 9,
    ("i", 2, 1): 10,
    ("i", 3, "k", "l", 0): 10,
    ("m",): 12,
    ("n", 1): 13,
    ("p",): 15,
    ("r", "s", "t"): 19,
    ("u", 0): 20,
    ("u", 1, "v"): 22,
    ("u", 1, "w", 0, "x"): 24,
    ("u", 1, "w", 1): 25,
    ("u", 1, "w", 1, "y", "z"): 27,
    ("a b", "c", "k"): 29,
}


def places(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The place of every value in what was read."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inside:
        yield from places(one, (*path, step))


@pytest.mark.parametrize("text", [TRICKY, TEXT, "", "\n\n", "a=1"])
def test_every_value_of_a_text_has_a_line(text: str) -> None:
    source = read_source(text)
    assert isinstance(source, Source)
    assert set(places(source.values)) == set(source.lines)


def test_the_line_is_the_one_on_which_a_value_begins() -> None:
    source = read_source(TRICKY)
    assert isinstance(source, Source)
    assert {path: source.line_of(path) for path in LINES} == LINES
    assert source.line_of(("u", 1, "w", 0, "nothing", 3)) == source.line_of(("u", 1, "w", 0)) == 23
    assert source.line_of(("nothing",)) == 1


KEYS = st.text("ab-_.#=[]{} ", min_size=1, max_size=4)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.dates() | st.text("ab#=[]{},.' \n", max_size=6) | st.just(Decimal("1.5")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def written(value: Any) -> str:
    """A value as TOML."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = value.replace("\n", "\\n")
            return f'"{text}"'
        case list():
            return "[\n" + "".join(f"{written(one)},\n" for one in value) + "]"
        case dict():
            return "{" + ", ".join(f'"{key}" = {written(one)}' for key, one in value.items()) + "}"
    return str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_the_walk_finds_its_way_through_any_text(values: dict[str, Any]) -> None:
    text = "".join(f'"{key}" = {written(value)}\n' for key, value in values.items())
    source = read_source(text)
    assert isinstance(source, Source), text
    assert source.values == values
    assert set(source.lines) == set(places(values))
    lines = text.split("\n")
    assert all(f'"{path[-1]}" =' in lines[line - 1] for path, line in source.lines.items() if isinstance(path[-1], str))


# --- in words -------------------------------------------------------------------------------------------------------


def test_a_profile_is_explained_with_its_parties_validity_and_conditions() -> None:
    assert list(explained(parsed())) == [
        "Jeugdhulp 2024 (jeugdhulp-2024/1)",
        "Een overeenkomst van gemeenten 0340, 1669 met aanbieders, voor iJw.",
        "Geldt van 2024-01-01 tot en met 2024-12-31. "
        "Voor een declaratieregel telt de begindatum van zijn ProductPeriode, voor een toewijzing haar Ingangsdatum, "
        "voor een start zijn Begindatum.",
        "Aanbieders: alleen deze zijn toegelaten.",
        "  65656055 (De Brug) vanaf 2024-01-01 tot en met 2024-06-30",
        "  42420001",
        "  65656055 vanaf 2024-10-01",
        "Een 303 hoort een factuur te zijn, geen declaratie.",
        "Btw: belast.",
        "Bron: bijlage 3",
    ]
    assert list(notes(parsed())) == ["45A04: Ook op school."]


def test_a_profile_without_conditions_says_so(rhenen: Profiel) -> None:
    assert "Aanbieders: er is geen lijst gegeven; iedere aanbieder is toegelaten." in list(explained(rhenen))
    open_to_both = parsed(changed(('declareren = "factuur"\n', "")), version=0)
    told = list(explained(open_to_both))
    assert told[0] == "Jeugdhulp 2024 (jeugdhulp-2024)"
    assert "Een 303 mag een declaratie of een factuur zijn." in told


def test_the_products_are_a_table_with_a_row_for_each_tariff() -> None:
    told = list(rows(parsed()))
    assert told == [
        ("45A04", "45", "Begeleiding", "04 (uur)", "60,00", "2024-01-01", "2024-06-30", "4", "2.1"),
        ("45A04", "45", "Begeleiding", "04 (uur)", "61,20", "2024-07-01", "2024-12-31", "4", "2.1"),
        ("45A05", "45", "Maatwerk", "83 (eurocent)", "geen", "2024-01-01", "2024-12-31", "–", ""),
    ]
    assert {len(row) for row in told} == {len(COLUMNS)}
