"""Code lists: which edition holds on which day, what a list says of a code, and what is wrong with a file."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from iwmo_gateway.cli import app
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.rules.verdict import judge
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import check_codelists, load_codelists
from iwmo_gateway.standard.codelists import Codelist, Codelists, Geldigheid, Lijstsoort, Regel
from iwmo_gateway.standard.kinds import Domain
from tests.bookkeeping import CODELISTS, typed
from tests.cases import FIXTURES

DAY = date(2027, 1, 1)
BEFORE = DAY - timedelta(days=1)

GEMEENTEN = """
soort = "gemeenten"
lijst = "gemeenten"
versie = "2027"
bron = "een raadsbesluit"
geldig_vanaf = 2027-01-01
[gemeenten]
0340 = "Rhenen"
0501 = { naam = "Brielle", tot_en_met = 2027-06-30 }
"""
PRODUCTCODES = """
soort = "productcodes"
domein = "wmo"
lijst = "WMO021"
versie = "3.0"
bron = "de lijst zelf"
geldig_vanaf = 2027-01-01
[productcodes]
02 = ["02A03", { code = "02A22", vanaf = 2027-07-01 }]
"""


def edition(
    versie: str,
    vanaf: date,
    tot_en_met: date | None = None,
    *,
    domein: Domain = Domain.WMO,
    codes: tuple[str, ...] = (),
) -> Codelist:
    known = {code: (Regel(code[:2]),) for code in codes}
    validity = Geldigheid(vanaf, tot_en_met)
    return Codelist(f"{versie}.toml", Lijstsoort.PRODUCTCODES, domein, "L", versie, "test", validity, known)


def knows(lists: Codelists, code: str, *days: date, domein: Domain = Domain.WMO) -> bool:
    return lists.knows_product(domein, code[:2], code, days)


class TestEditions:
    LISTS = Codelists(
        (
            edition("2", DAY, codes=("02A04",)),
            edition("1", date(2020, 1, 1), codes=("02A03",)),
            edition("1", date(2026, 1, 1), domein=Domain.JW, codes=("50A01",)),
        )
    )

    @pytest.mark.parametrize(("code", "right_before", "right_after"), [("02A03", True, False), ("02A04", False, True)])
    def test_the_one_that_holds_on_the_day_is_asked(self, code: str, right_before: bool, right_after: bool) -> None:
        assert (knows(self.LISTS, code, BEFORE), knows(self.LISTS, code, DAY)) == (right_before, right_after)

    def test_one_right_day_is_enough(self) -> None:
        assert knows(self.LISTS, "02A03", DAY, BEFORE)

    def test_before_the_first_one_nothing_is_known_and_nothing_is_wrong(self) -> None:
        assert knows(self.LISTS, "ZZZZZ", date(2019, 12, 31))
        assert not knows(self.LISTS, "ZZZZZ", date(2020, 1, 1))

    def test_after_one_that_ended_nothing_is_known_either(self) -> None:
        ended = Codelists((edition("1", date(2020, 1, 1), BEFORE),))
        assert not knows(ended, "ZZZZZ", BEFORE)
        assert knows(ended, "ZZZZZ", DAY)

    def test_each_domain_has_its_own(self) -> None:
        assert not knows(self.LISTS, "50A01", DAY)
        assert knows(self.LISTS, "50A01", DAY, domein=Domain.JW)
        assert not knows(self.LISTS, "02A04", DAY, domein=Domain.JW)


class TestCodes:
    def test_a_code_holds_from_its_first_to_its_last_day(self, tmp_path: Path) -> None:
        lists = load_codelists(folder(tmp_path, GEMEENTEN, PRODUCTCODES))
        assert lists.knows_gemeente("0501", [date(2027, 6, 30)])
        assert not lists.knows_gemeente("0501", [date(2027, 7, 1)])
        assert not knows(lists, "02A22", date(2027, 6, 30))
        assert knows(lists, "02A22", date(2027, 7, 1))
        assert not lists.knows_product(Domain.WMO, "03", "02A22", [date(2027, 7, 1)])

    def test_a_code_may_change_its_category(self, tmp_path: Path) -> None:
        moved = PRODUCTCODES.replace(
            '02 = ["02A03", { code = "02A22", vanaf = 2027-07-01 }]',
            '02 = [{ code = "02A22", tot_en_met = 2027-06-30 }]\n03 = [{ code = "02A22", vanaf = 2027-07-01 }]',
        )
        lists = load_codelists(folder(tmp_path, GEMEENTEN, moved))
        for categorie, day in [("02", date(2027, 6, 30)), ("03", date(2027, 7, 1))]:
            assert lists.knows_product(Domain.WMO, categorie, "02A22", [day])
            assert not lists.knows_product(Domain.WMO, "02" if categorie == "03" else "03", "02A22", [day])

    def test_merged_municipalities_end_the_day_before_their_successors_begin(self) -> None:
        last, first = date(2022, 12, 31), date(2023, 1, 1)
        assert [CODELISTS.knows_gemeente("0501", [day]) for day in (last, first)] == [True, False]
        assert [CODELISTS.knows_gemeente("1992", [day]) for day in (last, first)] == [False, True]

    def test_of_the_municipalities_of_2026_there_are_342(self) -> None:
        (municipalities,) = (one for one in CODELISTS.editions if one.soort is Lijstsoort.GEMEENTEN)
        today = date(2026, 1, 1)
        assert sum(municipalities.on(code, today) is not None for code in municipalities.codes) == 342

    def test_without_a_list_of_providers_everyone_is_known(self) -> None:
        assert CODELISTS.knows_aanbieder("00000000", [DAY])


class TestAMessage:
    def test_is_held_against_the_edition_of_the_day_on_which_its_product_begins(self) -> None:
        bericht = typed(FIXTURES / "TR381" / "goed-301.xml")
        begin = date(2023, 3, 6)
        for versie, from_when, rejected in [("next", begin, True), ("later", begin + timedelta(days=1), False)]:
            lists = Codelists((*CODELISTS.editions, edition(versie, from_when, codes=("02ZZZ",))))
            verdict = judge(bericht, Historie(clienten={bericht.clienten[0].bsn: ""}), Bronnen(begin, lists))
            assert verdict.rejected is rejected
            held = {f"L/{versie}"} if rejected else {"WMO021/2.0"}
            assert set(verdict.consulted.codelijsten) == {"gemeenten/2026", *held}

    def test_of_ijw_is_held_against_a_list_that_was_only_added(self, tmp_path: Path) -> None:
        shutil.copytree(shipped("codelists"), tmp_path, dirs_exist_ok=True)
        text = PRODUCTCODES.replace('"wmo"', '"jw"').replace("WMO021", "JW020").replace("2027-01-01", "2021-01-01")
        (tmp_path / "jw.toml").write_text(text, encoding="utf-8")
        lists = load_codelists(tmp_path)
        assert not knows(lists, "50A01", DAY, domein=Domain.JW)
        assert knows(CODELISTS, "50A01", DAY, domein=Domain.JW)


def folder(path: Path, *texts: str) -> Path:
    for nr, text in enumerate(texts):
        (path / f"{nr}.toml").write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('soort = "gemeenten"', 'soort = "gemeente"', "soort", "gemeente"),
        ('soort = "gemeenten"', "", "soort", "ontbreekt"),
        ('lijst = "gemeenten"', 'lijst = "a/b"', "lijst", '"a/b"'),
        ('versie = "2027"', "versie = 2027", "versie", "2027"),
        ('versie = "2027"', "", "versie", "ontbreekt"),
        ('bron = "een raadsbesluit"', "", "bron", "ontbreekt"),
        ("geldig_vanaf = 2027-01-01", "", "geldig_vanaf", "ontbreekt"),
        ("geldig_vanaf = 2027-01-01", 'geldig_vanaf = "2027-01-01"', "geldig_vanaf", "datum"),
        ("geldig_vanaf = 2027-01-01", "geldig_vanaf = 2027-01-01T00:00:00", "geldig_vanaf", "datum"),
        ("geldig_vanaf", "geldig_tot_en_met = 2026-12-31\ngeldig_vanaf", "geldig_tot_en_met", "2027-01-01"),
        ("geldig_vanaf", "geldig_tot = 2028-12-31\ngeldig_vanaf", "geldig_tot", "geen sleutel"),
        ("geldig_vanaf", 'domein = "wmo"\ngeldig_vanaf', "domein", "geen sleutel"),
        ("[gemeenten]", "[bestaand]", "gemeenten", "ontbreekt"),
        ("0340", "340", "gemeenten.340", "vier cijfers"),
        ('"Rhenen"', "12", "gemeenten.0340", "12"),
        ('naam = "Brielle", ', "", "gemeenten.0501.naam", "ontbreekt"),
        ("tot_en_met = 2027-06-30", "per = 2027-06-30", "gemeenten.0501.per", "geen sleutel"),
        ('"02A03"', '"2A03"', "productcodes.02[1].code", "vijf"),
        ('"02A03", {', '"02A22", {', "productcodes.02[2]", "tweemaal"),
        ("02 = [", "2 = [", "productcodes.2", "twee cijfers"),
        ('["02A03", { code = "02A22", vanaf = 2027-07-01 }]', '"02A03"', "productcodes.02", "lijst"),
        ('domein = "wmo"', 'domein = "iwmo"', "domein", "iwmo"),
    ],
)
def test_a_file_that_is_no_code_list_stops_the_gateway_with_file_and_key(
    tmp_path: Path, old: str, new: str, key: str, said: str
) -> None:
    assert old in GEMEENTEN + PRODUCTCODES
    folder(tmp_path, *(text.replace(old, new, 1) for text in (GEMEENTEN, PRODUCTCODES)))
    wrong = tmp_path / ("0.toml" if old in GEMEENTEN else "1.toml")
    with pytest.raises(ConfigurationError) as raised:
        load_codelists(tmp_path)
    (fault, *_) = str(raised.value).splitlines()
    assert fault.startswith(f"{wrong}: {key}: ")
    assert said in fault


@pytest.mark.parametrize("body", [b"lijst = ", b"\xff\xfe", b"", b"a = " + b"[" * 5000])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, body: bytes) -> None:
    (folder(tmp_path, GEMEENTEN, PRODUCTCODES) / "x.toml").write_bytes(body)
    with pytest.raises(ConfigurationError, match=r"x\.toml: "):
        load_codelists(tmp_path)


@pytest.mark.parametrize(("kept", "missing"), [(GEMEENTEN, "productcodes"), (PRODUCTCODES, "gemeenten")])
def test_a_folder_without_one_of_the_lists_is_no_folder_of_code_lists(tmp_path: Path, kept: str, missing: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{missing}\.toml: ontbreekt"):
        load_codelists(folder(tmp_path, kept))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({'versie = "3.0"': 'versie = "3.1"'}, "geldig_vanaf: 2027-01-01"),
        ({"geldig_vanaf = 2027-01-01": "geldig_vanaf = 2028-01-01"}, "WMO021/3.0"),
        (
            {'versie = "3.0"': 'versie = "3.1"', "geldig_vanaf = 2027-01-01": "geldig_vanaf = 2027-06-30"},
            "geldt t/m 2027-06-30",
        ),
    ],
)
def test_two_editions_that_cannot_both_be_meant_are_told(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    second = PRODUCTCODES
    for old, new in changes.items():
        second = second.replace(old, new)
    ended = PRODUCTCODES.replace("geldig_vanaf", "geldig_tot_en_met = 2027-06-30\ngeldig_vanaf")
    with pytest.raises(ConfigurationError) as raised:
        load_codelists(folder(tmp_path, GEMEENTEN, ended, second))
    assert said in str(raised.value)
    (tmp_path / "2.toml").write_text(second.replace('"wmo"', '"jw"').replace("WMO021", "JW020"), encoding="utf-8")
    assert len(load_codelists(tmp_path).editions) == 3


def test_a_mark_before_the_text_and_other_line_ends_do_no_harm(tmp_path: Path) -> None:
    folder(tmp_path, GEMEENTEN, PRODUCTCODES)
    (tmp_path / "0.toml").write_bytes(b"\xef\xbb\xbf" + GEMEENTEN.replace("\n", "\r\n").encode())
    assert load_codelists(tmp_path).knows_gemeente("0340", [DAY])


class TestTheCommand:
    def test_shows_version_validity_source_and_count(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("IWMO_CODELISTS", str(folder(tmp_path, GEMEENTEN, PRODUCTCODES)))
        done = CliRunner().invoke(app, ["codelists"])
        assert done.exit_code == 0
        (row,) = (line for line in done.output.splitlines() if "WMO021/3.0" in line)
        assert all(told in row for told in ("productcodes", "wmo", "2027-01-01", " 2 ", "de lijst zelf"))
        assert "Voor jw is er geen lijst van productcodes" in done.output
        assert "geen lijst van aanbieders" in done.output

    def test_checks_a_folder_and_tells_all_that_is_wrong(self, tmp_path: Path) -> None:
        folder(tmp_path, GEMEENTEN.replace("0340", "340"), PRODUCTCODES.replace('"wmo"', '"iwmo"'))
        done = CliRunner().invoke(app, ["codelists", "--folder", str(tmp_path)])
        assert done.exit_code == 1
        assert [line.split(": ")[1] for line in done.output.splitlines()] == ["gemeenten.340", "domein"]
        assert [fault.split(": ")[1] for fault in check_codelists(tmp_path).faults] == ["gemeenten.340", "domein"]


def test_a_code_that_left_the_list_stays_right_for_what_was_allocated_by_it() -> None:
    bericht = typed(FIXTURES / "TR381" / "goed-305.xml")  # allocated from 2023-02-01, started on 2023-02-27
    for last, refused in [(date(2023, 2, 1), False), (date(2023, 1, 31), True)]:
        left = replace(edition("1", date(2020, 1, 1)), codes={"02A16": (Regel("02", Geldigheid(None, last)),)})
        verdict = judge(bericht, Historie(clienten={"999912008": ""}), Bronnen(date(2023, 3, 2), Codelists((left,))))
        assert ("TR381" in {finding.regel for finding in verdict.findings}) is refused
