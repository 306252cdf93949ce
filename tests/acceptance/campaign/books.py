"""The books after a campaign: what senders were told, what readers saw and what is kept must be one story."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, read
from iwmo_gateway.store.messages import Sealed
from iwmo_gateway.store.tables import events, findings, judgements, mailbox, messages, parties, prestaties
from tests.acceptance.campaign.clients import COUNTS, JUDGED, Ledger
from tests.acceptance.campaign.story import HOURS, Island
from tests.bookkeeping import Books
from tests.claims import totals as totals_of
from tests.conftest import TODAY


@dataclass
class Audit:
    """What is wrong, by what it comes to: something lost, something doubled, or a verdict that one process alone would
    not have given.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)


Opened = Callable[[Any], bytes]
"""The bytes of a row of `messages` as they came in or went out."""


def audit(gateway: Gateway, ledger: Ledger, islands: Sequence[Island]) -> Audit:
    """Check everything."""
    found = Audit()

    def opened(row: Any) -> bytes:
        return gateway.keyring.open_xml(row.id, Sealed(row.key_version, bytes(row.xml)))

    with gateway.database.reading() as transaction:

        def rows(query: Select[Any]) -> list[Any]:
            return list(transaction.execute(query))

        _messages(rows(_MESSAGES), ledger, found)
        _judgements(rows(_MESSAGES), rows(_JUDGEMENTS), rows(_MAILBOX), opened, found)
        _mailboxes(rows(_MAILBOX), dict(rows(select(parties.c.code, parties.c.mailbox_nr))), ledger, found)
        _claims(rows(_LINES), found)
        _numbers(rows(_MESSAGES), found)
        _as_one_process(rows(_VERDICTS), rows(_FINDINGS), islands, opened, found)
        found.figures["taken up by a worker"] = len(rows(_BY_WORKER))
        found.figures["faults noted"] = len(rows(_FAULTS))
    return found


_MESSAGES = select(messages).order_by(messages.c.id)
_JUDGEMENTS = select(judgements).order_by(judgements.c.message, judgements.c.nr)
_MAILBOX = select(mailbox).order_by(mailbox.c.party, mailbox.c.nr)
_LINES = select(prestaties).where(prestaties.c.approved)
_FINDINGS = select(findings).order_by(findings.c.message, findings.c.judgement, findings.c.nr)
_VERDICTS = (
    select(
        *(messages.c[name] for name in ("id", "key_version", "xml", "soort", "afzender", "identificatie")),
        judgements.c.nr,
        judgements.c.status,
    )
    .join_from(events, messages, messages.c.id == events.c.message)
    .join(
        judgements,
        (judgements.c.message == messages.c.id) & (events.c.detail["oordeel"].as_integer() == judgements.c.nr),
    )
    .where(events.c.event == "judged")
    .order_by(events.c.id)
)
"""Every verdict in the order in which it was kept: whoever waited for another's lock or number noted his later."""
_BY_WORKER = select(func.distinct(events.c.message)).where(events.c.event == "judged", events.c.actor == "worker")
_FAULTS = select(events.c.id).where(events.c.event == "fault")


def _messages(kept: Iterable[Any], ledger: Ledger, found: Audit) -> None:
    """What was answered with 200, 201 or 202 is there, once, under the id that was told."""
    by_digest = defaultdict(list)
    for row in kept:
        if not row.own:
            by_digest[row.afzender, bytes(row.digest)].append(row)
    for sent in ledger.sent.values():
        there = by_digest.pop((sent.party, sent.digest), [])
        ids = {row.id for row in there}
        if not there and sent.ids:
            found.lost.append(f"Message {sent.ids} of {sent.party} was taken and is not there")
        if len(there) > 1 or len(sent.ids) > 1:
            found.doubled.append(f"One message of {sent.party} is {ids}, and was told to be {sent.ids}")
        for row in there:
            if sent.ids and row.id not in sent.ids:
                found.wrong.append(f"Message {row.id} was told to be {sent.ids}")
            if row.status not in JUDGED:
                found.lost.append(f"Message {row.id} is {row.status}: {row.error}")
            elif sent.status != row.status and sent.status in COUNTS:
                found.wrong.append(f"Message {row.id} was told to be {sent.status} and is {row.status}")
    found.wrong += [f"Message of {party} that nobody sent" for party, _ in by_digest]
    found.figures["messages"] = len(ledger.sent)
    found.figures["accepted ids"] = sum(bool(sent.ids) for sent in ledger.sent.values())


def _judgements(
    kept: Iterable[Any], judged: Iterable[Any], entries: Iterable[Any], opened: Opened, found: Audit
) -> None:
    """Each message has judgements 1, 2, …, the last of which counts, each with its own answer, of which one waits."""
    said, delivered, answers = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in judged:
        said[row.message].append(row)
    for row in entries:
        delivered[row.message].append(row)
    for row in kept:
        if row.own:
            answers[row.answers].append(row)
    for row in kept:
        if row.own:
            continue
        mine = said[row.id]
        if [one.nr for one in mine] != list(range(1, row.judgements + 1)) or (mine and mine[-1].status != row.status):
            found.wrong.append(f"Message {row.id} is {row.status}, its judgements say {[one.status for one in mine]}")
        if sum(one.status in COUNTS for one in mine) > 1:
            found.doubled.append(f"Message {row.id} was accepted more than once")
        if {one.retour for one in mine} != {one.id for one in answers[row.id]} or len(answers[row.id]) != len(mine):
            found.doubled.append(f"Message {row.id} has {len(mine)} judgements and {len(answers[row.id])} answers")
        mail = [entry for one in answers[row.id] for entry in delivered[one.id]]
        replaced = {entry.replaces for entry in mail}
        waits = [one for one in mail if one.withdrawn_at is None and one.message not in replaced]
        if len(mail) != len(mine) or len(waits) != 1 or any(entry.party != row.afzender for entry in mail):
            found.doubled.append(f"Message {row.id} is answered {len(waits)} times: {len(mail)} for {len(mine)}")
        forwarded = [entry.party for entry in delivered[row.id]]
        if forwarded != ([row.ontvanger] if row.status in COUNTS else []):
            found.doubled.append(f"Message {row.id} ({row.status}) is in the mailboxes of {forwarded}")
        found.figures[f"status {row.status}"] += 1
        found.figures["judged again"] += len(mine) - 1
        totals = _totals(opened(answers[row.id][-1])) if answers[row.id] else None
        if totals and mine and totals != (mine[-1].ingediend, mine[-1].toegekend):
            found.wrong.append(f"The answer to {row.id} says {totals}")


