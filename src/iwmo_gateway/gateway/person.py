"""A person's own data (AVG article 15): found in every message that is kept, and in the facts, as one document."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
_FINDING: Final = ("regel", "retourcode", "tekst", "pad", "verwacht", "gevonden", "artikel")
_INDEX: Final = re.compile(r"\[\d+\]$")
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


def _about(bsn: str, xml: bytes) -> dict[str, str]:
    """The parts of a message that tell of a person, by their place: every class with this Bsn, and what stands in it.

    In a message that does not fit its schema it may be spelled or stand otherwise; any other number is no Bsn.
    """
    document = read(xml, len(xml))
    if isinstance(document, Unreadable):
        return {}
    about: dict[str, str] = {}
    for element in document.root.iter("{*}*"):
        if (element.text or "").strip() == bsn and "bsn" in local_name(element).lower():
            parent = element.getparent()
            whole = element if parent is None or parent is document.root else parent
            about[_place(whole)] = etree.tostring(whole, encoding="unicode", with_tail=False)
    return about


def _place(element: etree._Element) -> str:
    """Where an element stands, as findings have it, but without an index on what is the first of its name."""
    steps = []
    for one in (element, *element.iterancestors()):
        name = local_name(one)
        before = sum(1 for _ in one.itersiblings(f"{{*}}{name}", preceding=True))
        steps.append(f"{name}[{before + 1}]" if before else name)
    return "/" + "/".join(reversed(steps))


def _is_of_another(pad: str, places: Iterable[str]) -> bool:
    """Whether it lies in the part of somebody else: beside one of this person, under the same name."""
    for place in places:
        beside = re.match(re.escape(_INDEX.sub("", place)) + r"(\[\d+\])?(?=/|$)", pad.replace("[1]", ""))
        if beside is not None and beside[0] not in places:
            return True
    return False


def _told(gateway: Gateway, message: Message, parts: Mapping[str, str]) -> dict[str, Any]:
    with gateway.database.reading() as transaction:
        events = messages.events_of(transaction, message.id)
        found = [
            {"oordeel": nr, **{name: getattr(one, name) for name in _FINDING}}
            for nr in range(1, message.judgements + 1)
            for one in messages.findings_of(transaction, message.id, nr)
            if not _is_of_another(one.pad, parts)
        ]
        replayed = persons.replays_of(transaction, message.id)
    return {
        **{name: getattr(message, name) for name in _TOLD},
        "over_u": list(parts.values()),
        "bevindingen": found,
        "gebeurtenissen": [{"at": one.at, "event": one.event, "actor": one.actor} for one in events],
        "herbeoordelingen": replayed,
    }
