"""Around a message: what it answers and is answered by, its allocations, its mailboxes, and its replays."""

from dataclasses import dataclass

from iwmo_gateway.gateway import results
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store import messages, related
from iwmo_gateway.store.messages import Event, Judgement, Message
from iwmo_gateway.store.related import SHOWN, Replayed, Stay


@dataclass(frozen=True, slots=True)
class Related:
    """What a caller may see around a message. `more` if it is about more allocations than are told."""

    judgements: tuple[Judgement, ...]
    events: tuple[Event, ...]
    asked: Message | None
    answers: tuple[Message, ...]
    namesakes: tuple[Message, ...]
    toewijzing_nummers: tuple[int, ...]
    more: bool
    stays: tuple[Stay, ...]
    replays: tuple[Replayed, ...]


def around(gateway: Gateway, caller: Caller, message_id: str) -> Related | None:
    """What there is around a message; None for one that the caller may not see."""
    with gateway.database.reading() as transaction:
        seen = results.visible(transaction, caller, message_id)
        if seen is None:
            return None
        message, caller = seen
        answers = related.answers_to(transaction, message.id, caller.party)
        asked = results.visible(transaction, caller, message.answers) if message.answers else None
        numbers = related.toewijzing_nummers(transaction, message.id)
        stays = related.stays(transaction, [message.id, *(answer.id for answer in answers)], caller.party)
        return Related(
            judgements=tuple(messages.judgements_of(transaction, message.id)),
            events=tuple(messages.events_of(transaction, message.id)),
            asked=asked[0] if asked else None,
            answers=tuple(answers),
            namesakes=tuple(related.namesakes(transaction, message, caller.party)),
            toewijzing_nummers=tuple(numbers[:SHOWN]),
            more=len(numbers) > SHOWN,
            stays=tuple(stays),
            replays=tuple(related.replays_of(transaction, message.id)) if caller.party is None else (),
        )
