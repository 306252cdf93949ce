"""One allocation with all that became of it: versions, deliveries, claims, and every message about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from iwmo_gateway.contract.afspraken import Contractregel
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.terms import end_of_month
from iwmo_gateway.contract.volumes import (
    ToegewezenOmvang,
    comparable,
    explained_in_all,
    judged_period,
    most_in,
    most_in_all,
)
from iwmo_gateway.gateway import results, states
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.payments import profielen_between
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.rules.margins import MARGE, margin_of
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import SOORTEN, Domain
from iwmo_gateway.store import care
from iwmo_gateway.store.care import Periode, Versie
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.search import Search
from iwmo_gateway.store.states import ALLE
from iwmo_gateway.store.states_of_care import (
    LeveringFeit,
    ToewijzingFeit,
    WantedLeveringen,
    WantedToewijzingen,
    read_leveringen,
    read_toewijzingen,
)
from iwmo_gateway.store.states_of_claims import RegelFeit, WantedRegels, read_regels

SHOWN: Final = 50
"""How many deliveries, lines and messages are told of one allocation; lists have the others."""
_PER_MONTH: Final = frozenset({"1", "2", "3", "4"})


@dataclass(frozen=True, slots=True)
class Maand:
    """A month of an allocation, in what volumes under it are compared in (`comparable`); `bedrag` in euro cents.

    `ruimte` is what may still be claimed, with the margin of the contract where it has one. It and `toegewezen` are
    None where nothing is allocated for a month by itself. `aangehouden` is the part of `gedeclareerd` that is held.
    """

    eerste: date
    toegewezen: int | None
    gedeclareerd: int
    aangehouden: int
    ruimte: int | None
    bedrag: int


@dataclass(frozen=True, slots=True)
class Verloop:
    """An allocation against what is claimed of it: by month of one year, and in all.

    Volumes as in `Maand`, of allocations in `eenheid`; amounts in euro cents. `uitleg` is the sum behind the most that
    may be claimed in all (`hoogstens`), None where there is none.
    """

    jaar: int
    eerste_jaar: int
    laatste_jaar: int
    maanden: tuple[Maand, ...]
    eenheid: str | None
    hoogstens: int | None
    uitleg: str | None
    gedeclareerd: int
    bedrag: int
    marge: Contractregel | None
    profiel: Profiel | None


@dataclass(frozen=True, slots=True)
class Toewijzing:
    """An allocation, and what became of it as far as the caller may see."""

    feit: ToewijzingFeit
    versies: tuple[Versie, ...]
    leveringen: tuple[LeveringFeit, ...]
    regels: tuple[RegelFeit, ...]
    berichten: tuple[Result, ...]
    verloop: Verloop


def of_number(gateway: Gateway, caller: Caller, domein: Domain, gemeente: str, nummer: int) -> list[ToewijzingFeit]:
    """The allocations that have or had this number, in the order in which they came; none that the caller may not see.

    A number that was freed may be another allocation's later.
    """
    wanted = WantedToewijzingen(domein=domein, gemeente=gemeente, toewijzing_nummer=nummer, staat=ALLE)
    return states.find(gateway, caller, read_toewijzingen, wanted, after=None, limit=SHOWN).facts


def followed(gateway: Gateway, caller: Caller, feit: ToewijzingFeit, jaar: int | None) -> Toewijzing:
    """What became of an allocation that the caller may see; claims by month of a year, or of the newest one."""
    of_it: dict[str, Any] = {
        "gemeente": feit.gemeente,
        "aanbieder": feit.aanbieder,
        "domein": feit.domein,
        "toewijzing_nummer": feit.toewijzing_nummer,
    }
    deliveries = WantedLeveringen(**of_it, staat=ALLE)
    about = Search(toewijzing_nummer=feit.toewijzing_nummer, party=feit.gemeente)
    leveringen = states.find(gateway, caller, read_leveringen, deliveries, after=None, limit=SHOWN).facts
    regels = states.find(gateway, caller, read_regels, WantedRegels(**of_it), after=None, limit=SHOWN).facts
    found = results.search(gateway, caller, about, before=None, limit=SHOWN)
    with gateway.database.reading() as transaction:
        versies = care.versions(transaction, feit.key, caller.party)
        verloop = _verloop_of(transaction, feit, jaar, day_of(caller.at))
    return Toewijzing(
        feit=feit,
        versies=tuple(versies),
        leveringen=tuple(leveringen),
        regels=tuple(regels),
        # A number is unique in a domain only.
        berichten=tuple(one for one in found if one.message.domain == feit.domein),
        verloop=verloop,
    )


@dataclass(frozen=True, slots=True)
class Regel:
    """A claim line with what it takes back or is taken back by, its allocation, and how that stands in its year."""

    feit: RegelFeit
    tegenhanger: RegelFeit | None
    toewijzing: ToewijzingFeit | None
    verloop: Verloop | None


def line(gateway: Gateway, caller: Caller, nr: int) -> Regel | None:
    """The claim line with this number; None where there is none that the caller may see."""
    found = states.find(gateway, caller, read_regels, WantedRegels(nr=nr), after=None, limit=1).facts
    if not found:
        return None
    feit = found[0]
    toewijzing, verloop = None, None
    if feit.toewijzing_nummer is not None:
        known = of_number(gateway, caller, Domain(feit.domein), feit.gemeente, feit.toewijzing_nummer)
        own = [one for one in known if one.aanbieder == feit.aanbieder]
        within = [one for one in own if one.ingangsdatum <= feit.begindatum <= (one.einddatum or feit.begindatum)]
        toewijzing = next(iter(within[-1:] or own[-1:]), None)
    if toewijzing is not None:
        with gateway.database.reading() as transaction:
            verloop = _verloop_of(transaction, toewijzing, feit.begindatum.year, day_of(caller.at))
    return Regel(feit, _counterpart(gateway, caller, feit), toewijzing, verloop)


def _counterpart(gateway: Gateway, caller: Caller, feit: RegelFeit) -> RegelFeit | None:
    """Of a credit the debit that it takes back, of a debit the credit that took it back."""
    for source in feit.berichten:
        if source.rol == "creditering":
            wanted = WantedRegels(declaratie=source.id, vorig_referentie_nummer=feit.referentie_nummer)
        elif source.rol == "gecrediteerde_declaratie":
            wanted = WantedRegels(declaratie=source.id, referentie_nummer=feit.vorig_referentie_nummer)
        else:
            continue
        return next(iter(states.find(gateway, caller, read_regels, wanted, after=None, limit=1).facts), None)
    return None


def meanings(gateway: Gateway, domein: str, soort: str, element: str) -> dict[str, str]:
    """What the codes of an element mean in the standard, of every release that has the kind (`301`)."""
    found: dict[str, str] = {}
    for known in (one for one in SOORTEN.values() if one.code == f"{domein.upper()}{soort}"):
        for path, facts in gateway.schemas.classes(known).items():
            if path[-1] == element and facts.value is not None:
                found |= facts.value.codes
    return found


def _verloop_of(transaction: Transaction, feit: ToewijzingFeit, jaar: int | None, today: date) -> Verloop:
    between = feit.domein, feit.gemeente, feit.aanbieder
    profielen = profielen_between(transaction, [between])[between]
    return _verloop(feit, care.claimed(transaction, feit.key), profielen, jaar, today)


def _verloop(
    feit: ToewijzingFeit, geclaimd: Sequence[Periode], profielen: Iterable[Profiel], jaar: int | None, today: date
) -> Verloop:
    first = min(feit.ingangsdatum, *(one.begindatum for one in geclaimd)) if geclaimd else feit.ingangsdatum
    until = max(feit.einddatum or max(today, first), first, *(one.begindatum for one in geclaimd), date.min)
    jaar = min(max(today.year if jaar is None else jaar, first.year), until.year)
    unit = feit.eenheid or next((one.eenheid for one in geclaimd), None)
    volumes = {(one.begindatum, one.einddatum): 0 for one in geclaimd}
    for one in geclaimd:
        volumes[one.begindatum, one.einddatum] += _compared(unit, one.eenheid, one.volume)
    omvang = _omvang(feit)
    held = [profiel for profiel in profielen if profiel.vanaf.year <= jaar <= profiel.tot_en_met.year]
    months = [
        date(jaar, month, 1)
        for month in range(1, 13)
        if (first.year, first.month) <= (jaar, month) <= (until.year, until.month)
    ]
    most = most_in_all(omvang) if omvang else None
    profiel = next((one for one in held if any(map(one.holds_on, months))), None)
    regel = profiel.regel(MARGE) if profiel else None
    return Verloop(
        jaar=jaar,
        eerste_jaar=first.year,
        laatste_jaar=until.year,
        maanden=tuple(_maand(month, unit, omvang, geclaimd, volumes, held) for month in months),
        eenheid=unit,
        hoogstens=None if most is None or unit is None else _compared(unit, unit, most),
        uitleg=explained_in_all(omvang) if omvang else None,
        gedeclareerd=sum(volumes.values()),
        bedrag=sum(one.bedrag for one in geclaimd),
        marge=regel,
        profiel=profiel,
    )


def _maand(
    first: date,
    unit: str | None,
    omvang: ToegewezenOmvang | None,
    geclaimd: Iterable[Periode],
    volumes: Mapping[tuple[date, date], int],
    profielen: Iterable[Profiel],
) -> Maand:
    own = [one for one in geclaimd if (one.begindatum.year, one.begindatum.month) == (first.year, first.month)]
    claimed = sum(_compared(unit, one.eenheid, one.volume) for one in own)
    most, room = None, None
    if omvang is not None and omvang.frequentie in _PER_MONTH:
        found = most_in(omvang, judged_period(omvang, first, end_of_month(first)))
        most = None if found is None else _compared(omvang.eenheid, omvang.eenheid, found)
        room = None if most is None else max(most - claimed, 0)
        day = max(first, omvang.ingangsdatum)
        regel = next((one.regel(MARGE) for one in profielen if one.holds_on(day)), None)
        margin = margin_of(regel, omvang, volumes, day, 0) if regel else None
        if margin is not None:
            room = max(margin.run.room, 0)
    return Maand(
        eerste=first,
        toegewezen=most,
        gedeclareerd=claimed,
        aangehouden=sum(_compared(unit, one.eenheid, one.aangehouden) for one in own),
        ruimte=room,
        bedrag=sum(one.bedrag for one in own),
    )


def _omvang(feit: ToewijzingFeit) -> ToegewezenOmvang | None:
    """What the newest version allocates; None where it allocates no volume."""
    if feit.volume is None or feit.eenheid is None or feit.frequentie is None:
        return None
    return ToegewezenOmvang(
        volume=feit.volume,
        eenheid=feit.eenheid,
        frequentie=feit.frequentie,
        ingangsdatum=feit.ingangsdatum,
        einddatum=feit.einddatum,
        categorie=feit.categorie,
        domain=Domain(feit.domein),
    )


def _compared(toegewezen: str | None, eenheid: str, volume: int) -> int:
    return comparable(toegewezen or eenheid, eenheid, volume)
