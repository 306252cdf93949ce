"""Facts of claims: what was asked, which lines were approved, and what is claimed of each allocation."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from iwmo_gateway.rules.credits import as_regel
from iwmo_gateway.rules.declaraties import Declaraties, EerdereRegel, Geclaimd, Regel
from iwmo_gateway.rules.historie import Historie
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.standard.declaraties import Claim, Prestatie
from iwmo_gateway.store.database import Transaction, among, bulk_insert, listed, values_of
from iwmo_gateway.store.tables import declaraties, prestaties

# Made once: building a statement anew for every message costs more than running it.
_REGEL: Final = [field.name for field in fields(Regel)]
_CLIENT: Final = _REGEL.index("client")
_OF_PROVIDER: Final = ("domain", "soort", "aanbieder")
_ANY: Final = 2**62
"""Beyond every number that was given out."""


def _booked_before(table: FromClause, own: FromClause) -> ColumnElement[bool]:
    """What was booked before the message, or at all if it was not: later claims do not change how it is seen."""
    first = select(func.min(own.c.id)).where(own.c.message == bindparam("id")).scalar_subquery()
    return table.c.id < func.coalesce(first, _ANY)


_credit: Final = prestaties.alias("credit_regel")
_CREDITED: Final = exists().where(
    *(_credit.c[name] == prestaties.c[name] for name in _OF_PROVIDER),
    _credit.c.vorig_referentie_nummer == prestaties.c.referentie_nummer,
    _credit.c.credit,
    _credit.c.approved,
    _booked_before(_credit, prestaties.alias("own_regel")),
)
_LINES: Final = {
    dialect: select(
        prestaties.c.referentie_nummer,
        prestaties.c.credit,
        prestaties.c.approved,
        _CREDITED,
        prestaties.c.held,
        *(prestaties.c[name] for name in _REGEL),
    ).where(
        *(prestaties.c[name] == bindparam(name) for name in _OF_PROVIDER),
        one_of_them,
        prestaties.c.holds_reference,
        _booked_before(prestaties, prestaties.alias("own_regel")),
    )
    for dialect, one_of_them in among(prestaties.c.referentie_nummer, "referenties").items()
}
_SIGN: Final = case((prestaties.c.credit, -1), else_=1)
_PERIOD: Final = [prestaties.c[name] for name in ("categorie", "code", "begindatum", "einddatum", "eenheid")]
_CLAIMED: Final = {
    dialect: select(
        prestaties.c.toewijzing_nummer,
        *_PERIOD,
        func.sum(_SIGN * prestaties.c.volume).cast(BigInteger),
        func.sum(_SIGN * prestaties.c.bedrag).cast(BigInteger),
        func.sum(case((prestaties.c.bedrag > 0, _SIGN), else_=0)),
    )
    .where(
        *(prestaties.c[name] == bindparam(name) for name in ("domain", "gemeente", "aanbieder")),
        or_(prestaties.c.approved, prestaties.c.held),
        numbered,
        _booked_before(prestaties, prestaties.alias("own_regel")),
    )
    .group_by(prestaties.c.toewijzing_nummer, *_PERIOD)
    for dialect, numbered in among(prestaties.c.toewijzing_nummer, "nummers").items()
}
_BEFORE: Final = _booked_before(declaraties, declaraties.alias("own_declaratie"))
_OWN: Final = [declaraties.c[name] == bindparam(name) for name in _OF_PROVIDER]
_NUMBER_AND_LATEST: Final = select(
    exists().where(*_OWN, _BEFORE, declaraties.c.declaratie_nummer == bindparam("declaratie_nummer")),
    select(func.max(declaraties.c.begindatum))
    .where(*_OWN, _BEFORE, declaraties.c.gemeente == bindparam("gemeente"))
    .scalar_subquery(),
)
_INSERT: Final = insert(declaraties)
_HELD: Final = update(prestaties).where(prestaties.c.message == bindparam("message_id"), prestaties.c.held)
_REFUSE: Final = {
    dialect: _HELD.where(one_of_them).values(held=False)
    for dialect, one_of_them in among(prestaties.c.referentie_nummer, "refused").items()
}
_APPROVE: Final = _HELD.values(held=False, approved=True)
_APPROVED: Final = (
    update(declaraties).where(declaraties.c.message == bindparam("message_id")).values(toegekend=bindparam("approved"))
)


def load(transaction: Transaction, key: Mapping[str, Any], bericht: Claim) -> Declaraties:
    """What earlier claims left that this one can touch: three queries, whatever its size.

    `key` holds id, domain, soort, gemeente and aanbieder of the message.
    """
    number = {"declaratie_nummer": bericht.declaratie.declaratie_nummer}
    used, latest = transaction.execute(_NUMBER_AND_LATEST, {**key, **number}).one()
    return Declaraties(
        nummer_used=bool(used),
        latest=latest,
        regels=_lines(transaction, key, bericht),
        geclaimd=_claimed(transaction, key, bericht.toewijzing_nummers),
    )


def open_lines(transaction: Transaction, key: Mapping[str, Any], numbers: Iterable[int]) -> dict[int, int]:
    """How many approved or held lines each of these allocations has, less credited ones; those without are left out."""
    claimed = _claimed(transaction, key, numbers)
    counted = {number: sum(one.regels for one in found) for number, found in claimed.items()}
    return {number: lines for number, lines in counted.items() if lines}


def add(
    transaction: Transaction, key: Mapping[str, Any], bericht: Claim, historie: Historie, settlement: Settlement
) -> None:
    """Keep a claim that counts and all its lines: approved, refused or held.

    Raises StoreConflict where another claim was first to use one of its numbers, or to credit the same line.
    """
    declaratie, period = bericht.declaratie, bericht.declaratie.declaratie_periode
    own = {"message": key["id"], **{name: key[name] for name in ("domain", "soort", "gemeente", "aanbieder")}}
    transaction.execute(
        _INSERT,
        {
            **own,
            "declaratie_nummer": declaratie.declaratie_nummer,
            "begindatum": period.begindatum,
            "einddatum": period.einddatum,
            "ingediend": settlement.ingediend,
            "toegekend": settlement.toegekend,
        },
    )
    # In one order everywhere: two claims that use each other's numbers would each wait for the other.
    booked = sorted(_booked(bericht, historie, settlement), key=lambda one: one.prestatie.referentie)
    bulk_insert(transaction, prestaties, (_row(own, one) for one in booked))


@dataclass(frozen=True, slots=True)
class _Booked:
    """A line as it is booked; `client` is the hash of its client."""

    prestatie: Prestatie
    client: str
    client_nr: int
    regel_nr: int
    approved: bool
    held: bool
    holds_reference: bool


def _row(own: Mapping[str, Any], one: _Booked) -> dict[str, Any]:
    prestatie = one.prestatie
    return {
        **values_of(as_regel(prestatie, one.client, own["gemeente"])),
        **own,
        "client": bytes.fromhex(one.client),
        "referentie_nummer": prestatie.referentie,
        "vorig_referentie_nummer": prestatie.vorige,
        "credit": prestatie.is_credit,
        "approved": one.approved,
        "held": one.held,
        "holds_reference": one.holds_reference,
        "client_nr": one.client_nr,
        "regel_nr": one.regel_nr,
    }


def _booked(bericht: Claim, historie: Historie, settlement: Settlement) -> Iterator[_Booked]:
    used = set(historie.declaraties.regels)
    credited = {number for number, regel in historie.declaraties.regels.items() if regel.credited}
    for client_nr, client in enumerate(bericht.clienten, 1):
        hashed = historie.clienten[client.bsn]
        for regel_nr, prestatie in enumerate(client.prestaties, 1):
            # A line is taken back once, also where its municipality approves a second credit.
            again = prestatie.is_credit and prestatie.vorige in credited
            held = prestatie.pad in settlement.held
            approved = prestatie.pad not in settlement.refused and not held and not again
            fresh = prestatie.referentie not in used
            yield _Booked(prestatie, hashed, client_nr, regel_nr, approved, held, fresh)
            used.add(prestatie.referentie)
            if approved and prestatie.is_credit and prestatie.vorige is not None:
                credited.add(prestatie.vorige)


def _lines(transaction: Transaction, key: Mapping[str, Any], bericht: Claim) -> dict[str, EerdereRegel]:
    named = {prestatie.referentie for prestatie in bericht.prestaties}
    named |= {prestatie.vorige for prestatie in bericht.prestaties if prestatie.vorige is not None}
    values = {**key, "referenties": listed(transaction, sorted(named))}
    found = {}
    for number, credit, approved, credited, held, *regel in transaction.execute(
        _LINES[transaction.dialect.name], values
    ):
        regel[_CLIENT] = bytes(regel[_CLIENT]).hex()
        found[number] = EerdereRegel(Regel(*regel), bool(credit), bool(approved), bool(credited), held=bool(held))
    return found


def _claimed(
    transaction: Transaction, key: Mapping[str, Any], numbers: Iterable[int]
) -> dict[int, tuple[Geclaimd, ...]]:
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    found: dict[int, list[Geclaimd]] = {}
    values = {**key, "nummers": listed(transaction, wanted)}
    for number, *claimed in transaction.execute(_CLAIMED[transaction.dialect.name], values):
        found.setdefault(number, []).append(Geclaimd(*claimed))
    return {number: tuple(claimed) for number, claimed in found.items()}


def settle(transaction: Transaction, message_id: str, *, toegekend: int, refused: Iterable[str]) -> None:
    """Nothing of a claim is held any more: of its held lines these ReferentieNummers are refused, all others approved.

    `toegekend` is what is approved of the whole claim now. The lines keep their places: later claims saw them there.
    """
    of_it = {"message_id": message_id}
    transaction.execute(_REFUSE[transaction.dialect.name], {**of_it, "refused": listed(transaction, refused)})
    transaction.execute(_APPROVE, of_it)
    transaction.execute(_APPROVED, {**of_it, "approved": toegekend})


def take_back(transaction: Transaction, message_id: str) -> None:
    """Undo what a claim left."""
    for table in (prestaties, declaraties):
        transaction.execute(delete(table).where(table.c.message == message_id))
