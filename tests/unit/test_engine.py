"""The engine: what may be registered, what a crash becomes, what only signals."""

from collections.abc import Callable

import pytest

from iwmo_gateway.errors import RuleCrashed
from iwmo_gateway.rules.engine import Actie, Faults, Level
from iwmo_gateway.rules.verdict import LEVELS
from iwmo_gateway.standard.berichten import Bericht
from tests.cases import FIXTURES
from tests.unit.test_rules import typed

START = FIXTURES / "vooraf" / "start-3.2.xml"


def level() -> Level:
    return Level("content", frozenset({2}))


def finds_nothing(bericht: Bericht) -> Faults:
    """Er is niets."""
    return iter(())


def undocumented(bericht: Bericht) -> Faults:
    return iter(())


@pytest.mark.parametrize(
    ("code", "berichten", "check"),
    [
        ("TR999", "305", finds_nothing),  # not published
        ("TR019", "305", finds_nothing),  # published, but for level 3
        ("TR002", "319", finds_nothing),  # not published for this message
        ("TR002", "305", undocumented),  # without a docstring there is no text
    ],
)
def test_registration_refuses(code: str, berichten: str, check: Callable[[Bericht], Faults]) -> None:
    with pytest.raises(ValueError, match=code):
        level().rule(code, berichten=berichten)(check)


def test_a_code_is_registered_once() -> None:
    rules = level()
    rules.rule("TR002", berichten="305")(finds_nothing)
    with pytest.raises(ValueError, match="twice"):
        rules.rule("TR002", berichten="305")(finds_nothing)


def test_a_crash_names_the_rule_and_nothing_of_the_message() -> None:
    rules = level()

    @rules.rule("CS002", berichten="305")
    def crashes(bericht: Bericht) -> Faults:
        """Dit gaat mis."""
        yield from ()
        raise ValueError(bericht.client.bsn)

    bericht = typed(START)
    with pytest.raises(RuleCrashed) as caught:
        rules.findings(bericht)
    assert str(caught.value) == "Rule CS002 raised ValueError"
    assert caught.value.__cause__ is None
    assert bericht.client.bsn not in repr(caught.value)


def test_a_rule_is_not_asked_of_other_messages() -> None:
    rules = level()

    @rules.rule("TR006", berichten="301")
    def crashes(bericht: Bericht) -> Faults:
        """Dit wordt niet gevraagd."""
        raise AssertionError

    assert rules.findings(typed(START)) == ()


def test_a_rule_without_a_return_code_in_the_release_signals() -> None:
    rules = Level("history", frozenset({3}))

    @rules.rule("TR379", berichten="301")
    def always(bericht: Bericht) -> Faults:
        """Altijd."""
        yield bericht.header

    old, new = (typed(FIXTURES / "vooraf" / f"toewijzing-{release}.xml") for release in ("2.3", "3.2"))
    assert [(f.actie, f.retourcode) for f in rules.findings(old)] == [(Actie.SIGNAL, None)]
    assert [(f.actie, f.retourcode) for f in rules.findings(new)] == [(Actie.REJECT, "9379")]


def test_every_rule_says_its_rule_in_one_dutch_sentence() -> None:
    for rules in LEVELS:
        for code, rule in rules.rules.items():
            assert rule.tekst[0].isupper(), code
            assert rule.tekst.endswith("."), code
            assert len(rule.tekst) < 130, code


def test_no_class_of_a_message_shows_its_values() -> None:
    bericht = typed(START)
    shown = f"{bericht!r} {bericht.client!r} {bericht.client.naam!r} {bericht.start_producten!r}"
    assert bericht.client.bsn not in shown
    assert bericht.client.naam.geslachtsnaam.achternaam not in shown
