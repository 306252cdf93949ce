"""The result of a message: what its sender, its receiver and the operators are told of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.store import mailbox, messages, progress
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Event, Judgement, Message, Status
from iwmo_gateway.store.progress import Progress
from iwmo_gateway.store.search import Search, find_messages

SHOWN: Final = 100
"""How many findings a result holds; the rest is paged."""


@dataclass(frozen=True, slots=True)
class Result:
    """A message with its newest judgement, and the first of its findings; `progress` while it is in hand."""

    message: Message
    judgement: Judgement | None
    findings: tuple[Finding, ...]
    progress: Progress | None = None


def result_of(transaction: Transaction, message: Message) -> Result:
    """The newest result of a kept message."""
    judged = messages.judgements_of(transaction, message.id)
    if not judged:
        return Result(message, None, ())
    found = messages.findings_of(transaction, message.id, judged[-1].nr, limit=SHOWN)
    return Result(message, judged[-1], tuple(found))


def find(gateway: Gateway, caller: Caller, message_id: str) -> Result | None:
    """The result of a message that the caller may see; None for any other."""
    with gateway.database.reading() as transaction:
        seen = visible(transaction, caller, message_id)
        if seen is None:
            return None
        message, _ = seen
        if message.status is not Status.RECEIVED:
            return result_of(transaction, message)
        at = progress.of(transaction, message_id)
        # What was told longer ago than a lease was told by a process that died: now it waits.
        alive = at is not None and at.updated_at > caller.at - gateway.lease
        return Result(message, None, (), at if alive else None)


def judgements(gateway: Gateway, caller: Caller, message_id: str) -> tuple[list[Judgement], list[Event]] | None:
    """Every judgement of a message and all that happened to it; None for one that the caller may not see."""
    with gateway.database.reading() as transaction:
        if visible(transaction, caller, message_id) is None:
            return None
        return messages.judgements_of(transaction, message_id), messages.events_of(transaction, message_id)


def findings(gateway: Gateway, caller: Caller, message_id: str, *, after: int, limit: int) -> list[Finding] | None:
    """A page of the findings of the newest judgement."""
    with gateway.database.reading() as transaction:
        seen = visible(transaction, caller, message_id)
        if seen is None:
            return None
        message, _ = seen
        return messages.findings_of(transaction, message.id, message.judgements, after=after, limit=limit)


def findings_at(gateway: Gateway, caller: Caller, message_id: str, pads: Sequence[str]) -> list[tuple[int, Finding]]:
    """The findings of the newest judgement at these places, each under its number, from 0."""
    with gateway.database.reading() as transaction:
        seen = visible(transaction, caller, message_id)
        if seen is None:
            return []
        return messages.findings_at(transaction, message_id, seen[0].judgements, pads)


def xml(gateway: Gateway, caller: Caller, message_id: str) -> bytes | None:
    """The bytes of a message. An addressee that reads a message in its mailbox has fetched it."""
    with gateway.database.reading() as transaction:
        seen = visible(transaction, caller, message_id)
        if seen is None:
            return None
        message, caller = seen
        unread = caller.party is not None and _unfetched(transaction, caller.party, message.id)
    if unread and caller.party is not None:
        # Marked before it is handed out: what is handed out is not withdrawn any more.
        with gateway.database.writing() as transaction:
            mailbox.mark_fetched(transaction, caller.party, message_id, caller.at)
    with gateway.database.reading() as transaction:
        if message.own and message.ontvanger == caller.party and _withdrawn(transaction, message):
            return None
        sealed = messages.xml_of(transaction, message.id)
    return gateway.keyring.open_xml(message.id, sealed)


def retour_xml(gateway: Gateway, caller: Caller, message_id: str) -> tuple[str, bytes] | None:
    """The id and the bytes of the return message to a message; None if it has none."""
    found = find(gateway, caller, message_id)
    if found is None or found.judgement is None or found.judgement.retour is None:
        return None
    body = xml(gateway, caller, found.judgement.retour)
    return None if body is None else (found.judgement.retour, body)


def search(gateway: Gateway, caller: Caller, wanted: Search, *, before: str | None, limit: int) -> list[Result]:
    """Results that match and that the caller may see, newest first; without their findings."""
    wanted = replace(wanted, seen_by=caller.party, domains=caller.limited_to)
    with gateway.database.reading() as transaction:
        found = find_messages(transaction, wanted, before=before, limit=limit)
        newest = messages.newest_judgements(transaction, [message.id for message in found])
        return [Result(message, newest.get(message.id), ()) for message in found]


def visible(transaction: Transaction, caller: Caller, message_id: str) -> tuple[Message, Caller] | None:
    """A message, and the caller as the party that sees it; None where it sees none."""
    message = messages.by_id(transaction, message_id)
    seeing = None if message is None else caller.seeing(message)
    return None if message is None or seeing is None else (message, seeing)


def _withdrawn(transaction: Transaction, answer: Message) -> bool:
    """Whether an answer was taken back before its addressee had it: then it never was."""
    return mailbox.entry_of_message(transaction, answer.ontvanger or "", answer.id) is None


def _unfetched(transaction: Transaction, party: str, message_id: str) -> bool:
    entry = mailbox.entry_of_message(transaction, party, message_id)
    return entry is not None and entry.fetched_at is None
