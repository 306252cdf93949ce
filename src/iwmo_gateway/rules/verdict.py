"""What the levels together say of a message."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeGuard

from iwmo_gateway.rules.agreement import agreement
from iwmo_gateway.rules.allocations import allocations
from iwmo_gateway.rules.answers import Beantwoord, answers, answers_alone
from iwmo_gateway.rules.care import care
from iwmo_gateway.rules.content import content
from iwmo_gateway.rules.deadlines import deadlines
from iwmo_gateway.rules.deliveries import deliveries
from iwmo_gateway.rules.engine import Actie, Finding, Level
from iwmo_gateway.rules.external import Consulted, consulted, external
from iwmo_gateway.rules.grants import grants
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.rules.history import history
from iwmo_gateway.rules.inclusions import inclusions
from iwmo_gateway.rules.invoices import invoices
from iwmo_gateway.rules.pending import pending
from iwmo_gateway.rules.products import products
from iwmo_gateway.rules.requests import requests
from iwmo_gateway.rules.settlement import Settlement, nothing_of, settled
from iwmo_gateway.rules.shares import share_out, shares
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht, Factuurbericht
from iwmo_gateway.standard.retouren import Retour
from iwmo_gateway.standard.schemas import SchemaCheck

_ALONE: Final = (content, allocations, products, requests, invoices, answers_alone)
_AGAINST: Final = (history, deliveries, pending)
_OUTSIDE: Final = (external, agreement, deadlines, inclusions, care, grants)
_PASSES: Final = len(_AGAINST) + len(_OUTSIDE) + 1
"""Those of the levels, and the sharing out of volumes."""
LEVELS: Final[tuple[Level, ...]] = (*_ALONE, *_AGAINST, *_OUTSIDE, shares, answers)

Told = Callable[[int, int], None]
"""Who hears how many of the passes over a message are done, and of how many."""


def unheard(_done: int, _of: int) -> None:
    """Nobody listens."""


class Outcome(StrEnum):
    """What becomes of a message that passed level 1. A claim may be right in part, or judged and wholly refused."""

    REJECTED = "rejected"
    IN_REVIEW = "in_review"
    REFUSED = "refused"
    PARTLY_ACCEPTED = "partly_accepted"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings of a message, of a claim what is approved, and the outside sources that it was held against."""

    findings: tuple[Finding, ...]
    settlement: Settlement | None = None
    consulted: Consulted = field(default_factory=Consulted)

    @property
    def outcome(self) -> Outcome:
        """What becomes of the message."""
        refusing = [finding for finding in self.findings if finding.actie is Actie.REJECT]
        if self.settlement is not None and self.settlement.held:
            return Outcome.IN_REVIEW
        if not refusing:
            return Outcome.ACCEPTED
        if self.settlement is None or not self.settlement.judged:
            return Outcome.REJECTED
        return Outcome.PARTLY_ACCEPTED if self.settlement.approved_lines else Outcome.REFUSED

    @property
    def rejected(self) -> bool:
        """It counts as not sent."""
        return self.outcome is Outcome.REJECTED

    @property
    def about_content(self) -> bool:
        """Refused at level 2, where the answer says no more than 0001."""
        return any(finding.niveau == 2 and finding.actie is Actie.REJECT for finding in self.findings)


def judge_alone(bericht: Bericht | Retour) -> Verdict:
    """Level 2."""
    found = [finding for level in _ALONE for finding in level.findings(bericht)]
    return Verdict(_in_order(found), nothing_of(bericht) if is_claim(bericht) else None)


def judge_against(bericht: Bericht, historie: Historie, bronnen: Bronnen, told: Told = unheard) -> Verdict:
    """Levels 3 and 4 together; a fault in the Header, and of a claim one in Declaratie, leaves the rest unsaid."""
    verdict = _against(bericht, historie, bronnen, told)
    return replace(verdict, consulted=consulted(bericht, historie, bronnen))


