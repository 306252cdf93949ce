"""Taking away what is left of persons when the bytes are gone: facts, values in findings, and who clients are.

What is left of a message is its row without its digest: who sent whom what under which number, when, and what the
gateway said of it in rules and codes. So an Identificatie and a DeclaratieNummer stay used.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    except_,
    exists,
    func,
    null,
    or_,
    select,
    text,
    union,
    update,
)

from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.standard.verzoeken import REFUSED
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.replays import ReplayStatus
from iwmo_gateway.store.retention import OLD, SIDE, THROUGH, Old, made_or_asked, newest_end, note
from iwmo_gateway.store.tables import (
    antwoorden,
    client_hashes,
    clienten,
    findings,
    judgements,
    mailbox,
    messages,
    numbers,
    prestaties,
    replay_items,
    replay_lanes,
    replays,
    reviews,
    starts,
    stops,
    toewijzing_versies,
    toewijzingen,
    verzoeken,
)

_AT_ONCE: Final = 2_000
"""How many messages one statement names: databases bound the number of parameters."""
_ANSWERABLE: Final = sorted({soort.code for soort in SOORTEN.values() if soort.answer})
_REQUEST: Final = ("domain", "gemeente", "aanbieder", "referentie")
_ALLOCATED: Final = exists().where(
    toewijzing_versies.c.toewijzing == toewijzingen.c.id,
    toewijzing_versies.c.aanbieder == verzoeken.c.aanbieder,
    toewijzing_versies.c.referentie_aanbieder == verzoeken.c.referentie,
    toewijzingen.c.domain == verzoeken.c.domain,
    toewijzingen.c.gemeente == verzoeken.c.gemeente,
)
_REFUSED: Final = exists().where(
    *(antwoorden.c[name] == verzoeken.c[name] for name in _REQUEST), antwoorden.c.antwoord == REFUSED
)
_WIPE: Final = (
    update(messages)
    .where(messages.c.id == bindparam("its_id"))
    .values(
        xml=b"",
        purged_at=func.coalesce(messages.c.purged_at, bindparam("at", type_=messages.c.purged_at.type)),
        forgotten_at=bindparam("at", type_=messages.c.purged_at.type),
        digest=bindparam("by_chance", type_=messages.c.digest.type),
    )
)


def ended(transaction: Transaction, last_day: date) -> list[int]:
    """The allocations of which a version ends on this day or before it; which one is the newest is seen later."""
    versions = toewijzing_versies.c
    query = select(versions.toewijzing).where(versions.einddatum <= last_day).distinct().order_by(versions.toewijzing)
    return list(transaction.scalars(query))


def ends(transaction: Transaction, allocations: Sequence[int]) -> dict[int, date | None]:
    """The last day of each of these allocations; None if it has none yet."""
    query = select(toewijzingen.c.id, newest_end(toewijzingen.c.id).label("end")).where(
        toewijzingen.c.id.in_(allocations)
    )
    return {row.id: row.end for row in transaction.execute(query)}


def messages_of(transaction: Transaction, allocations: Sequence[int]) -> dict[int, list[Old]]:
    """The messages that belong to each of these allocations; a return message goes with what it answers."""
    named = (
        select(toewijzingen.c.id.label("toewijzing"), numbers.c.message)
        .join_from(toewijzingen, numbers, numbers.c.toewijzing_nummer == toewijzingen.c.nummer)
        .join(messages, and_(messages.c.id == numbers.c.message, messages.c.domain == toewijzingen.c.domain))
        .where(toewijzingen.c.gemeente == SIDE, toewijzingen.c.id.in_(allocations))
    )
    belongs = union(named, *made_or_asked(lambda toewijzing, _: toewijzing.in_(allocations))).subquery()
    query = select(belongs.c.toewijzing, *OLD).join_from(belongs, messages, messages.c.id == belongs.c.message)
    found: dict[int, list[Old]] = {}
    for toewijzing, *row in transaction.execute(query):
        found.setdefault(toewijzing, []).append(Old(*row))
    return found


def busy(transaction: Transaction, ids: Sequence[str], previewed: datetime) -> set[str]:
    """Those of these messages that still wait for something: an answer, a reader, a decision or a replay.

    A preview of a replay from before the moment `previewed` cannot be started any more.
    """
    return {one for some in _parts(ids) for one in transaction.scalars(union(*_waiting(some, previewed)))}


def needed(transaction: Transaction, ids: Sequence[str], previewed: datetime) -> set[str]:
    """Those of these messages of which somebody still needs the bytes, or those of the answer: a reader or a replay."""
    return {one for some in _parts(ids) for one in transaction.scalars(union(*_needing(some, previewed)))}


def _waiting(ids: Sequence[str], previewed: datetime) -> Iterable[Select[Any]]:
    answer = messages.alias("answer")
    yield from _needing(ids, previewed)
    yield (
        select(messages.c.id)
        .join(
            judgements,
            and_(judgements.c.message == messages.c.id, judgements.c.nr == messages.c.judgements),
        )
        .where(
            messages.c.id.in_(ids),
            messages.c.soort.in_(_ANSWERABLE),
            messages.c.status != Status.INVALID,
            judgements.c.retour.is_(None),
            ~exists().where(answer.c.answers == messages.c.id, answer.c.status != Status.INVALID),
        )
    )
    yield select(reviews.c.message).where(reviews.c.message.in_(ids), reviews.c.decided_at.is_(None))
    yield select(verzoeken.c.message).where(verzoeken.c.message.in_(ids), ~_ALLOCATED, ~_REFUSED)


def _needing(ids: Sequence[str], previewed: datetime) -> Iterable[Select[Any]]:
    answer = messages.alias("answer")
    unread = [mailbox.c[name].is_(None) for name in ("fetched_at", "acknowledged_at", "withdrawn_at")]
    yield select(mailbox.c.message).where(mailbox.c.message.in_(ids), *unread)
    yield (
        select(answer.c.answers)
        .join(mailbox, mailbox.c.message == answer.c.id)
        .where(answer.c.answers.in_(ids), *unread)
    )
    going = [ReplayStatus.RUNNING, ReplayStatus.PAUSED]
    yield (
        select(replay_items.c.message)
        .join(replays, replays.c.id == replay_items.c.replay)
        .where(
            replay_items.c.message.in_(ids),
            replay_items.c.outcome.is_(None),
            or_(
                replays.c.status.in_(going),
                and_(replays.c.status == ReplayStatus.PREVIEW, replays.c.created_at > previewed),
            ),
        )
    )


def forget(
    transaction: Transaction, allocations: Sequence[int], ids: Sequence[str], actor: str, now: datetime
) -> list[Old]:
    """Take away these allocations, and what these messages left that belongs to no other allocation; note that.

    Their bytes and those of the answers to them go too where they are still there, and what could tell of a person in
    what was found. Returns the messages of which nothing was forgotten before.
    """
    transaction.execute(delete(toewijzing_versies).where(toewijzing_versies.c.toewijzing.in_(allocations)))
    transaction.execute(delete(toewijzingen).where(toewijzingen.c.id.in_(allocations)))
    return [one for some in _parts(ids) for one in _forget_messages(transaction, some, actor, now)]


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _forget_messages(transaction: Transaction, ids: Sequence[str], actor: str, now: datetime) -> list[Old]:
    _forget_facts(transaction, ids)
    rows = transaction.execute(
        select(*OLD).where(
            or_(messages.c.id.in_(ids), messages.c.answers.in_(ids)),
            messages.c.forgotten_at.is_(None),
            messages.c.status.in_(THROUGH),
        )
    )
    gone = [Old(*row) for row in rows]
    if gone:
        transaction.execute(
            _WIPE, [{"its_id": one.id, "at": now, "by_chance": secrets.token_bytes(32)} for one in gone]
        )
        known = [one.id for one in gone]
        values = update(findings).where(findings.c.message.in_(known)).values(verwacht=null(), gevonden=null())
        transaction.execute(values)
        transaction.execute(update(replay_items).where(replay_items.c.message.in_(known)).values(detail=null()))
        note(transaction, known, "forgotten", actor, now)
    return gone


def _forget_facts(transaction: Transaction, ids: Sequence[str]) -> None:
    """What messages left that belongs to no allocation that is there."""
    for table in (starts, stops, prestaties):
        transaction.execute(delete(table).where(table.c.message.in_(ids), ~_stands(table)))
    booked = exists().where(
        *(prestaties.c[name] == reviews.c[name] for name in ("domain", "soort", "aanbieder", "referentie_nummer")),
        prestaties.c.holds_reference,
    )
    transaction.execute(delete(reviews).where(reviews.c.message.in_(ids), ~booked))
    # An answer goes with its request: without it the request would be open again.
    asked = exists().where(
        *(verzoeken.c[name] == antwoorden.c[name] for name in _REQUEST), verzoeken.c.message.in_(ids), ~_ALLOCATED
    )
    transaction.execute(delete(antwoorden).where(asked))
    transaction.execute(delete(verzoeken).where(verzoeken.c.message.in_(ids), ~_ALLOCATED))
    named = exists().where(
        messages.c.id == numbers.c.message,
        toewijzingen.c.nummer == numbers.c.toewijzing_nummer,
        toewijzingen.c.domain == messages.c.domain,
        toewijzingen.c.gemeente == SIDE,
    )
    transaction.execute(delete(numbers).where(numbers.c.message.in_(ids), ~named))


def _stands(table: Table) -> ColumnElement[bool]:
    """Whether the allocation of a fact is there."""
    return exists().where(
        toewijzingen.c.domain == table.c.domain,
        toewijzingen.c.gemeente == table.c.gemeente,
        toewijzingen.c.nummer == table.c.toewijzing_nummer,
    )


def last_line(transaction: Transaction) -> int:
    """The last claim line that there is; nobody who knows a client by a hash is adding one before it."""
    _alone(transaction)
    return transaction.scalar(select(func.max(prestaties.c.id))) or 0


def clients_without_facts(transaction: Transaction) -> list[bytes]:
    """The clients that no fact is about."""
    tables = (toewijzing_versies, starts, stops, verzoeken, prestaties)
    query = except_(select(clienten.c.client), *(select(table.c.client) for table in tables))
    return [bytes(client) for client in transaction.scalars(query)]


def forget_clients(transaction: Transaction, clients: Sequence[bytes], last: int) -> int:
    """Take away who these clients are, unless a fact about one came meanwhile; of claim lines those behind `last`."""
    _alone(transaction)
    tables = (toewijzing_versies, starts, stops, verzoeken)
    facts = [select(table.c.client).where(table.c.client.in_(clients)) for table in tables]
    facts.append(select(prestaties.c.client).where(prestaties.c.id > last, prestaties.c.client.in_(clients)))
    still = {bytes(client) for client in transaction.scalars(union(*facts))}
    gone = [client for client in clients if client not in still]
    for table in (client_hashes, clienten):
        transaction.execute(delete(table).where(table.c.client.in_(gone)))
    return len(gone)


def _alone(transaction: Transaction) -> None:
    """Wait until what is being judged is judged, and let nothing begin: a message finds its clients by a hash first and
    keeps facts about them last. On SQLite one writes at a time anyway. Raises StoreBusy after a second.
    """
    if transaction.dialect.name == "postgresql":
        transaction.execute(text("SELECT set_config('lock_timeout', '1s', true)"))
        transaction.execute(text("LOCK TABLE client_hashes IN ACCESS EXCLUSIVE MODE"))


def expired_previews(transaction: Transaction, before: datetime) -> list[str]:
    """Replays that were previewed before a moment and never started, oldest first."""
    left = (replays.c.status == ReplayStatus.PREVIEW, replays.c.created_at < before)
    return list(transaction.scalars(select(replays.c.id).where(*left).order_by(replays.c.id)))


def remove_preview(transaction: Transaction, replay_id: str) -> None:
    """Take a preview that nobody can start any more away, with all that it chose."""
    for table in (replay_items, replay_lanes):
        transaction.execute(delete(table).where(table.c.replay == replay_id))
    transaction.execute(delete(replays).where(replays.c.id == replay_id))
