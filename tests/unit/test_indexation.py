"""Indexation (Rhenen, annex 8, 8.13): the sum, the rounding, and a text that stays as the officer wrote it."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iwmo_gateway.contract.indexation import Voorstel, indexed, propose, rows
from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.contract.prose import explained
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import contracts
from iwmo_gateway.shipped import shipped

RHENEN = (shipped("contracts") / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")
NEW_YEAR = date(2024, 1, 1)
TEXT = """\
naam = "Afspraken"
domein = "wmo"
gemeenten = ["0340"]
vanaf = 2023-01-01
tot_en_met = 2023-12-31   # voorlopig
bron = "bijlage 8"

[indexering]
artikel = "bijlage 8, 8.13"
bron = "CPI"
veelvouden = [ { producten = ["02A16"], cent = 60 } ]

[[producten]]
code = "02A16"
categorie = "02"
naam = "Begeleiding"
eenheid = "04"
TARIEVEN
"""
ONE = "{ vanaf = 2023-01-01, tot_en_met = 2023-12-31, euro = 60.00 }"
TWO = "{ vanaf = 2024-01-01, tot_en_met = 2024-12-31, euro = 61.80 }"

percentages = st.decimals(-25, 25, places=2)
tariffs = st.integers(1, 1_000_000)


def profiel_of(text: str, name: str = "afspraken") -> Profiel:
    found = parse_profiel(text, name)
    assert isinstance(found, Profiel), found
    return found


def proposed(text: str, percentage: str = "3.4", vanaf: date = NEW_YEAR) -> Voorstel:
    return propose(text, profiel_of(text), Decimal(percentage), vanaf)


def after_heading(voorstel: Voorstel) -> str:
    """The proposal without the remark above it."""
    return voorstel.tekst.split("\n\n", 1)[1]


class TestRounding:
    @pytest.mark.parametrize(
        ("cents", "percentage", "multiple", "expected"),
        [
            (4646, "3.4", 1, 4804),  # 4803.964
            (6000, "3.4", 60, 6180),  # 6204: 6180 is 24 away, 6240 is 36
            (7920, "3.4", 60, 8160),  # 8189.28
            (6000, "3.5", 60, 6240),  # 6210: just between 6180 and 6240
            (6000, "0", 60, 6000),
            (100, "0.5", 1, 101),  # 100.5
            (100, "-0.5", 1, 100),  # 99.5
            (6000, "-3.4", 60, 5820),  # 5796
            # Rounded once: 6029.6 cents is not first 6030 and then 6060.
            (6000, "0.4933", 60, 6000),
        ],
    )
    def test_is_to_the_nearest_and_half_goes_up(
        self, cents: int, percentage: str, multiple: int, expected: int
    ) -> None:
        assert indexed(cents, Decimal(percentage), multiple) == expected

    @settings(deadline=None)
    @given(tariffs, percentages)
    def test_to_a_cent_is_that_of_decimals(self, cents: int, percentage: Decimal) -> None:
        exact = Decimal(cents) * (100 + percentage) / 100
        assert indexed(cents, percentage) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))

    @settings(deadline=None)
    @given(tariffs, percentages, st.integers(1, 500))
    def test_to_a_multiple_is_the_nearest_one(self, cents: int, percentage: Decimal, multiple: int) -> None:
        found = indexed(cents, percentage, multiple)
        assert found % multiple == 0
        assert -multiple <= 2 * (found - Decimal(cents) * (100 + percentage) / 100) <= multiple

    @settings(deadline=None)
    @given(tariffs, percentages, percentages)
    def test_more_percent_is_never_less(self, cents: int, one: Decimal, other: Decimal) -> None:
        low, high = sorted((one, other))
        assert indexed(cents, low, 60) <= indexed(cents, high, 60)

    def test_nothing_is_left_of_a_tariff_that_falls_a_hundred_percent(self) -> None:
        with pytest.raises(ValueError, match="-100"):
            indexed(100, Decimal(-100))


class TestRhenen:
    def test_hour_tariffs_of_regular_and_specialist_guidance_become_multiples_of_sixty_cents(self) -> None:
        new = {one.code: (one.oud, one.nieuw, one.veelvoud) for one in proposed(RHENEN).wijzigingen}
        assert (new["02A16"], new["02A19"]) == ((6000, 6180, 60), (7920, 8160, 60))
        assert (new["02A03"], new["04A04"], new["08A04"]) == ((4646, 4804, 1), (20417, 21111, 1), (2285, 2363, 1))
        assert len(new) == 9

    def test_the_text_stays_but_for_a_tariff_per_product_and_the_last_day(self) -> None:
        old, new = RHENEN.splitlines(), after_heading(proposed(RHENEN)).splitlines()
        added = [line for line in new if line not in old]
        assert added[0] == "tot_en_met = 2024-12-31"
        assert added[1] == "  { vanaf = 2024-01-01, tot_en_met = 2024-12-31, euro = 48.04 },"
        assert len(added) == 10
        assert [line for line in new if line not in added] == [
            line for line in old if line != "tot_en_met = 2023-12-31"
        ]

    def test_the_tariffs_of_2023_still_count_for_2023(self) -> None:
        next_version = profiel_of(proposed(RHENEN).tekst, "rhenen-wmo-2023")
        product = next_version.product("02A19")
        assert product is not None
        assert [product.tarief_on(date(year, 6, 1)) for year in (2023, 2024, 2025)] == [7920, 8160, None]

    def test_year_after_year(self) -> None:
        text = RHENEN
        for year in (2024, 2025, 2026):
            text = proposed(text, "2.5", date(year, 1, 1)).tekst
        assert profiel_of(text).tot_en_met == date(2026, 12, 31)
        assert text.count("VOORSTEL") == 3

    def test_the_difference_is_told_in_euros_and_percent(self) -> None:
        told = {row[0]: row[1:] for row in rows(proposed(RHENEN))}
        assert told["02A16"] == ("Begeleiding regulier", "60,00", "61,80", "+1,80", "+3,00", "60 cent")
        lower = {row[0]: row[1:] for row in rows(proposed(RHENEN, "-1"))}
        assert lower["08A03"] == ("Vervoer dagbesteding", "10,28", "10,18", "-0,10", "-0,97", "1 cent")
        assert lower["02A16"] == ("Begeleiding regulier", "60,00", "59,40", "-0,60", "-1,00", "60 cent")

    def test_the_agreement_is_explained(self) -> None:
        told = " ".join(explained(profiel_of(RHENEN, "rhenen-wmo-2023")))
        assert "Indexering (bijlage 8, 8.13): niet vanzelf" in told
        assert "02A16 en 02A19 het dichtstbijzijnde veelvoud van 60 cent" in told


class TestLayout:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (f"tarieven = [{ONE}]", f"tarieven = [{ONE}, {TWO}]"),
            (f"tarieven = [\n  {ONE},  # 2023\n]", f"tarieven = [\n  {ONE},  # 2023\n  {TWO},\n]"),
            (f"tarieven = [\n  {ONE}\n]", f"tarieven = [\n  {ONE},\n  {TWO}\n]"),
            (f"tarieven = [\n  {ONE} # 2023\n]", f"tarieven = [\n  {ONE},\n  {TWO} # 2023\n]"),
            (
                "[[producten.tarieven]]\nvanaf = 2023-01-01\ntot_en_met = 2023-12-31\neuro = 60.00 # oud",
                "[[producten.tarieven]]\nvanaf = 2023-01-01\ntot_en_met = 2023-12-31\neuro = 60.00 # oud\n\n"
                "[[producten.tarieven]]\nvanaf = 2024-01-01\ntot_en_met = 2024-12-31\neuro = 61.80",
            ),
        ],
    )
    def test_a_new_tariff_is_written_as_the_old_one_is(self, old: str, new: str) -> None:
        wanted = TEXT.replace("TARIEVEN", new).replace("2023-12-31   #", "2024-12-31   #")
        assert after_heading(proposed(TEXT.replace("TARIEVEN", old))) == wanted
        profiel_of(wanted)

    def test_the_remark_above_it_says_what_it_is_and_from_which_article(self) -> None:
        head = proposed(RHENEN).tekst.split("\n\n", 1)[0]
        assert head.startswith(
            "# VOORSTEL, nog niet vastgesteld: tarieven vanaf 2024-01-01, geïndexeerd met 3,4 % (bijl"
        )

    def test_a_profile_that_holds_longer_keeps_its_last_day(self) -> None:
        text = TEXT.replace("2023-12-31   #", "2027-12-31   #").replace("TARIEVEN", f"tarieven = [{ONE}]")
        assert profiel_of(proposed(text).tekst).tot_en_met == date(2027, 12, 31)

    def test_a_year_from_a_leap_day_ends_in_february(self) -> None:
        until = "2024-02-28"
        text = TEXT.replace("2023-12-31   #", f"{until}   #").replace("TARIEVEN", f"tarieven = [{ONE}]")
        new = profiel_of(proposed(text.replace("2023-12-31", until), vanaf=date(2024, 2, 29)).tekst)
        assert new.tot_en_met == date(2025, 2, 28)


class TestRefused:
    def test_without_an_agreement_on_indexation(self) -> None:
        text = TEXT.replace("TARIEVEN", f"tarieven = [{ONE}]")
        head, tail = text.split("[indexering]")
        with pytest.raises(ConfigurationError, match=r"geen \[indexering\]"):
            proposed(head + "[[producten]]" + tail.split("[[producten]]")[1])

    def test_where_a_tariff_of_that_year_stands_already(self) -> None:
        text = proposed(TEXT.replace("TARIEVEN", f"tarieven = [{ONE}]")).tekst
        with pytest.raises(ConfigurationError, match="heeft al een tarief van 2024-01-01 t/m 2024-12-31"):
            proposed(text)

    def test_where_there_is_no_tariff_to_begin_with(self) -> None:
        with pytest.raises(ConfigurationError, match="heeft op 2024-12-31 geen tarief"):
            proposed(TEXT.replace("TARIEVEN", f"tarieven = [{ONE}]"), vanaf=date(2025, 1, 1))

    def test_products_without_a_tariff_are_left_alone_and_named(self) -> None:
        other = '\n[[producten]]\ncode = "02A20"\ncategorie = "02"\nnaam = "Maatwerk"\neenheid = "83"\n'
        assert proposed(TEXT.replace("TARIEVEN", f"tarieven = [{ONE}]") + other).ongewijzigd == ("02A20",)

    def test_what_would_be_no_right_profile(self) -> None:
        text = TEXT.replace("TARIEVEN", f"tarieven = [{ONE.replace('60.00', '0.20')}]")
        checked = contracts.check("afspraken", text.encode())
        with pytest.raises(ConfigurationError, match=r"geen goed profiel zijn: euro: verwacht .*gevonden 0\.00"):
            contracts.index("afspraken", checked, "3.4", NEW_YEAR)

    @pytest.mark.parametrize("cpi", ["3,4", "103.4", "26", "-25.5", "nan", "1e1", "", "٣", "3.12345"])
    def test_a_percentage_that_is_none_or_rather_an_index_figure(self, cpi: str) -> None:
        checked = contracts.check("rhenen-wmo-2023", RHENEN.encode())
        with pytest.raises(ConfigurationError, match="--cpi: verwacht"):
            contracts.index("rhenen-wmo-2023", checked, cpi, NEW_YEAR)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["02A16"]', '["02A99"]', "02A99 is geen product van dit profiel"),
        ('["02A16"]', '["02A16", "02A16"]', "product 02A16 staat er meer dan eens, het eerst op regel 11"),
        ("cent = 60", "cent = 1", "cent: verwacht een heel aantal centen van 2 tot en met 10000; gevonden 1"),
        ("cent = 60", "cent = 60, euro = 1", "euro is hier geen sleutel; verwacht producten, cent"),
        ('["02A16"]', "[]", "producten: verwacht een lijst van productcodes"),
    ],
)
def test_a_fault_in_the_agreement_names_its_line(old: str, new: str, said: str) -> None:
    found = parse_profiel(TEXT.replace("TARIEVEN", f"tarieven = [{ONE}]").replace(old, new), "afspraken")
    assert isinstance(found, tuple)
    assert [(fault.regelnummer, said in fault.tekst) for fault in found] == [(11, True)], found
