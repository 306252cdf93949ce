"""Replay: judging kept messages again, under today's schemas and rules, by their own moment of receipt."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from iwmo_gateway.errors import GatewayError
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.assessing import assess, complete, status_of
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.gateway.judging import Occasion, answered_by_receiver, process
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import mailbox, messages, replays
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COUNTS, Message, Status
from iwmo_gateway.store.replays import Item, Replay

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100
"""How many messages one replay by ids may name."""
_NEVER_OWN: Final = "Een retourbericht wordt niet opnieuw beoordeeld."
_HELD: Final = "Regels van het bericht wachten op een besluit van de gemeente; opnieuw beoordelen kan daarna."


def replay(
    gateway: Gateway, caller: Caller, ids: Iterable[str], *, reason: str, dry_run: bool = False, force: bool = False
) -> Replay:
    """Judge these messages again, oldest first, and keep who asked for it, why, and what came of each.

    An approval is never taken back and nothing is booked or delivered twice: of an accepted message only the
    difference is shown. A refused message whose answer was fetched is judged only with `force`; its new answer then
    says in the mailbox which one it replaces. `dry_run` shows the difference of each and changes nothing.
    """
    ordered = sorted(set(ids))
    wanted = Replay(
        id=new_id(caller.at),
        created_at=caller.at,
        actor=caller.actor,
        reason=reason,
        dry_run=dry_run,
        force=force,
        finished_at=None,
        items=tuple(Item(message_id) for message_id in ordered),
    )
    with gateway.database.writing() as transaction:
        replays.insert_replay(transaction, wanted)
    for nr, message_id in enumerate(ordered):
        item = _item(gateway, caller, message_id, dry_run=dry_run, force=force)
        with gateway.database.writing() as transaction:
            replays.settle_item(transaction, wanted.id, nr, item)
    with gateway.database.writing() as transaction:
        replays.finish(transaction, wanted.id, datetime.now(UTC))
        return replays.by_id(transaction, wanted.id) or wanted


def find(gateway: Gateway, replay_id: str) -> Replay | None:
    """A replay with what came of each of its messages."""
    with gateway.database.reading() as transaction:
        return replays.by_id(transaction, replay_id)


def _item(gateway: Gateway, caller: Caller, message_id: str, *, dry_run: bool, force: bool) -> Item:
    with gateway.database.reading() as transaction:
        message = messages.by_id(transaction, message_id)
        body = messages.xml_of(transaction, message_id) if message else b""
        refused = None if message is None else _refusal(transaction, message, force=force or dry_run)
        final = message is not None and (message.status in COUNTS or answered_by_receiver(transaction, message))
    if message is None:
        return Item(message_id, "missing")
    before = str(message.status)
    if refused is not None:
        return Item(message_id, "refused", before, before, {"reden": refused})
    try:
        if dry_run or final:
            return _shown(gateway, message, body)
        return _judged(gateway, caller, message, body)
    except GatewayError as error:
        return Item(message_id, "failed", before, before, {"fout": str(error)})
    except Exception as error:
        # Its text may hold values of the message: only its kind is told. The other messages go on.
        log.error("replay_failed", message=message_id, error=type(error).__name__)
        return Item(message_id, "failed", before, before, {"fout": type(error).__name__})


def _refusal(transaction: Transaction, message: Message, *, force: bool) -> str | None:
    """Why a message may not be judged again; None if it may."""
    never = _NEVER_OWN if message.own else _HELD if message.status is Status.IN_REVIEW else None
    if never is not None or force:
        return never
    if message.status in COUNTS:
        return "Het bericht is al verwerkt; met force ziet u wat er nu anders zou zijn."
    if answered_by_receiver(transaction, message):
        return "De ontvanger heeft het bericht zelf beantwoord; met force ziet u wat de gateway er nu van zou zeggen."
    if _answer_fetched(transaction, message):
        return "Het retourbericht is al opgehaald; met force komt er een nieuw retourbericht."
    return None


def _judged(gateway: Gateway, caller: Caller, message: Message, body: bytes) -> Item:
    before = str(message.status)
    document = gateway.kept_document(message, body)
    occasion = Occasion(caller.actor, caller.at, message.received_at, day_of(caller.at))
    result = process(gateway, message, document, occasion)
    if result.judgement is None:
        return Item(message.id, "failed", before, str(result.message.status), {"fout": result.message.error})
    outcome = "judged" if result.judgement.nr > message.judgements else "unchanged"
    return Item(message.id, outcome, before, str(result.message.status))


def _answer_fetched(transaction: Transaction, message: Message) -> bool:
    answer = messages.answer_of(transaction, message.id)
    if answer is None:
        return False
    entry = mailbox.entry_of_message(transaction, message.afzender, answer.id)
    return entry is not None and (entry.fetched_at is not None or entry.acknowledged_at is not None)


def _shown(gateway: Gateway, message: Message, body: bytes) -> Item:
    """What judging would change; nothing is changed."""
    document = gateway.kept_document(message, body)
    assessment = assess(gateway, document)
    with gateway.database.reading() as transaction:
        verdict = complete(gateway, transaction, message, assessment, message.received_at).verdict
        found = messages.findings_of(transaction, message.id, message.judgements)
    after = status_of(assessment, verdict)
    gone, new = _difference(found, verdict.findings), _difference(verdict.findings, found)
    same = after is message.status and not gone and not new
    detail = {"vervallen": gone, "nieuw": new}
    return Item(message.id, "unchanged" if same else "shown", str(message.status), str(after), detail)


def _difference(these: Sequence[Finding], others: Sequence[Finding]) -> list[dict[str, str | None]]:
    known = {(finding.regel, finding.pad) for finding in others}
    return [
        {"regel": finding.regel, "retourcode": finding.retourcode, "pad": finding.pad}
        for finding in these
        if (finding.regel, finding.pad) not in known
    ]
