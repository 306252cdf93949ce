"""What the text of a profile may cost: a municipality may send any text of 256 KiB, and none stops the gateway."""

import pytest

from iwmo_gateway.contract.profile import parse_profiel
from iwmo_gateway.contract.source import ProfielFault, read_source
from iwmo_gateway.shipped import shipped


@pytest.mark.parametrize(
    "deep",
    [
        "a." * 100_000 + "a = 1",
        "a . " * 50_000 + "a = 1",
        '"a".' * 50_000 + "a = 1",
        f"[{'a.' * 50_000}a]",
        "a = " + "[" * 50_000 + "]" * 50_000,
        "a = " + "[" * 400 + "1, " * 50_000 + "]" * 400,
        "a = " + "{ a = " * 300 + "1" + " }" * 300,
    ],
)
def test_what_is_nested_too_deep_is_not_read_any_further(deep: str) -> None:
    fault = ProfielFault(2, "geen profiel: dit is te diep genest")
    assert read_source(f'bron = """{"[." * 30}"""\n{deep}\n') == fault


def test_brackets_and_points_in_texts_and_remarks_are_not_nested() -> None:
    text = f'# {"[." * 30}\na = "{"[." * 30}"\nb = [{"{ c = 1.5, d = 2.5 }, " * 30}]\n'
    assert not isinstance(read_source(text), ProfielFault)


@pytest.mark.parametrize("name", sorted(path.stem for path in shipped("contracts").glob("*.toml")))
def test_the_shipped_profiles_are_far_from_it(name: str) -> None:
    text = (shipped("contracts") / f"{name}.toml").read_text(encoding="utf-8")
    assert not isinstance(parse_profiel(text, name), tuple)


def test_a_tariff_that_overlaps_many_is_told_once() -> None:
    tariffs = "".join("  { vanaf = 2023-01-01, tot_en_met = 2023-12-31, euro = 1 },\n" for _ in range(3000))
    text = f'[[producten]]\ncode = "02A16"\ntarieven = [\n{tariffs}]\n'
    found = parse_profiel(text, "afspraken")
    assert isinstance(found, tuple)
    assert len([fault for fault in found if "overlapt" in fault.tekst]) == 2999
