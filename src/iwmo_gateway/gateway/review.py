"""Review: lines of claims that are held, and the decisions of their municipality. The last one answers the claim."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from lxml import etree

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.correlation import noted
from iwmo_gateway.gateway.judging import Occasion, made_answer, send, tell
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.retour.building import APPROVED, NO_REMARK, NOT_JUDGED, REJECTED, codes_by_pad
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.rules.table import meanings
from iwmo_gateway.rules.verdict import Verdict, decided, is_claim
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.declaraties import Claim, Prestatie
from iwmo_gateway.standard.expectation import is_personal, path_of
from iwmo_gateway.standard.faults import MASK
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.schemafiles import retour_codes
from iwmo_gateway.standard.xml import Document
from iwmo_gateway.store import claims, contracts, messages, reviews
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Event, Judgement, Message, Status
from iwmo_gateway.store.reviews import Besluit, Decision, Review, Wanted

DECIDED: Final = "besluit"
"""What a finding has for a rule where the municipality decided so."""
_NO_REFUSAL: Final = frozenset({REJECTED, NO_REMARK, NOT_JUDGED, APPROVED})
"""Return codes that do not say what is wrong with a line."""
_OF_THE_WHOLE: Final = frozenset({"TR056", "TR135", "TR318", "TR333", "TR378", "RC8847", "RC8855", "RC8856"})
"""Rules about a claim as a whole: none that one of its lines could be refused by."""


class Uitkomst(StrEnum):
    """What came of a decision."""

    BESLOTEN = "besloten"
    ONBEKEND = "onbekend"
    AL_BESLOTEN = "al-besloten"
    RETOURCODE = "retourcode"


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of one decision: the line as it stands, the status of its claim, and how many lines still wait there.

    `retour` is the answer to the claim, if this was the last decision. Of what is not there, or not the caller's, only
    the outcome is told.
    """

    asked: Decision
    uitkomst: Uitkomst
    review: Review | None = None
    status: Status | None = None
    left: int = 0
    retour: str | None = None
    retour_soort: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that an answer refuses: its return codes, and what they rest on."""

    prestatie: Prestatie
    codes: tuple[str, ...]
    why: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What decisions would make of one claim. As long as lines of it still wait (`left`) there is no answer.

    `xml` is that answer as it may be seen before: about whom it is stays masked, as in what waits.
    """

    message: Message
    decided: tuple[Decided, ...]
    left: int
    settlement: Settlement | None = None
    refused: tuple[RefusedLine, ...] = ()
    answer: Message | None = None
    xml: str = ""

    @property
    def gist(self) -> str:
        """The same for as long as nothing of it changed but what tells one answer from another."""
        lines = [(line.prestatie.pad, line.codes) for line in self.refused]
        outcomes = [(one.asked.review, one.uitkomst.value) for one in self.decided]
        toegekend = self.settlement.toegekend if self.settlement else None
        return hashlib.sha256(repr((self.message.id, self.left, outcomes, toegekend, lines)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ClaimStand:
    """Where a claim with held lines stands: how many still wait, and its newest judgement."""

    message: Message
    left: int
    judgement: Judgement | None


def waiting(
    gateway: Gateway, caller: Caller, wanted: Wanted, today: date, *, after: tuple[date, int] | None, limit: int
) -> list[Review]:
    """The lines that wait and that the caller may see, the nearest due day first.

    A municipality sees its own, operators and auditors all of them, a provider none.
    """
    wanted = replace(wanted, domains=caller.limited_to)
    if caller.party is not None:
        if wanted.gemeente not in {None, caller.party}:
            return []
        wanted = replace(wanted, gemeente=caller.party)
    with gateway.database.reading() as transaction:
        return reviews.waiting(transaction, wanted, today=today, after=after, limit=limit)


def decide(gateway: Gateway, caller: Caller, asked: Sequence[Decision], answered_on: date) -> list[Decided]:
    """Decide on lines that are held for the caller: what came of each, in the order in which they were asked.

    Those of one claim are kept together, in one transaction; one that cannot be kept leaves the others as they are. A
    decision is never changed. The last one on a claim settles it: a new judgement, its answer, and its facts.
    """
    with gateway.database.reading() as transaction:
        known = reviews.by_ids(transaction, [one.review for one in asked])
    came: dict[int, list[Decided]] = {}
    for decisions in _by_claim(caller, known, asked).values():
        for done in _decide_claim(gateway, caller, known[decisions[0].review], decisions, answered_on):
            came.setdefault(done.asked.review, []).append(done)
    return [came[one.review].pop(0) if one.review in came else Decided(one, Uitkomst.ONBEKEND) for one in asked]


def found(gateway: Gateway, caller: Caller, ids: Sequence[int]) -> list[Review]:
    """Those of these lines that the caller may see, decided or not, as they are asked for in `waiting`."""
    with gateway.database.reading() as transaction:
        known = reviews.by_ids(transaction, ids)
    seen = (one for one in known.values() if caller.party in {None, one.gemeente} and one.domain in caller.domains)
    return sorted(seen, key=lambda one: one.place)


def stands(gateway: Gateway, lines: Iterable[Review]) -> list[ClaimStand]:
    """Where the claims of these lines stand, in the order of the lines."""
    ids = list(dict.fromkeys(line.message for line in lines))
    with gateway.database.reading() as transaction:
        judged = messages.newest_judgements(transaction, ids)
        known = [(messages.by_id(transaction, one), reviews.left(transaction, one)) for one in ids]
    return [ClaimStand(message, left, judged.get(message.id)) for message, left in known if message is not None]


def foresee(gateway: Gateway, caller: Caller, asked: Sequence[Decision], answered_on: date) -> list[Foreseen]:
    """What `decide` would do now, claim by claim, with the answer that would go out; nothing is kept or sent.

    What is not there, or not the caller's, is left out. The answer gets its identification when it is sent.
    """
    with gateway.database.reading() as transaction:
        known = reviews.by_ids(transaction, [one.review for one in asked])
        return [
            _foresee_claim(gateway, transaction, caller, message_id, decisions, answered_on)
            for message_id, decisions in _by_claim(caller, known, asked).items()
        ]


def refusals(gateway: Gateway, review: Review) -> Mapping[str, str]:
    """The return codes that say what can be wrong with a line, each with what it should have been."""
    right = _codes(gateway, review)
    told = meanings(review.soort, review.release, without=_OF_THE_WHOLE)
    return {code: text for code, text in told.items() if code in right}


def _by_claim(caller: Caller, known: Mapping[int, Review], asked: Iterable[Decision]) -> dict[str, list[Decision]]:
    """The decisions that are the caller's to take, by the claim that they are about."""
    by_claim: dict[str, list[Decision]] = {}
    for one in asked:
        review = known.get(one.review)
        if review is not None and review.gemeente == caller.party and review.domain in caller.domains:
            by_claim.setdefault(review.message, []).append(one)
    return by_claim


def _foresee_claim(
    gateway: Gateway,
    transaction: Transaction,
    caller: Caller,
    message_id: str,
    asked: Sequence[Decision],
    answered_on: date,
) -> Foreseen:
    message = messages.by_id(transaction, message_id)
    if message is None:
        raise StoreConflict(f"Message {message_id} is gone")
    before = reviews.by_ids(transaction, [one.review for one in asked])
    outcomes = [*_outcomes(gateway, asked, before)]
    right = [one for one, outcome in outcomes if outcome is Uitkomst.BESLOTEN]
    left = reviews.left(transaction, message.id) - len(right)
    told = tuple(Decided(one, outcome, before[one.review], message.status, left) for one, outcome in outcomes)
    if left or not right:
        return Foreseen(message, told, left)
    document = gateway.kept_document(message, messages.xml_of(transaction, message.id))
    last = messages.judgements_of(transaction, message.id)[-1]
    refused = reviews.refused_of(transaction, message.id)
    refused += [
        replace(before[one.review], retourcode=one.retourcode, reason=one.reason)
        for one in right
        if one.besluit is Besluit.REFUSE
    ]
    bericht = _claim_of(message, document)
    verdict = _verdict(gateway, transaction, message, bericht, last, refused)
    occasion = Occasion(caller.actor, caller.at, message.received_at, answered_on)
    answer, xml = made_answer(gateway, message, document, verdict, occasion)
    after = replace(message, status=Status(verdict.outcome))
    lines = tuple(_refused_lines(bericht, verdict))
    return Foreseen(after, told, 0, verdict.settlement, lines, answer, _masked(gateway, answer, xml))


def _masked(gateway: Gateway, answer: Message, xml: bytes) -> str:
    """An answer without what is personal, and without the identification, which is another one when it is sent."""
    root = gateway.document_of(answer, xml).root
    for element in root.iter("{*}*"):
        if len(element) == 0 and (element.text == answer.identificatie or is_personal(path_of(element))):
            element.text = MASK
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _refused_lines(bericht: Claim, verdict: Verdict) -> Iterator[RefusedLine]:
    """The lines that the answer refuses, as it tells them."""
    settlement, codes = verdict.settlement or Settlement(0), codes_by_pad(verdict)
    why: dict[str, list[Finding]] = {}
    for finding in verdict.findings:
        if finding.actie is Actie.REJECT:
            why.setdefault(finding.pad, []).append(finding)
    for client in bericht.clienten:
        for line in client.prestaties:
            if line.pad in settlement.refused:
                told = (NOT_JUDGED,) if client.pad in codes else codes.get(line.pad, (NO_REMARK,))
                yield RefusedLine(line, told, tuple(why.get(client.pad, []) + why.get(line.pad, [])))


def _decide_claim(
    gateway: Gateway, caller: Caller, claim: Review, asked: Sequence[Decision], answered_on: date
) -> list[Decided]:
    """Decide on lines of one claim, under the lock of its judging; `claim` is any of them."""
    with gateway.database.writing() as transaction:
        gateway.database.lock(transaction, claim.domain, claim.gemeente, claim.aanbieder)
        message = messages.by_id(transaction, claim.message, lock=True)
        if message is None:
            raise StoreConflict(f"Message {claim.message} is gone")
        before = reviews.by_ids(transaction, [one.review for one in asked])
        outcomes = [*_outcomes(gateway, asked, before)]
        right = [one for one, outcome in outcomes if outcome is Uitkomst.BESLOTEN]
        reviews.decide(transaction, right, caller.actor, caller.at)
        if right:
            messages.insert_events(transaction, message.id, [_event(caller, one, before[one.review]) for one in right])
        left = reviews.left(transaction, message.id)
        judgement, occasion = None, Occasion(caller.actor, caller.at, message.received_at, answered_on)
        if right and not left:
            judgement = _settle(gateway, transaction, message, occasion)
        now = reviews.by_ids(transaction, [one.review for one in asked])
    if judgement is not None:
        tell(Result(replace(message, status=judgement.status), judgement, ()), occasion)
    status = judgement.status if judgement else message.status
    retour = (judgement.retour, judgement.retour_soort) if judgement else (None, None)
    return [Decided(one, outcome, now[one.review], status, left, *retour) for one, outcome in outcomes]


def _outcomes(
    gateway: Gateway, asked: Iterable[Decision], before: dict[int, Review]
) -> Iterable[tuple[Decision, Uitkomst]]:
    """What will come of each decision; of two on one line the second one comes too late."""
    done = {number for number, review in before.items() if review.decided_at is not None}
    for one in asked:
        review = before[one.review]
        if one.review in done:
            yield one, Uitkomst.AL_BESLOTEN
        elif one.besluit is Besluit.REFUSE and one.retourcode not in _codes(gateway, review):
            yield one, Uitkomst.RETOURCODE
        else:
            done.add(one.review)
            yield one, Uitkomst.BESLOTEN


def _codes(gateway: Gateway, review: Review) -> frozenset[str]:
    """The return codes that may refuse a line."""
    folder = gateway.settings.schemas or shipped("xsd")
    return retour_codes(folder, Domain(review.domain), review.release) - _NO_REFUSAL


def _event(caller: Caller, decision: Decision, review: Review) -> Event:
    detail = {
        "review": review.id,
        "pad": review.pad,
        "besluit": decision.besluit.value,
        "retourcode": decision.retourcode,
        "reden": decision.reason,
    }
    return Event(caller.at, "decided", caller.actor, noted(detail))


def _settle(gateway: Gateway, transaction: Transaction, message: Message, occasion: Occasion) -> Judgement:
    """Nothing of the claim is held any more: judge it anew by the decisions alone, answer and forward it."""
    document = gateway.kept_document(message, messages.xml_of(transaction, message.id))
    last = messages.judgements_of(transaction, message.id)[-1]
    refused = reviews.refused_of(transaction, message.id)
    verdict = _verdict(gateway, transaction, message, _claim_of(message, document), last, refused)
    settlement = verdict.settlement
    if settlement is None:
        raise StoreConflict(f"Message {message.id} is no claim")
    answer = made_answer(gateway, message, document, verdict, occasion)
    status = Status(verdict.outcome)
    judgement = replace(
        last,
        nr=last.nr + 1,
        at=occasion.now,
        status=status,
        bevindingen=len(verdict.findings),
        retour=answer[0].id,
        retour_soort=answer[0].soort,
        toegekend=settlement.toegekend,
    )
    changes = {"status": status, "judgements": judgement.nr, "forwarded": True}
    if message.status is not Status.IN_REVIEW or not messages.settle(transaction, message, **changes):
        raise StoreConflict(f"Message {message.id} was judged meanwhile")
    messages.insert_judgement(transaction, judgement, verdict.findings)
    claims.settle(
        transaction,
        message.id,
        toegekend=settlement.toegekend,
        refused=[review.referentie_nummer for review in refused],
    )
    after = replace(message, status=status, judgements=judgement.nr, forwarded=True)
    send(gateway, transaction, message, after, answer, occasion, judgement)
    return judgement


def _claim_of(message: Message, document: Document) -> Claim:
    bericht = to_bericht(document)
    if not is_claim(bericht):
        raise StoreConflict(f"Message {message.id} is no claim")
    return bericht


def _verdict(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    bericht: Claim,
    last: Judgement,
    refused: Iterable[Review],
) -> Verdict:
    """What was found in the claim, with what is decided against its lines, under the contracts that it was held to."""
    named = (identity.rpartition("/") for identity in last.contract)
    profielen = tuple(contracts.kept_profiel(transaction, name, int(version)) for name, _, version in named)
    said = messages.findings_of(transaction, message.id, last.nr)
    bronnen = gateway.bronnen(message.received_at, profielen)
    return decided(bericht, said, [_finding(review) for review in refused], bronnen)


def _finding(review: Review) -> Finding:
    """The decision against a line, as every other fault is told."""
    return Finding(
        regel=DECIDED,
        niveau=4,
        retourcode=review.retourcode,
        klasse="Prestatie",
        pad=review.pad,
        regelnummer=review.regelnummer,
        tekst="De gemeente keurt de aangehouden regel af.",
        verwacht="een regel die de gemeente na beoordeling goedkeurt",
        gevonden=review.reason,
        actie=Actie.REJECT,
        artikel="; ".join(dict.fromkeys(why["artikel"] for why in review.bevindingen if why["artikel"])) or None,
    )
