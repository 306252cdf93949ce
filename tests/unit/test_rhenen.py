"""Rhenen 2023, article by article: what the contract says of starts, of what goes together, and of stops."""

from dataclasses import replace
from datetime import date

import pytest

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.prose import explained, rules, unseen
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.rules.verdict import Outcome, Verdict
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, read
from tests.bookkeeping import Books
from tests.cases import profile
from tests.claims import AANBIEDER, ANDERE_AANBIEDER, Line, Terms, allocation, claim
from tests.integration.test_http_builders import with_values
from tests.stories import DAGBESTEDING, TIJDELIJK, VERVOER, VERWIJDERD, VOLGENS_PLAN, declaratie, product, regel
from tests.stories import start as start_in
from tests.stories import stop as stop_in

RHENEN = "0340"


@pytest.fixture(scope="module")
def afspraken() -> Profiel:
    return profile("rhenen-wmo-2023")


@pytest.fixture
def books(afspraken: Profiel) -> Books:
    return Books((afspraken,))


class Teller:
    """Gives every message a number of its own, sends it in Rhenen, and says what the contract's rules find."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.number = 0

    def take(self, body: bytes, op: str) -> Verdict:
        self.number += 1
        gemeente = "Afzender" if b"wmo301/" in body else "Ontvanger"
        values = {gemeente: RHENEN, "Identificatie": f"A{self.number}", "Dagtekening": op}
        document = read(with_values(body.decode(), values))
        assert isinstance(document, Document)
        verdict = self.books.take(to_bericht(document), date.fromisoformat(op))
        assert verdict.outcome is not Outcome.REJECTED, verdict.findings
        return verdict

    def told(self, body: bytes, op: str) -> list[Finding]:
        return [finding for finding in self.take(body, op).findings if finding.artikel]

    def granted(self, *terms: Terms, op: str = "2023-01-02", aanbieder: str = AANBIEDER) -> list[Finding]:
        return self.told(allocation(*terms, aanbieder=aanbieder), op)


@pytest.fixture
def rhenen(books: Books) -> Teller:
    return Teller(books)


@pytest.mark.parametrize(("op", "late"), [("2023-01-09", False), ("2023-01-10", True), ("2023-01-16", True)])
def test_8_7_the_start_is_reported_before_care_really_starts(rhenen: Teller, op: str, late: bool) -> None:
    rhenen.granted(product())
    found = rhenen.told(start_in(begin="2023-01-10", op=op), op)
    assert [(finding.regel, finding.actie, finding.artikel) for finding in found] == (
        [("contract-startmelding", "signal", "bijlage 8, 8.7")] if late else []
    )


def test_8_7_a_deletion_is_no_start(rhenen: Teller) -> None:
    rhenen.granted(product())
    rhenen.told(start_in(begin="2023-01-10"), "2023-01-09")
    assert rhenen.told(start_in(begin="2023-01-10", status="3"), "2023-02-01") == []


@pytest.mark.parametrize(
    ("received", "begin", "last"),
    [("2022-12-20", "2023-01-01", "2023-01-15"), ("2023-01-20", "2023-01-01", "2023-02-03")],
    ids=["from its first day", "from its receipt"],
)
def test_5_3_care_starts_within_two_weeks_of_the_allocation(
    afspraken: Profiel, received: str, begin: str, last: str
) -> None:
    for days, late in {0: False, 1: True}.items():
        rhenen = Teller(Books((afspraken,)))
        rhenen.granted(product(begin=begin), op=received)
        first = date.fromordinal(date.fromisoformat(last).toordinal() + days)
        found = rhenen.told(start_in(begin=str(first), op=last), received)
        assert [finding.regel for finding in found] == (["contract-levering"] if late else [])
        for finding in found:
            assert finding.verwacht
            assert finding.verwacht.startswith(f"Begindatum op of voor {last}: 2 weken")


def test_5_3_a_newer_version_of_the_allocation_gives_no_new_term(rhenen: Teller) -> None:
    rhenen.granted(product(), op="2023-01-02")
    rhenen.granted(product(op="2023-03-01", volume=5), op="2023-03-01")
    assert [f.regel for f in rhenen.told(start_in(begin="2023-03-10"), "2023-03-06")] == ["contract-levering"]


def test_5_3_care_that_goes_on_after_an_interruption_started_before(rhenen: Teller) -> None:
    rhenen.granted(product())
    rhenen.told(start_in(begin="2023-01-10"), "2023-01-09")
    rhenen.told(stop_in(begin="2023-01-10", eind="2023-02-28", reden=TIJDELIJK), "2023-03-01")
    assert rhenen.told(start_in(begin="2023-05-01"), "2023-04-24") == []


def test_5_3_a_corrected_start_is_held_to_the_term_again(rhenen: Teller) -> None:
    rhenen.granted(product())
    rhenen.told(start_in(begin="2023-01-10"), "2023-01-09")
    rhenen.take(start_in(begin="2023-01-10", status="3"), "2023-01-12")
    assert [f.regel for f in rhenen.told(start_in(begin="2023-02-10"), "2023-02-01")] == ["contract-levering"]


def test_annex_9_transport_is_granted_only_together_with_day_care(rhenen: Teller) -> None:
    (finding,) = rhenen.granted(product(1, VERVOER), product(2))
    assert (finding.regel, finding.actie, finding.klasse) == ("contract-samen", "signal", "ToegewezenProduct")
    assert finding.gevonden == "08A04 zonder zo'n toewijzing"
    assert rhenen.granted(product(3, VERVOER), product(4, DAGBESTEDING)) == []


def test_annex_9_the_day_care_may_be_another_providers(rhenen: Teller) -> None:
    rhenen.granted(product(1, DAGBESTEDING), aanbieder=ANDERE_AANBIEDER)
    assert rhenen.granted(product(2, VERVOER)) == []


def test_annex_9_the_day_care_must_be_there_at_the_same_time(rhenen: Teller) -> None:
    rhenen.granted(product(1, DAGBESTEDING, eind="2023-05-31"))
    assert rhenen.granted(product(2, VERVOER, begin="2023-05-31")) == []
    assert [f.regel for f in rhenen.granted(product(3, VERVOER, begin="2023-06-01"))] == ["contract-samen"]


def test_annex_9_day_care_that_was_taken_back_does_not_count(rhenen: Teller) -> None:
    rhenen.granted(product(1, DAGBESTEDING))
    rhenen.granted(product(1, DAGBESTEDING, eind="2023-01-01", reden=VERWIJDERD, op="2022-12-20"))
    assert [finding.regel for finding in rhenen.granted(product(2, VERVOER))] == ["contract-samen"]


def test_annex_9_day_care_without_a_code_may_be_any(rhenen: Teller) -> None:
    rhenen.granted(replace(product(1, DAGBESTEDING), code=None, volume=None))
    assert rhenen.granted(product(2, VERVOER)) == []


def verblijf(etmalen: int, eenheid: str = "14", tarief: int | None = 20417) -> Line:
    return replace(regel("R1", etmalen, maand="2023-02"), nummer=1, categorie="04", code="04A04", eenheid=eenheid,
                   tarief=tarief)  # fmt: skip


def stay(rhenen: Teller) -> None:
    free = replace(product(1), categorie="04", code=None, volume=None)
    rhenen.granted(free, product(2), replace(product(3, DAGBESTEDING)))


def test_annex_9_short_stay_includes_two_parts_of_a_day_and_an_hour_of_guidance(rhenen: Teller) -> None:
    stay(rhenen)
    day = replace(regel("R3", 8, nummer=3), categorie="07", code="07A12", eenheid="16", tarief=4657)
    verdict = rhenen.take(declaratie(verblijf(3), regel("R2", 5, nummer=2), day), "2023-03-06")
    assert verdict.outcome is Outcome.ACCEPTED
    assert [(f.regel, f.actie, f.gevonden) for f in verdict.findings] == [
        ("contract-inbegrepen", "signal", "5 uur 02A16"),
        ("contract-inbegrepen", "signal", "8 dagdelen 07A12"),
    ]
    for finding in verdict.findings:
        assert finding.verwacht == "niet wat al is inbegrepen: 3 etmalen 04A04: 6 dagdelen en 3 uur inbegrepen"


def included(verdict: Verdict) -> list[str | None]:
    return [finding.gevonden for finding in verdict.findings if finding.regel == "contract-inbegrepen"]


def test_annex_9_short_stay_alone_or_in_another_month_says_nothing(rhenen: Teller) -> None:
    stay(rhenen)
    march = regel("R2", 5, nummer=2, maand="2023-03")
    assert included(rhenen.take(declaratie(verblijf(3)), "2023-03-06")) == []
    body = claim(replace(verblijf(2), referentie="R3"), march, nummer="D2", maand=date(2023, 3, 1))
    assert included(rhenen.take(body, "2023-04-03")) == []


def test_annex_9_short_stay_claimed_in_euros_tells_no_number_of_etmalen(rhenen: Teller) -> None:
    stay(rhenen)
    body = declaratie(verblijf(20417, "83", None), regel("R2", 5, nummer=2))
    assert included(rhenen.take(body, "2023-03-06")) == []


def stopped(rhenen: Teller, eind: str, reden: str = VOLGENS_PLAN) -> None:
    rhenen.granted(product())
    rhenen.take(start_in(begin="2023-01-10"), "2023-01-09")
    rhenen.take(stop_in(begin="2023-01-10", eind=eind, reden=reden), eind)


def claimed(rhenen: Teller, maand: str, op: str) -> Verdict:
    return rhenen.take(declaratie(regel("R1", 8, maand=maand), maand=maand), op)


@pytest.mark.parametrize("reden", [VOLGENS_PLAN, TIJDELIJK])
@pytest.mark.parametrize("eind", ["2023-02-01", "2023-02-20", "2023-02-28"])
def test_8_12_the_first_full_month_without_care_is_the_last_that_may_be_claimed(
    afspraken: Profiel, eind: str, reden: str
) -> None:
    for maand, op, held in [("2023-03", "2023-04-03", False), ("2023-04", "2023-05-03", True)]:
        rhenen = Teller(Books((afspraken,)))
        stopped(rhenen, eind, reden)
        verdict = claimed(rhenen, maand, op)
        assert verdict.outcome is (Outcome.IN_REVIEW if held else Outcome.ACCEPTED)
        found = [finding for finding in verdict.findings if finding.artikel]
        assert [finding.regel for finding in found] == (["contract-opzegging"] if held else [])
        for finding in found:
            assert (finding.actie, finding.retourcode) == ("review", None)
            assert finding.verwacht
            assert "tot en met 2023-03-31" in finding.verwacht
            assert eind in finding.verwacht


def test_8_12_care_that_began_again_is_not_stopped(rhenen: Teller) -> None:
    stopped(rhenen, "2023-02-20", TIJDELIJK)
    rhenen.take(start_in(begin="2023-05-15"), "2023-05-10")
    assert claimed(rhenen, "2023-05", "2023-06-05").outcome is Outcome.ACCEPTED


def test_8_12_months_before_care_began_again_stay_too_late(rhenen: Teller) -> None:
    stopped(rhenen, "2023-02-20", TIJDELIJK)
    rhenen.take(start_in(begin="2023-06-15"), "2023-05-31")
    assert claimed(rhenen, "2023-05", "2023-06-05").outcome is Outcome.IN_REVIEW


def test_op364_without_a_stop_nothing_is_said(rhenen: Teller) -> None:
    rhenen.granted(product())
    assert claimed(rhenen, "2023-05", "2023-06-05").findings == ()


def test_a_stop_that_was_deleted_does_not_count(rhenen: Teller) -> None:
    stopped(rhenen, "2023-02-20")
    rhenen.take(stop_in(begin="2023-01-10", eind="2023-02-20", status="3"), "2023-03-01")
    assert claimed(rhenen, "2023-05", "2023-06-05").outcome is Outcome.ACCEPTED


def test_every_rule_is_told_with_its_article_and_what_a_fault_does(afspraken: Profiel) -> None:
    told = list(rules(afspraken))
    assert len(told) == len(afspraken.regels)
    assert (
        "bijlage 8, 8.6: Een declaratie komt binnen 1 maand na afloop van de zorgperiode binnen. "
        "Gevolg: het wordt aan beide partijen gemeld; niets wordt erom afgekeurd." in told
    )
    assert any(
        one.startswith("bijlage 9, Kortdurend verblijf: In 04A04 is per eenheid 2 dagdelen en 1 uur inbegrepen")
        for one in told
    )
    assert any(one.endswith("Gevolg: de declaratieregel wordt aangehouden tot de gemeente beslist.") for one in told)


def test_what_a_message_cannot_show_is_listed(afspraken: Profiel) -> None:
    told = " ".join(unseen(afspraken))
    assert "spoedeisend" in told
    assert "functieniveau" in told


def test_8_3_8_11_and_8_14_are_told_beside_the_rules(afspraken: Profiel) -> None:
    told = list(explained(afspraken))
    assert "Betaling (bijlage 8, 8.3): de goede regels van een declaratie binnen 30 kalenderdagen na ontvangst." in told
    assert "Terugvordering (bijlage 8, 8.11): wat ten onrechte is betaald, met wettelijke rente." in told
    assert told[told.index("Productieverantwoording (bijlage 8, 8.14), naar de omzet van een kalenderjaar:") + 1] == (
        "  vanaf € 125.000,00: productieverantwoording en verklaring van de accountant, "
        "uiterlijk 03-01 en 04-01 van het jaar erna (maand-dag)"
    )
