"""The engine: registers rules by their published code, runs them, and turns what they yield into findings."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from iwmo_gateway.contract.afspraken import Contractregel
from iwmo_gateway.errors import RuleCrashed
from iwmo_gateway.rules.rulebook import PublishedRule, rulebook
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.kinds import Domain, Soort
from iwmo_gateway.standard.klassen import Klasse
from iwmo_gateway.standard.retouren import Retour

HIDDEN: Final = "•••"
"""What is shown instead of a personal value."""


class Actie(StrEnum):
    """What a finding does to the message."""

    REJECT = "reject"
    SIGNAL = "signal"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, as every user sees it: what, where, by which rule, expected and found."""

    regel: str
    niveau: int
    retourcode: str | None
    klasse: str
    pad: str
    regelnummer: int
    tekst: str
    verwacht: str | None
    gevonden: str | None
    actie: Actie
    artikel: str | None = None
    """Where the contract says it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule may yield instead of the bare class at fault: the class, with what was expected and found there.

    A rule of a contract says which it is (`afspraak`): the contract decides what a fault does. A published rule that
    holds a line against a contract says where that has it (`artikel`).
    """

    klasse: Klasse
    verwacht: str | None = None
    gevonden: str | None = None
    afspraak: Contractregel | None = None
    artikel: str | None = None


Faults = Iterator[Klasse | Fault]
Check = Callable[..., Faults]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of ours: what is published about it, and the function that finds the classes at fault."""

    published: PublishedRule
    berichten: frozenset[str]
    tekst: str
    check: Check


@dataclass(frozen=True, slots=True)
class Level:
    """The rules of one level, in the order in which they were registered.

    All that they may look at is what they are called with: `(bericht)` at level 2, `(bericht, historie)` at level 3,
    `(bericht, historie, bronnen)` at level 4.
    """

    name: str
    niveaus: frozenset[int]
    rules: dict[str, Rule] = field(default_factory=dict)
    _holding: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict, init=False)

    def rule(self, code: str, *, berichten: str) -> Callable[[Check], Check]:
        """Register the function below as the published rule `code` for these messages, by number: "301 305".

        It serves every domain for which the rule is published. Its docstring is the text of the finding. Raises
        ValueError for a missing docstring, an unknown code, a level or a message for which the rule is published in no
        domain, and a code that is registered already.
        """
        published = rulebook().get(code)
        if published is None or code in self.rules:
            raise ValueError(f"{code} is not published, or registered twice")
        by_number = {
            number: {f"{domain.value.upper()}{number}" for domain in Domain} & published.berichten
            for number in berichten.split()
        }
        if published.niveau not in self.niveaus or not all(by_number.values()):
            raise ValueError(f"{code} is not published for {self.name} of {berichten}")
        kinds = frozenset().union(*by_number.values())

        def register(check: Check) -> Check:
            tekst = (check.__doc__ or "").strip()
            if not tekst:
                raise ValueError(f"{code} has no docstring, which is the text of its finding")
            self.rules[code] = Rule(published, kinds, " ".join(tekst.split()), check)
            self._holding.clear()
            return check

        return register

    def findings(self, bericht: Bericht | Retour, *subject: Any) -> tuple[Finding, ...]:
        """What the rules of this level find in a message, in the order of the document.

        `subject` is what the level's rules look at beside the message. Raises RuleCrashed, without anything of the
        message in it, if a rule raises.
        """
        found = [
            _finding(rule, bericht, fault)
            for rule in self._for(bericht.soort)
            for fault in _faults(rule, bericht, subject)
        ]
        return tuple(sorted(found, key=lambda finding: finding.regelnummer))

    def _for(self, soort: Soort) -> Iterator[Rule]:
        """The rules that hold for a kind; which these are is looked up once."""
        key = soort.code, soort.release
        if key not in self._holding:
            self._holding[key] = tuple(
                code
                for code, rule in self.rules.items()
                if soort.code in rule.berichten and rule.published.holds_in(soort.release)
            )
        return (self.rules[code] for code in self._holding[key])


def _faults(rule: Rule, bericht: Bericht | Retour, subject: Iterable[Any]) -> list[Klasse | Fault]:
    try:
        return list(rule.check(bericht, *subject))
    except Exception as error:
        # The cause may hold values of the message, so only its kind goes along.
        raise RuleCrashed(f"Rule {rule.published.code} raised {type(error).__name__}") from None


def _finding(rule: Rule, bericht: Bericht | Retour, fault: Klasse | Fault) -> Finding:
    told = fault if isinstance(fault, Fault) else Fault(fault)
    klasse, release = told.klasse, bericht.soort.release
    retourcode = told.afspraak.retourcode(release) if told.afspraak else rule.published.retourcode(release)
    # A return message gets no answer that a code could stand in: any fault refuses it.
    actie = Actie.REJECT if retourcode or bericht.soort.is_answer else Actie.SIGNAL
    if told.afspraak and told.afspraak.actie == "review":
        actie = Actie.REVIEW
    return Finding(
        regel=rule.published.code,
        niveau=rule.published.niveau,
        retourcode=retourcode,
        klasse=klasse.klasse,
        pad=klasse.pad,
        regelnummer=klasse.regelnummer,
        tekst=rule.tekst,
        verwacht=told.verwacht,
        gevonden=told.gevonden,
        actie=actie,
        artikel=told.afspraak.artikel if told.afspraak else told.artikel,
    )
