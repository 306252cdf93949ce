"""A person's own data (AVG article 15): found in every message that is kept, and in the facts, as one document."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from lxml import etree

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.xml import Unreadable, local_name, read
from iwmo_gateway.store import clients, messages, persons
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.rotation import HASHED

_TOLD: Final = (
    "id",
    "soort",
    "release",
    "afzender",
    "ontvanger",
    "identificatie",
    "dagtekening",
    "received_at",
    "status",
)
_PURGED: Final = (
    "Van deze berichten over u is de inhoud na de bewaartermijn opgeruimd. Van andere opgeruimde berichten is niet "
    "meer na te gaan over wie zij gingen."
)


def count(gateway: Gateway) -> int:
    """How many messages are looked into."""
    with gateway.database.reading() as transaction:
        return persons.count_messages(transaction)


def export(gateway: Gateway, bsn: str, told: Callable[[int], None]) -> dict[str, Any]:
    """All that is kept about a person. `told` hears how many messages more were looked into.

    Every message is opened, for one that was refused left no fact to find it by. Of a message about others too only the
    part about this person is given. Of what was purged is told what facts still tell of it.
    """
    document: dict[str, Any] = {"bsn": bsn, "feiten": {}, "geboortedata": [], "berichten": []}
    purged: list[dict[str, Any]] = []
    with gateway.database.reading() as transaction:
        found = clients.find(transaction, list(gateway.keyring.hashes(bsn).values()))
        for client in set(found.values()):
            document["feiten"] = persons.facts_of(transaction, client)
            births = [birth for birth in persons.births_of(transaction, client) if len(birth) != HASHED]
            document["geboortedata"] = sorted({gateway.keyring.open_birth(client, birth) for birth in births})
            purged = persons.purged_about(transaction, client)
        others = persons.count_purged(transaction) - len(purged)
    document["opgeruimd"] = {
        "berichten": purged,
        "andere": others,
        "toelichting": _PURGED if purged or others else None,
    }
    for message, xml in _all(gateway, told):
        parts = _about(bsn, xml)
        if parts:
            document["berichten"].append(_told(gateway, message, parts))
    return document


def _all(gateway: Gateway, told: Callable[[int], None]) -> Iterator[tuple[Message, bytes]]:
    after = None
    while True:
        with gateway.database.reading() as transaction:
            some = list(persons.some_messages(transaction, after))
        for message, sealed in some:
            yield message, gateway.keyring.open_xml(message.id, sealed)
        if not some:
            return
        told(len(some))
        after = some[-1][0].id


def _about(bsn: str, xml: bytes) -> list[str]:
    """The parts of a message that tell of a person: every class with this Bsn, and what stands in it."""
    if not any(bsn.encode(encoding) in xml for encoding in ("ascii", "utf-16-le", "utf-16-be")):
        return []
    document = read(xml, len(xml))
    if isinstance(document, Unreadable):
        return []
    about = [element.getparent() for element in document.root.iter("{*}Bsn") if (element.text or "").strip() == bsn]
    within = [one for one in about if one is not None and local_name(one) != "Bericht"]
    return [etree.tostring(one, encoding="unicode", with_tail=False) for one in within]


def _told(gateway: Gateway, message: Message, parts: list[str]) -> dict[str, Any]:
    with gateway.database.reading() as transaction:
        events = messages.events_of(transaction, message.id)
        found = messages.findings_of(transaction, message.id, message.judgements)
    return {
        **{name: getattr(message, name) for name in _TOLD},
        "over_u": parts,
        "bevindingen": [{"regel": one.regel, "tekst": one.tekst, "pad": one.pad} for one in found],
        "gebeurtenissen": [{"at": one.at, "event": one.event, "actor": one.actor} for one in events],
    }
