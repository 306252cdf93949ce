"""Damage of every kind by chance: always an answer that was foreseen, never a crash, and nothing that is not ended."""

from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iwmo_gateway.contract.profile import parse_profiel
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import check_codelists
from tests.conftest import Callers
from tests.fuzz import call_of, damaged_text, messages, profiles, wrong
from tests.integration.test_http_builders import AANBIEDER, lone_start

CALLS = 800
"""On each database."""
TEXTS = 300
CHANCE = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],
)
NUMBERS = st.integers(0, 2**40)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
NAMES = st.sampled_from(["ids", "reason", "dry_run", "force", "besluiten", "besluit", "retourcode", "id"]) | st.text()
ANYTHING = st.recursive(PLAIN, lambda some: st.lists(some) | st.dictionaries(NAMES, some), max_leaves=20)


def test_there_is_enough_to_damage() -> None:
    assert len(messages()) > 300
    assert len(profiles()) >= 2


def test_no_damage_makes_a_call_fail(call: Callers) -> None:
    @settings(CHANCE, max_examples=CALLS)
    @given(NUMBERS)
    def fuzz(number: int) -> None:
        one = call_of(Random(number))  # noqa: S311 chance for a test
        headers = {**call.headers(one.who), **one.headers}
        answer = call.client.request(one.method, one.path, content=one.body, headers=headers)
        assert wrong(answer) is None, (number, one.method, one.path, answer.text)

    fuzz()
    assert call.send(AANBIEDER, lone_start("ACHTERAF")).status_code == 201


def test_no_json_makes_a_call_fail(call: Callers) -> None:
    paths = st.sampled_from(["/v1/replays", "/v1/reviews", "/v1/reviews/1"])

    @settings(CHANCE, max_examples=TEXTS)
    @given(paths, ANYTHING)
    def fuzz(path: str, body: Any) -> None:
        who = "operator" if path == "/v1/replays" else "0384"
        answer = call.post(who, path, body)
        assert wrong(answer) is None, (path, body, answer.text)

    fuzz()


@settings(CHANCE, max_examples=TEXTS)
@given(NUMBERS)
def test_no_damage_makes_reading_a_profile_fail(number: int) -> None:
    chance = Random(number)  # noqa: S311 chance for a test
    parse_profiel(damaged_text(chance.choice(profiles()), chance), "rhenen-wmo-2023", 1)


def test_no_damage_makes_reading_code_lists_fail(tmp_path: Path) -> None:
    shown = {path.name: path.read_text(encoding="utf-8") for path in shipped("codelists").glob("*.toml")}

    @settings(CHANCE, max_examples=TEXTS)
    @given(NUMBERS)
    def fuzz(number: int) -> None:
        chance = Random(number)  # noqa: S311 chance for a test
        for name, text in shown.items():
            (tmp_path / name).write_text(damaged_text(text, chance), encoding="utf-8", errors="replace")
        check_codelists(tmp_path)

    fuzz()