def _mailboxes(entries: Iterable[Any], counters: dict[str, int], ledger: Ledger, found: Audit) -> None:
    """Numbers run from 1 without a gap; each message has one; readers saw all of them, in their order."""
    by_party = defaultdict(list)
    for row in entries:
        by_party[row.party].append(row)
    for party, mine in by_party.items():
        if [row.nr for row in mine] != list(range(1, counters[party] + 1)):
            found.lost.append(f"Mailbox {party} counts to {counters[party]} and has {len(mine)} entries")
        if len({row.message for row in mine}) != len(mine):
            found.doubled.append(f"Mailbox {party} has a message twice")
        seen = dict(ledger.read[party])
        known = {row.nr: row.message for row in mine}
        if any(known.get(nr) != message for nr, message in seen.items()):
            found.wrong.append(f"Mailbox {party} showed what is not there")
        missed = [row.nr for row in mine if row.nr not in seen and not row.withdrawn_at and not row.acknowledged_at]
        if missed:
            found.lost.append(f"The reader of mailbox {party} was passed over by {missed[:5]}")
        found.figures["delivered"] += len(mine)
        found.figures["read"] += len(seen)


def _claims(lines: Iterable[Any], found: Audit) -> None:
    """No allocation is claimed beyond its volume, no line number is used twice, no line is credited twice."""
    claimed: Counter[tuple[str, int]] = Counter()
    used: Counter[tuple[str, str]] = Counter()
    credited: Counter[tuple[str, str]] = Counter()
    for row in lines:
        sign = 1 if row.vorig_referentie_nummer is None else -1
        claimed[row.gemeente, row.toewijzing_nummer] += sign * row.volume
        used[row.aanbieder, row.referentie_nummer] += 1
        if row.vorig_referentie_nummer is not None:
            credited[row.aanbieder, row.vorig_referentie_nummer] += 1
        found.figures["lines approved"] += 1
    found.doubled += [
        f"{volume} hours of {HOURS} are approved on {key}" for key, volume in claimed.items() if volume > HOURS
    ]
    found.doubled += [f"Line number {key} is approved {times} times" for key, times in used.items() if times > 1]
    found.doubled += [f"Line {key} is credited {times} times" for key, times in credited.items() if times > 1]
    found.figures["allocations claimed on"] = len(claimed)


def _numbers(kept: Iterable[Any], found: Audit) -> None:
    """No Identificatie counts twice."""
    used = Counter((row.soort, row.afzender, row.identificatie) for row in kept if row.status in COUNTS)
    found.doubled += [f"Identificatie {key} counts {times} times" for key, times in used.items() if times > 1]


def _as_one_process(
    verdicts: Sequence[Any], said: Iterable[Any], islands: Sequence[Island], opened: Opened, found: Audit
) -> None:
    """Plain bookkeeping, one message after the other in the order in which they were judged, says the very same."""
    told = defaultdict(list)
    for row in said:
        told[row.message, row.judgement].append((row.regel, row.retourcode, row.pad))
    held = {_identity(row) for row in verdicts if row.status in COUNTS}
    for island in islands:
        mine = [row for row in verdicts if row.afzender in island.parties]
        first = []
        for row in mine:
            # An Identificatie is held from when its message is kept, which may be judged after the one it keeps out.
            if [regel for regel, *_ in told[row.id, row.nr]] == ["TR056"] and _identity(row) in held:
                found.figures["verdicts compared"] += 1
            else:
                first.append(row)
        for row, outcome, codes in _judged_again(Books(), first, opened):
            if outcome != row.status or codes != sorted(told[row.id, row.nr]):
                found.wrong.append(
                    f"Message {row.id}/{row.nr} is {row.status}, plain bookkeeping says {outcome} {codes}"
                )
            found.figures["verdicts compared"] += 1


def _identity(row: Any) -> tuple[str, str, str]:
    return row.soort, row.afzender, row.identificatie


def _judged_again(books: Books, verdicts: Iterable[Any], opened: Opened) -> Iterator[tuple[Any, str, list[Any]]]:
    for row in verdicts:
        document = read(opened(row))
        assert isinstance(document, Document)
        verdict = books.take(to_bericht(document), TODAY.date())
        yield row, verdict.outcome, sorted((one.regel, one.retourcode, one.pad) for one in verdict.findings)


def _totals(answer: bytes) -> tuple[int, int] | None:
    """What an answer says was submitted and approved, if it says so."""
    document = read(answer)
    assert isinstance(document, Document)
    return totals_of(document.root)
