"""Midden-Limburg 2024, a concept: lots and grounds in the product code, one lot at a time, and what is ours is said."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.prose import explained, lots, notes, rows, rules, unseen
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.rules.verdict import Outcome
from iwmo_gateway.standard.codelists import Lijstsoort
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, read
from tests.bookkeeping import CODELISTS, Books
from tests.cases import profile
from tests.claims import AANBIEDER, ANDERE_AANBIEDER, Line, Terms, allocation, claim, month

ROERDALEN, WEERT = "1669", "0988"
OP = date(2024, 1, 8)
GRONDSLAGEN = {"somatiek", "verstandelijk gehandicapt", "psychiatrisch", "lichamelijk gehandicapt", "psychogeriatrisch"}


@pytest.fixture(scope="module")
def afspraken() -> Profiel:
    return profile("midden-limburg-2024")


@pytest.fixture
def books(afspraken: Profiel) -> Books:
    return Books((afspraken,))


def granted(nummer: int, code: str, begin: str = "2024-02-01", end: str | None = "2024-12-31") -> Terms:
    """An allocation of a product of the agreement, in its own unit."""
    eenheid = {"02": "04", "07": "16", "08": "84", "04": "14"}[code[:2]]
    return Terms(
        nummer,
        categorie=code[:2],
        code=code,
        begin=date.fromisoformat(begin),
        end=date.fromisoformat(end) if end else None,
        eenheid=eenheid,
        frequentie="4" if eenheid == "14" else "2",
        made_at=datetime(2024, 1, 5, 10),  # noqa: DTZ001 the standard's moments have no zone
    )


def told(
    books: Books, *terms: Terms, gemeente: str = ROERDALEN, aanbieder: str = AANBIEDER, nr: str = "T1"
) -> list[Finding]:
    """What a municipality hears of a 301, which is never refused for it."""
    document = read(allocation(*terms, gemeente=gemeente, aanbieder=aanbieder, identificatie=nr))
    assert isinstance(document, Document)
    verdict = books.take(to_bericht(document), OP)
    assert verdict.outcome is Outcome.ACCEPTED
    return list(verdict.findings)


def test_guidance_and_group_come_in_every_lot_on_each_of_five_grounds(afspraken: Profiel) -> None:
    for categorie, eenheid in {"02": "04", "07": "16"}.items():
        found = [product for product in afspraken.producten if product.categorie == categorie]
        assert {product.eenheid for product in found} == {eenheid}
        assert {(product.perceel, product.grondslag) for product in found} == {
            (lot, ground) for lot in range(1, 5) for ground in GRONDSLAGEN
        }
    assert [product.perceel for product in afspraken.producten if product.categorie == "08"] == [1, 2, 3, 4]
    assert [product.code for product in afspraken.producten if product.perceel == 5] == ["045KV"]


def test_no_code_of_ours_is_one_of_the_national_list(afspraken: Profiel) -> None:
    national = {code for one in CODELISTS.editions if one.soort is Lijstsoort.PRODUCTCODES for code in one.codes}
    assert national
    assert not national & {product.code for product in afspraken.producten}


def test_it_says_what_it_is(afspraken: Profiel) -> None:
    first, *_ = explained(afspraken)
    assert first == "CONCEPT: deze overeenkomst staat nog niet vast."
    assert "voorbeeld van ons" in afspraken.bron
    assert {row[4] for row in rows(afspraken)} == {"geen"}
    assert list(notes(afspraken)) == []
    assert next(lots(afspraken)).startswith("Perceel 1: 021SO (somatiek), 021VG (verstandelijk gehandicapt)")
    assert list(lots(afspraken))[-1] == "Perceel 5: 045KV"
    assert [sentence for sentence in rules(afspraken) if sentence.startswith("Percelen: ")]
    assert any("grondslag" in sentence for sentence in unseen(afspraken))


def test_it_holds_for_each_of_its_municipalities(afspraken: Profiel, books: Books) -> None:
    assert set(afspraken.gemeenten) == {"1711", "1641", "1669", "1640", "0946", "0988"}
    for nr, gemeente in enumerate(afspraken.gemeenten):
        found = told(books, granted(1, "021VG"), granted(2, "022VG"), gemeente=gemeente, nr=f"T{nr}")
        assert [finding.regel for finding in found] == ["contract-perceel", "contract-perceel"]


def test_a_client_has_products_from_one_lot_at_a_time(books: Books) -> None:
    assert told(books, granted(1, "021VG"), granted(2, "071PS"), granted(3, "081VV")) == []
    (finding,) = told(books, granted(4, "024PG"), nr="T2")
    assert (finding.actie, finding.niveau, finding.artikel) == ("signal", 4, "Percelen")
    assert finding.gevonden == "024PG (perceel 4) naast 021VG (perceel 1), 2024-02-01 t/m 2024-12-31"


def test_short_stay_may_stand_beside_any_lot(books: Books) -> None:
    assert told(books, granted(1, "045KV"), granted(2, "023SO")) == []
    assert told(books, granted(3, "045KV"), nr="T2") == []


def test_a_client_may_go_on_to_another_lot(books: Books) -> None:
    assert told(books, granted(1, "022VG", end="2024-05-31")) == []
    assert told(books, granted(2, "023VG", begin="2024-06-01"), nr="T2") == []


def test_of_another_provider_no_more_is_told_than_that_there_is_another_lot(books: Books) -> None:
    assert told(books, granted(1, "021VG"), aanbieder=ANDERE_AANBIEDER) == []
    (finding,) = told(books, granted(2, "022VG"), nr="T2")
    assert finding.gevonden == "022VG (perceel 2) naast een toewijzing uit een ander perceel"


def test_another_municipality_sees_nothing_of_it(books: Books) -> None:
    assert told(books, granted(1, "021VG")) == []
    assert told(books, granted(2, "022VG"), gemeente=WEERT) == []


def test_a_version_that_is_not_the_newest_changes_nothing(books: Books) -> None:
    assert told(books, granted(1, "021VG", end="2024-03-31")) == []
    older = replace(granted(1, "021VG"), made_at=datetime(2024, 1, 2, 10))  # noqa: DTZ001
    assert told(books, older, granted(2, "022VG", begin="2024-04-01"), nr="T2") == []


def test_only_an_admitted_provider_may_deliver_and_no_tariff_is_held_against_a_line(books: Books) -> None:
    for aanbieder, wanted in {AANBIEDER: [], ANDERE_AANBIEDER: ["contract-aanbieder"]}.items():
        own = Books(books.profielen)
        assert told(own, granted(1, "021VG"), aanbieder=aanbieder) == []
        begin, end = month(date(2024, 2, 1))
        line = Line("R1", 1, begin, end, 4, "04", 7777, code="021VG")
        body = claim(line, maand=begin, dagtekening=date(2024, 3, 4), gemeente=ROERDALEN, aanbieder=aanbieder)
        document = read(body)
        assert isinstance(document, Document)
        verdict = own.take(to_bericht(document), date(2024, 3, 4))
        assert [finding.regel for finding in verdict.findings] == wanted
        assert verdict.outcome is Outcome.ACCEPTED