def _against(bericht: Bericht, historie: Historie, bronnen: Bronnen, told: Told) -> Verdict:
    found: list[Finding] = []
    for done, of_level in enumerate(_passes(bericht, historie, bronnen), 1):
        found += of_level
        told(done, _PASSES)
    if stopping := _stopping(found):
        return Verdict(stopping, nothing_of(bericht, bronnen) if is_claim(bericht) else None)
    if not is_claim(bericht):
        return Verdict(_in_order(found))
    refused = settled(bericht, found, bronnen).refused
    found += shares.findings(bericht, share_out(bericht, historie, bronnen, refused))
    return Verdict(_in_order(found), settled(bericht, found, bronnen))


def decided(bericht: Claim, said: Iterable[Finding], refused: Iterable[Finding], bronnen: Bronnen) -> Verdict:
    """What becomes of a claim when nothing of it is held any more.

    `said` is what was found in it, and `refused` what the municipality decided against the lines that were held: all
    others of them are approved.
    """
    found = (*said, *refused)
    told = [finding for finding in found if finding.actie is not Actie.REVIEW]
    return Verdict(_in_order(found), settled(bericht, told, bronnen))


def judge_answer(retour: Retour, beantwoord: Beantwoord | None, historie: Historie, bronnen: Bronnen) -> Verdict:
    """Levels 3 and 4 of a return message: beside the message that it answers, None if there is none."""
    found = (
        *history.findings(retour, historie),
        *external.findings(retour, historie, bronnen),
        *answers.findings(retour, beantwoord),
    )
    return Verdict(_in_order(found))


def judge(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Verdict:
    """Levels 2, 3 and 4: level 2 first, and if it refuses the message nothing more."""
    alone = judge_alone(bericht)
    return alone if alone.rejected else beside(alone, judge_against(bericht, historie, bronnen))


def judge_offline(bericht: Bericht, bronnen: Bronnen) -> Verdict:
    """Level 2, and what of level 4 needs no earlier message: all that can be said without a store."""
    alone = judge_alone(bericht)
    if alone.rejected:
        return alone
    nothing = Historie(clienten={client.bsn: "" for client in bericht.clienten})
    found = _from_outside(bericht, nothing, bronnen)
    if stopping := _stopping(found):
        return beside(alone, Verdict(stopping, alone.settlement))
    return beside(alone, Verdict(_in_order(found), settled(bericht, found, bronnen) if is_claim(bericht) else None))


def beside(alone: Verdict, against: Verdict) -> Verdict:
    """What level 2 said of a message that it does not refuse, with what levels 3 and 4 say."""
    return Verdict((*alone.findings, *against.findings), against.settlement, against.consulted)


def schema_verdict(check: SchemaCheck) -> Verdict:
    """Level 1: what the schema refuses, in the same words as every other fault. There is no return code for it."""
    return Verdict(
        tuple(
            Finding(
                regel="XSD",
                niveau=1,
                retourcode=None,
                klasse=fault.pad.rpartition("/")[2].partition("[")[0],
                pad=fault.pad,
                regelnummer=fault.regelnummer,
                tekst=fault.tekst,
                verwacht=fault.verwacht,
                gevonden=fault.gevonden,
                actie=Actie.REJECT,
            )
            for fault in check.faults
        )
    )


def _passes(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Iterator[tuple[Finding, ...]]:
    """What each level finds, one after the other."""
    yield from (level.findings(bericht, historie) for level in _AGAINST)
    yield from (level.findings(bericht, historie, bronnen) for level in _OUTSIDE)


def _from_outside(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> list[Finding]:
    return [finding for level in _OUTSIDE for finding in level.findings(bericht, historie, bronnen)]


def _stopping(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Faults that leave the rest unsaid: those in the Header, or else those in Declaratie."""
    refusing = [finding for finding in found if finding.actie is Actie.REJECT]
    in_header = tuple(finding for finding in refusing if finding.klasse == "Header")
    return in_header or tuple(finding for finding in refusing if finding.klasse == "Declaratie")


def is_claim(bericht: Bericht | Retour) -> TypeGuard[Claim]:
    """Whether it asks for money, line by line."""
    return isinstance(bericht, Declaratiebericht | Factuurbericht)


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda finding: finding.regelnummer))
