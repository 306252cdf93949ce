"""Facts of requests (315, 317), and of the answers to them (319)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, delete, exists, insert, select

from iwmo_gateway.rules.historie import Aanvraag, Historie
from iwmo_gateway.standard.berichten import Verzoekbericht
from iwmo_gateway.standard.verzoeken import REFUSED, Antwoordbericht
from iwmo_gateway.store.database import Transaction, among, listed
from iwmo_gateway.store.tables import antwoorden, toewijzing_versies, toewijzingen, verzoeken

_ALLOCATED: Final = exists().where(
    toewijzing_versies.c.toewijzing == toewijzingen.c.id,
    toewijzing_versies.c.aanbieder == verzoeken.c.aanbieder,
    toewijzing_versies.c.referentie_aanbieder == verzoeken.c.referentie,
    toewijzing_versies.c.message != bindparam("id"),
    toewijzingen.c.domain == verzoeken.c.domain,
    toewijzingen.c.gemeente == verzoeken.c.gemeente,
)
_REFUSED: Final = exists().where(
    *(antwoorden.c[name] == verzoeken.c[name] for name in ("domain", "gemeente", "aanbieder", "referentie")),
    antwoorden.c.antwoord == REFUSED,
    antwoorden.c.message != bindparam("id"),
)
_OTHERS: Final = (verzoeken.c.message != bindparam("id"), verzoeken.c.domain == bindparam("domain"))


# Made once: building a statement anew for every message costs more than running it.
_BY_REFERENCE: Final = {
    dialect: select(verzoeken.c.referentie, verzoeken.c.gemeente, verzoeken.c.client, _ALLOCATED).where(
        *_OTHERS, verzoeken.c.aanbieder == bindparam("aanbieder"), verzoeken.c.holds_reference, named
    )
    for dialect, named in among(verzoeken.c.referentie, "referenties").items()
}
_ANSWERS: Final = {
    dialect: select(antwoorden.c.referentie, antwoorden.c.gemeente, antwoorden.c.antwoord)
    .where(
        antwoorden.c.domain == bindparam("domain"),
        antwoorden.c.aanbieder == bindparam("aanbieder"),
        antwoorden.c.message != bindparam("id"),
        named,
    )
    .order_by(antwoorden.c.id)
    for dialect, named in among(antwoorden.c.referentie, "referenties").items()
}
_OPEN: Final = select(verzoeken.c.referentie).where(
    *_OTHERS,
    *(verzoeken.c[name] == bindparam(name) for name in ("client", "gemeente", "aanbieder")),
    ~_ALLOCATED,
    ~_REFUSED,
)
_INSERT_REQUESTS: Final = insert(verzoeken)
_INSERT_ANSWER: Final = insert(antwoorden)


def load(transaction: Transaction, key: Mapping[str, Any], references: Iterable[str]) -> dict[str, Aanvraag]:
    """The requests of this provider in this domain with these references, and what became of them."""
    wanted = sorted(set(references))
    if not wanted:
        return {}
    dialect, values = transaction.dialect.name, {**key, "referenties": listed(transaction, wanted)}
    answers: dict[tuple[str, str], tuple[str, ...]] = {}
    for reference, gemeente, answer in transaction.execute(_ANSWERS[dialect], values):
        answers[reference, gemeente] = (*answers.get((reference, gemeente), ()), answer)
    return {
        reference: Aanvraag(
            reference, gemeente, bytes(client).hex(), answers.get((reference, gemeente), ()), bool(allocated)
        )
        for reference, gemeente, client, allocated in transaction.execute(_BY_REFERENCE[dialect], values)
    }


def open_of(transaction: Transaction, key: Mapping[str, Any], client: bytes) -> frozenset[str]:
    """The references of this provider's requests to this municipality for a client that are open."""
    return frozenset(transaction.scalars(_OPEN, {**key, "client": client}))


def add_requests(transaction: Transaction, key: Mapping[str, Any], bericht: Verzoekbericht, historie: Historie) -> None:
    """Keep the requests of a 315 or 317. Raises StoreConflict where another was first to use a reference."""
    own = {**_own(key), "client": bytes.fromhex(historie.clienten[bericht.client.bsn])}
    rows = [
        {**own, "referentie": reference, "holds_reference": reference not in historie.verzoeken}
        for reference in bericht.referenties
    ]
    transaction.execute(_INSERT_REQUESTS, rows)


def add_answer(transaction: Transaction, key: Mapping[str, Any], bericht: Antwoordbericht) -> None:
    """Keep the answer of a 319."""
    antwoord = bericht.antwoord
    told = {"referentie": antwoord.referentie_aanbieder, "antwoord": antwoord.verzoek_antwoord}
    transaction.execute(_INSERT_ANSWER, {**_own(key), **told})


def _own(key: Mapping[str, Any]) -> dict[str, Any]:
    return {"message": key["id"], **{name: key[name] for name in ("domain", "gemeente", "aanbieder")}}


def take_back(transaction: Transaction, message_id: str) -> None:
    """Undo what a 315, 317 or 319 left."""
    for table in (verzoeken, antwoorden):
        transaction.execute(delete(table).where(table.c.message == message_id))
