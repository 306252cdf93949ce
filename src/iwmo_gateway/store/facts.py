"""Facts of messages that count as sent: loading what a message must be judged against, and adding what it makes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from iwmo_gateway.rules.historie import Historie, Levering, Stop
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.standard.berichten import Bericht, Leveringsbericht, Toewijzingsbericht, Verzoekbericht
from iwmo_gateway.standard.leveringen import Startbericht, Stopbericht
from iwmo_gateway.standard.verzoeken import Antwoordbericht, Wijzigingsbericht
from iwmo_gateway.store import allocations, claims, deliveries, requests
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Message

_TOGETHER: Final = frozenset({"contract-samen", "contract-perceel"})
"""Rules that hold a 301 against everything else that its client was allocated."""


def load_historie(
    transaction: Transaction, message: Message, bericht: Bericht, known: Historie, regels: frozenset[str] = frozenset()
) -> Historie:
    """What earlier messages left that this one can touch, in a few queries whatever its size.

    `regels` are the rules that the municipality's contracts have: what only they ask is loaded for them. `known` is
    what the gateway knows by itself: who the clients are, and whether the identification is used. What the message
    left, if it counted before, is not in it: so it can be judged again as if it came now.
    """
    key = _key(message)
    if isinstance(bericht, Antwoordbericht):
        return replace(known, verzoeken=requests.load(transaction, key, [bericht.antwoord.referentie_aanbieder]))
    if isinstance(bericht, Toewijzingsbericht):
        return _for_allocation(transaction, key, bericht, known, regels)
    if isinstance(bericht, Leveringsbericht):
        client, asked = _client(bericht, known), isinstance(bericht, Startbericht) and "contract-levering" in regels
        delivered = deliveries.asked(transaction, key, client)
        toewijzingen = allocations.versions_of(transaction, key, bericht.toewijzing_nummers)
        toegewezen_op = allocations.first_received(transaction, key, bericht.toewijzing_nummers) if asked else {}
        starts, stops = delivered()
        return replace(known, toegewezen_op=toegewezen_op, toewijzingen=toewijzingen, starts=starts, stops=stops)
    if isinstance(bericht, Verzoekbericht):
        return _for_request(transaction, key, bericht, known)
    starts, stops = frozenset[Levering](), tuple[Stop, ...]()
    if "contract-opzegging" in regels:
        starts, stops = deliveries.load_all(transaction, key, known.clienten.values())
    return replace(
        known,
        starts=starts,
        stops=stops,
        toewijzingen=allocations.versions_of(transaction, key, bericht.toewijzing_nummers),
        bekend=allocations.known_clients(transaction, key, known.clienten.values()),
        declaraties=claims.load(transaction, key, bericht),
    )


def add_facts(
    transaction: Transaction,
    message: Message,
    bericht: Bericht,
    historie: Historie,
    settlement: Settlement | None,
    birth: bytes | None,
) -> None:
    """Keep what a message that counts makes; `settlement` is what became of a claim, `birth` the encrypted birth date
    of a 301's client.

    Raises StoreConflict if another message changed one of these allocations since `historie` was loaded, or was first
    to use a number.
    """
    key = _key(message)
    if isinstance(bericht, Toewijzingsbericht):
        allocations.add(transaction, key, bericht, historie, birth)
    elif isinstance(bericht, Startbericht):
        deliveries.add_starts(transaction, key, bericht, _client(bericht, historie))
    elif isinstance(bericht, Stopbericht):
        deliveries.add_stops(transaction, key, bericht, _client(bericht, historie))
    elif isinstance(bericht, Verzoekbericht):
        requests.add_requests(transaction, key, bericht, historie)
    elif isinstance(bericht, Antwoordbericht):
        requests.add_answer(transaction, key, bericht)
    elif settlement is not None:
        claims.add(transaction, key, bericht, historie, settlement)


def take_back(transaction: Transaction, message: Message) -> None:
    """Undo what a message left: it counts as not sent after all."""
    allocations.take_back(transaction, message.id)
    deliveries.take_back(transaction, message.id)
    requests.take_back(transaction, message.id)
    claims.take_back(transaction, message.id)


def _for_allocation(
    transaction: Transaction,
    key: Mapping[str, Any],
    bericht: Toewijzingsbericht,
    known: Historie,
    regels: frozenset[str],
) -> Historie:
    products = bericht.toegewezen_producten
    removed = [
        product.toewijzing_nummer
        for product in products
        if product.reden_wijziging == "13" and product.toewijzing_nummer is not None
    ]
    references = [product.referentie_aanbieder for product in products if product.referentie_aanbieder is not None]
    return replace(
        known,
        toewijzingen=allocations.versions_of(transaction, key, bericht.toewijzing_nummers),
        naast=allocations.newest_of_client(transaction, key, _client(bericht, known)) if regels & _TOGETHER else (),
        goedgekeurde_regels=claims.open_lines(transaction, key, removed),
        verzoeken=requests.load(transaction, key, references),
    )


def _for_request(
    transaction: Transaction, key: Mapping[str, Any], bericht: Verzoekbericht, known: Historie
) -> Historie:
    client = _client(bericht, known)
    loaded = replace(
        known,
        verzoeken=requests.load(transaction, key, bericht.referenties),
        open_verzoeken=requests.open_of(transaction, key, client),
    )
    if not isinstance(bericht, Wijzigingsbericht):
        return loaded
    numbers = {*bericht.toewijzing_nummers, *allocations.numbers_of(transaction, key, client)}
    return replace(
        loaded,
        toewijzingen=allocations.versions_of(transaction, key, numbers),
        bekend=allocations.known_clients(transaction, key, known.clienten.values()),
    )


def _client(bericht: Toewijzingsbericht | Leveringsbericht | Verzoekbericht, historie: Historie) -> bytes:
    return bytes.fromhex(historie.clienten[bericht.client.bsn])


def _key(message: Message) -> dict[str, Any]:
    """What the facts that a message can touch have in common with it."""
    return {
        "id": message.id,
        "domain": message.domain,
        "soort": message.soort,
        "gemeente": message.gemeente,
        "aanbieder": message.aanbieder,
    }
