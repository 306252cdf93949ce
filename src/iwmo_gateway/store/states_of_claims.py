"""The state of every claim and claim line, with the messages that made it so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import CompoundSelect, FromClause, Select, and_, case, exists, func, literal, not_, select, union_all

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.states import (
    ALLE,
    Condition,
    Key,
    Source,
    Wanted,
    behind,
    changed_since,
    equal,
    links_of,
    of_parties,
    sources,
)
from iwmo_gateway.store.tables import declaraties, findings, judgements, messages, numbers, prestaties

RegelStaat = Literal["goedgekeurd", "afgekeurd", "gecrediteerd", "aangehouden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDeclaraties(Wanted):
    """What may be asked of claims."""

    soort: str | None = None
    declaratie_nummer: str | None = None
    periode_vanaf: date | None = None
    periode_tot_en_met: date | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRegels(Wanted):
    """What may be asked of claim lines. `declaratie` is the message that holds them, `nr` the number of one line."""

    nr: int | None = None
    soort: str | None = None
    declaratie: str | None = None
    toewijzing_nummer: int | None = None
    referentie_nummer: str | None = None
    vorig_referentie_nummer: str | None = None
    product_categorie: str | None = None
    product_code: str | None = None
    staat: str = ALLE


@dataclass(frozen=True, slots=True)
class DeclaratieFeit:
    """A claim that counts, with the number of its lines by state. Amounts in euro cents, signed."""

    key: Key
    id: str
    domein: str
    gemeente: str
    aanbieder: str
    soort: str
    declaratie_nummer: str
    begindatum: date
    einddatum: date
    status: str
    ingediend: int
    toegekend: int
    regels: dict[RegelStaat, int]
    berichten: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Reden:
    """Why a line is refused or held, or what a signal tells of it or its client."""

    regel: str
    retourcode: str | None
    tekst: str
    verwacht: str | None
    gevonden: str | None
    actie: str
    artikel: str | None


@dataclass(frozen=True, slots=True)
class RegelFeit:
    """A claim line. Amounts in euro cents; of a credit `bedrag` and `btw` are below zero."""

    key: Key
    declaratie: str
    declaratie_nummer: str
    domein: str
    gemeente: str
    aanbieder: str
    soort: str
    referentie_nummer: str
    vorig_referentie_nummer: str | None
    toewijzing_nummer: int | None
    categorie: str
    code: str
    begindatum: date
    einddatum: date
    volume: int
    eenheid: str
    tarief: int | None
    bedrag: int
    btw: int
    credit: bool
    staat: RegelStaat
    berichten: tuple[Source, ...]
    redenen: tuple[Reden, ...]


_credit: Final = prestaties.alias("credit_line")
_debit: Final = prestaties.alias("debit_line")
_answered: Final = messages.alias("answered")


def _takes_back(credit: FromClause, debit: FromClause) -> tuple[Any, ...]:
    """The credit was approved, and takes back the debit."""
    return (
        *(credit.c[name] == debit.c[name] for name in ("domain", "soort", "gemeente", "aanbieder")),
        credit.c.vorig_referentie_nummer == debit.c.referentie_nummer,
        credit.c.credit,
        credit.c.approved,
        debit.c.approved,
        debit.c.holds_reference,
        not_(debit.c.credit),
    )


_REGEL_STAAT: Final = case(
    (prestaties.c.held, "aangehouden"),
    (not_(prestaties.c.approved), "afgekeurd"),
    (exists().where(*_takes_back(_credit, prestaties)).correlate(prestaties), "gecrediteerd"),
    else_="goedgekeurd",
)
_DECLARATIES: Final = (
    select(
        declaraties.c.id,
        *(
            declaraties.c[name]
            for name in (
                "message", "domain", "gemeente", "aanbieder", "soort", "declaratie_nummer", "begindatum", "einddatum",
            )
        ),
        messages.c.status,
        declaraties.c.ingediend,
        declaraties.c.toegekend,
    )
    .join_from(declaraties, messages, messages.c.id == declaraties.c.message)
    .order_by(declaraties.c.id)
)  # fmt: skip
_SIGN: Final = case((prestaties.c.credit, -1), else_=1)
# A provider's or municipality's claims are found by an index, and so are the lines of each: lines need none by party.
_REGELS: Final = (
    select(
        declaraties.c.id,
        prestaties.c.id,
        declaraties.c.message,
        declaraties.c.declaratie_nummer,
        *(
            prestaties.c[name]
            for name in (
                "domain", "gemeente", "aanbieder", "soort", "referentie_nummer", "vorig_referentie_nummer",
                "toewijzing_nummer", "categorie", "code", "begindatum", "einddatum", "volume", "eenheid", "tarief",
            )
        ),
        _SIGN * prestaties.c.bedrag,
        _SIGN * prestaties.c.btw,
        prestaties.c.credit,
        prestaties.c.client_nr,
        prestaties.c.regel_nr,
        _REGEL_STAAT,
    )
    .join_from(declaraties, prestaties, prestaties.c.message == declaraties.c.message)
    .order_by(declaraties.c.id, prestaties.c.id)
)  # fmt: skip


def _answers_to(table: FromClause, condition: Condition) -> Select[Any]:
    """The answers that hold to the messages of these claims or lines."""
    return (
        select(table.c.id, table.c.id, judgements.c.retour, literal("antwoord"))
        .join_from(table, _answered, _answered.c.id == table.c.message)
        .join(judgements, and_(judgements.c.message == _answered.c.id, judgements.c.nr == _answered.c.judgements))
        .where(condition(table.c.id, judgements.c.retour))
    )


def _made_claims(condition: Condition) -> CompoundSelect[Any]:
    fact, rol = declaraties.c.id.label("fact"), literal("declaratie").label("rol")
    credited = (
        select(fact, declaraties.c.id, _credit.c.message, literal("creditering"))
        .join_from(declaraties, _debit, _debit.c.message == declaraties.c.message)
        .join(_credit, and_(*_takes_back(_credit, _debit)))
        .where(condition(declaraties.c.id, _credit.c.message))
        .distinct()
    )
    return union_all(
        select(fact, declaraties.c.id.label("row"), declaraties.c.message, rol).where(
            condition(declaraties.c.id, declaraties.c.message)
        ),
        _answers_to(declaraties, condition),
        credited,
    )


def _made_lines(condition: Condition) -> CompoundSelect[Any]:
    def of(line: FromClause, other: FromClause, rol: str) -> Select[Any]:
        between = _takes_back(_credit, _debit)
        return (
            select(line.c.id, line.c.id, other.c.message, literal(rol))
            .join_from(line, other, and_(*between))
            .where(condition(line.c.id, other.c.message))
        )

    own = select(
        prestaties.c.id.label("fact"),
        prestaties.c.id.label("row"),
        prestaties.c.message,
        literal("declaratie").label("rol"),
    ).where(condition(prestaties.c.id, prestaties.c.message))
    return union_all(
        own,
        _answers_to(prestaties, condition),
        of(_debit, _credit, "creditering"),
        of(_credit, _debit, "gecrediteerde_declaratie"),
    )


def read_declaraties(
    transaction: Transaction, wanted: WantedDeclaraties, *, after: Key | None, limit: int
) -> list[DeclaratieFeit]:
    """Claims that match, in the order in which they were booked, those behind the key `after`."""
    conditions = of_parties(wanted, declaraties.c)
    conditions += equal(declaraties.c, {"soort": wanted.soort, "declaratie_nummer": wanted.declaratie_nummer})
    conditions += equal(messages.c, {"status": wanted.status})
    if wanted.periode_vanaf is not None:
        conditions.append(declaraties.c.begindatum >= wanted.periode_vanaf)
    if wanted.periode_tot_en_met is not None:
        conditions.append(declaraties.c.einddatum <= wanted.periode_tot_en_met)
    if wanted.gewijzigd_sinds is not None:
        conditions.append(declaraties.c.id.in_(changed_since(_made_claims, wanted.gewijzigd_sinds)))
    conditions += behind(after, declaraties.c.id)
    rows = transaction.execute(_DECLARATIES.where(*conditions).limit(limit)).all()
    made = links_of(transaction, _made_claims, [row[0] for row in rows], wanted.seen_by)
    counted = _counted(transaction, [row[1] for row in rows])
    found = []
    for identity, message, *said in rows:
        told = (message, *said, counted.get(message, {}), sources(made.get((identity,), []), "declaratie"))
        found.append(DeclaratieFeit((identity,), *told))
    return found


def read_regels(transaction: Transaction, wanted: WantedRegels, *, after: Key | None, limit: int) -> list[RegelFeit]:
    """Claim lines that match, in the order in which their claims were booked, those behind the key `after`."""
    asked = {
        "id": wanted.nr,
        "toewijzing_nummer": wanted.toewijzing_nummer,
        "referentie_nummer": wanted.referentie_nummer,
        "vorig_referentie_nummer": wanted.vorig_referentie_nummer,
        "categorie": wanted.product_categorie,
        "code": wanted.product_code,
    }
    conditions = [*of_parties(wanted, declaraties.c), *equal(prestaties.c, asked)]
    conditions += equal(declaraties.c, {"soort": wanted.soort, "message": wanted.declaratie})
    if wanted.toewijzing_nummer is not None:
        about_it = select(numbers.c.message).where(numbers.c.toewijzing_nummer == wanted.toewijzing_nummer)
        conditions.append(declaraties.c.message.in_(about_it))
    if wanted.staat != ALLE:
        conditions.append(_REGEL_STAAT.in_([wanted.staat]))
    if wanted.gewijzigd_sinds is not None:
        conditions.append(prestaties.c.id.in_(changed_since(_made_lines, wanted.gewijzigd_sinds)))
    conditions += behind(after, declaraties.c.id, prestaties.c.id)
    rows = transaction.execute(_REGELS.where(*conditions).limit(limit)).all()
    made = links_of(transaction, _made_lines, [row[1] for row in rows], wanted.seen_by)
    places = {row[1]: _places(row[7], row[-3], row[-2]) for row in rows}
    reasons = _reasons(transaction, {row[2] for row in rows}, {pad for pads in places.values() for pad in pads})
    found = []
    for claim, line, *said, _, _, staat in rows:
        rol = "creditering" if staat == "gecrediteerd" else "declaratie"
        why = tuple(reason for pad in places[line] for reason in reasons.get((said[0], pad), ()))
        told = (*said, staat, sources(made.get((line,), []), rol), why)
        found.append(RegelFeit((claim, line), *told))
    return found


def _places(soort: str, client_nr: int | None, regel_nr: int | None) -> tuple[str, ...]:
    """The paths of a line's client and of the line itself, in its claim; none where they were not noted."""
    if client_nr is None or regel_nr is None:
        return ()
    above = "/Bericht/Clienten" if soort.endswith("303") else "/Bericht/Declaratie/Clienten"
    client = f"{above}/Client[{client_nr}]"
    return client, f"{client}/Prestaties/Prestatie[{regel_nr}]"


