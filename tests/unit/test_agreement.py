"""What a finding of the contract's rules tells a clerk: the sum must be the one that gives the amount."""

import pytest

from tests.bookkeeping import judged
from tests.cases import cases


@pytest.mark.parametrize(
    ("name", "verwacht", "gevonden"),
    [
        # 15 × 46,46 / 60 = 11,615
        (
            "fout-323-contract-minuten-naar-beneden",
            "1162 (11,62 euro): 15 minuten × 46,46 euro / 60",
            "1161 (11,61 euro)",
        ),
        ("fout-323-uurtarief-bij-minuten", "69690 (696,90 euro): 15 × ProductTarief 4646", "1161 (11,61 euro)"),
    ],
)
def test_an_amount_is_told_with_the_sum_that_gives_it(name: str, verwacht: str, gevonden: str) -> None:
    (case,) = [case for case in cases() if case.path.stem == name and case.path.parent.name == "TR346"]
    _, verdict = judged(case)
    (finding,) = [finding for finding in verdict.findings if finding.regel == "TR346"]
    assert (finding.verwacht, finding.gevonden) == (verwacht, gevonden)
