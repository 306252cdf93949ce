"""What versions of a profile say otherwise, told by part of the agreement."""

import pytest

from iwmo_gateway.contract.differences import Verschil, verschillen
from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.shipped import shipped

RHENEN = (shipped("contracts") / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")


def profile(*changes: tuple[str, str]) -> Profiel:
    """Rhenen's profile with these texts in it replaced."""
    text = RHENEN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    found = parse_profiel(text, "rhenen-wmo-2023")
    assert isinstance(found, Profiel), found
    return found


PRODUCT = "bijlage 8, 8.2; bijlage 9"
ADMITTED = ("[aanbieders]", '[aanbieders]\ntoegelaten = [{ agb = "65656055", naam = "Zorg" }]')


UNTIL = ("tot_en_met = 2023-12-31\n", "tot_en_met = 2024-06-30\n")
ARTICLE = ("bijlage 8, 8.13", "bijlage 8, 8.14")
TARIFF = "product 02A16, tarief 2023-01-01 t/m 2023-12-31, euro"


@pytest.mark.parametrize(
    ("change", "waar", "oud", "nieuw", "artikel"),
    [
        (("euro = 60.00", "euro = 61.20"), TARIFF, "60,00", "61,20", PRODUCT),
        (("functieniveau = 3\n", ""), "product 02A03, functieniveau", "3", None, PRODUCT),
        (("maanden = 3", "maanden = 2"), "regel contract-marge, maanden", "3", "2", "bijlage 8, 8.8"),
        (UNTIL, "tot_en_met", "2023-12-31", "2024-06-30", None),
        (('["0340"]', '["0340", "0345"]'), "gemeenten", "0340", "0340, 0345", None),
        (("cent = 60", "cent = 10"), "indexering, veelvoud 02A16, 02A19, cent", "60", "10", "bijlage 8, 8.13"),
        (ADMITTED, "aanbieders, toelating 65656055", None, "agb 65656055; naam Zorg", None),
        (ARTICLE, "indexering, artikel", *ARTICLE, "bijlage 8, 8.14"),
    ],
)
def test_one_change_is_one_difference_where_it_stands(
    change: tuple[str, str], waar: str, oud: str | None, nieuw: str | None, artikel: str | None
) -> None:
    assert list(verschillen(profile(), profile(change))) == [Verschil(waar, oud, nieuw, artikel)]
    (back,) = verschillen(profile(change), profile())
    assert (back.waar, back.oud, back.nieuw) == (waar, nieuw, oud)


def test_the_same_and_another_order_of_the_same_differ_in_nothing() -> None:
    begin, end = RHENEN.index('[[producten]]\ncode = "02A03"'), RHENEN.index('[[producten]]\ncode = "02A16"')
    last = RHENEN.index("# --- Regels over declareren ---")
    moved = RHENEN[:begin] + RHENEN[end:last] + RHENEN[begin:end] + RHENEN[last:]
    found = parse_profiel(moved, "rhenen-wmo-2023")
    assert isinstance(found, Profiel)
    assert list(verschillen(profile(), profile())) == []
    assert list(verschillen(profile(), found)) == []


def test_a_product_that_comes_or_goes_is_told_whole() -> None:
    begin, end = RHENEN.index('[[producten]]\ncode = "02A19"'), RHENEN.index("# --- Kortdurend verblijf ---")
    product = RHENEN[begin:end]
    added = profile((product, product + product.replace("02A19", "02A20")))
    (found,) = verschillen(profile(), added)
    assert (found.waar, found.oud, found.artikel) == ("product 02A20", None, PRODUCT)
    assert found.nieuw is not None
    assert "naam Begeleiding specialistisch; eenheid 04; functieniveau 5" in found.nieuw
    assert "euro 79,20" in found.nieuw