def _reasons(
    transaction: Transaction, claims: Iterable[str], places: Iterable[str]
) -> dict[tuple[str, str], list[Reden]]:
    """What the newest judgements of these claims found in these places."""
    query = (
        select(findings.c.message, findings.c.pad, *(findings.c[name] for name in Reden.__slots__))
        .join_from(
            findings, messages, and_(messages.c.id == findings.c.message, messages.c.judgements == findings.c.judgement)
        )
        .where(findings.c.message.in_(sorted(claims)), findings.c.pad.in_(sorted(places)))
        .order_by(findings.c.nr)
    )
    found: dict[tuple[str, str], list[Reden]] = {}
    for message, pad, *reason in transaction.execute(query):
        found.setdefault((message, pad), []).append(Reden(*reason))
    return found


def _counted(transaction: Transaction, claims: Iterable[str]) -> dict[str, dict[RegelStaat, int]]:
    """How many lines each claim has by state."""
    query = (
        select(prestaties.c.message, _REGEL_STAAT.label("staat"), func.count())
        .where(prestaties.c.message.in_(list(claims)))
        .group_by(prestaties.c.message, "staat")
    )
    found: dict[str, dict[RegelStaat, int]] = {}
    for message, staat, lines in transaction.execute(query):
        found.setdefault(message, {})[staat] = lines
    return found
