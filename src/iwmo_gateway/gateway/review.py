"""Review: lines of claims that are held, and the decisions of their municipality. The last one answers the claim."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.correlation import noted
from iwmo_gateway.gateway.judging import Occasion, made_answer, send, tell
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.retour.building import APPROVED, NO_REMARK, NOT_JUDGED, REJECTED
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.verdict import Verdict, decided, is_claim
from iwmo_gateway.shipped import shipped
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
    by_claim: dict[str, list[Decision]] = {}
    for one in asked:
        review = known.get(one.review)
        if review is not None and review.gemeente == caller.party and review.domain in caller.domains:
            by_claim.setdefault(review.message, []).append(one)
    came: dict[int, list[Decided]] = {}
    for decisions in by_claim.values():
        for done in _decide_claim(gateway, caller, known[decisions[0].review], decisions, answered_on):
            came.setdefault(done.asked.review, []).append(done)
    return [came[one.review].pop(0) if one.review in came else Decided(one, Uitkomst.ONBEKEND) for one in asked]


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
    verdict = _verdict(gateway, transaction, message, document, last, refused)
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


def _verdict(
    gateway: Gateway,
    transaction: Transaction,
    message: Message,
    document: Document,
    last: Judgement,
    refused: Iterable[Review],
) -> Verdict:
    """What was found in the claim, with what is decided against its lines, under the contracts that it was held to."""
    bericht = to_bericht(document)
    if not is_claim(bericht):
        raise StoreConflict(f"Message {message.id} is no claim")
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
