"""The contract's deadlines for claims: when a line must be in, until when a correction is taken up, and which month is
the last after a stop.

A care period is a calendar month. No rule here touches a credit: taking back is never late.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from iwmo_gateway.contract.afspraken import Contractregel
from iwmo_gateway.contract.terms import end_of_month
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie, Levering, Stop, newest_stop
from iwmo_gateway.standard.declaraties import Claim, Factuurbericht, Prestatie

deadlines: Final = Level("deadlines", frozenset({4}))


@deadlines.rule("contract-maand", berichten="303")
def declaratie_per_maand(bericht: Factuurbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De declaratieperiode is een kalendermaand, zoals het contract wil."""
    period = bericht.header.declaratie_periode
    profiel = bronnen.profiel_on(period.begindatum)
    regel = profiel.regel("contract-maand") if profiel else None
    first, last = period.begindatum.replace(day=1), end_of_month(period.begindatum)
    if regel is not None and period.days != (first, last):
        yield Fault(bericht.header, f"DeclaratiePeriode {first} t/m {last}", f"DeclaratiePeriode {period}", regel)


@deadlines.rule("contract-indienen", berichten="323 303")
def op_tijd_ingediend(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """De regel komt binnen de termijn van het contract na afloop van de zorgperiode binnen."""
    for prestatie, regel in _under(bericht, bronnen, "contract-indienen"):
        last = end_of_month(prestatie.product_periode.einddatum, regel.maanden or 0)
        yield from _late(prestatie, regel, last, bronnen)


@deadlines.rule("contract-vervallen", berichten="323 303")
def nog_niet_vervallen(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """De regel komt voordat de gemeente hem volgens het contract niet meer in behandeling neemt."""
    for prestatie, regel in _under(bericht, bronnen, "contract-vervallen"):
        last = end_of_month(prestatie.product_periode.einddatum, regel.maanden or 0)
        yield from _late(prestatie, regel, last, bronnen)


@deadlines.rule("contract-correctie", berichten="323 303")
def correctie_op_tijd(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """Een nieuwe debetregel voor wat al eerder is gedeclareerd, komt binnen de termijn van het contract."""
    for prestatie, regel in _under(bericht, bronnen, "contract-correctie"):
        if _claimed_before(prestatie, historie):
            last = end_of_month(prestatie.product_periode.einddatum) + timedelta(weeks=regel.weken or 0)
            yield from _late(prestatie, regel, last, bronnen)


@deadlines.rule("contract-opzegging", berichten="323 303")
def niet_na_laatste_maand(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """De regel gaat niet over een later tijdvak dan de eerste volledige kalendermaand zonder zorg na een stop."""
    starts, stops = defaultdict[int | None, list[Levering]](list), defaultdict[int | None, list[Stop]](list)
    for start in historie.starts:
        starts[start.toewijzing_nummer].append(start)
    for one in historie.stops:
        stops[one.levering.toewijzing_nummer].append(one)
    for prestatie, regel in _under(bericht, bronnen, "contract-opzegging"):
        number = prestatie.toewijzing_nummer
        stop = None if number is None else _stopped(prestatie, starts[number], stops[number])
        if stop is None:
            continue
        last, end = end_of_month(stop.einddatum, 1), prestatie.product_periode.einddatum
        if end > last:
            kind = "tijdelijk gestopt" if stop.temporary else "gestopt"
            yield Fault(
                prestatie,
                f"een productperiode tot en met {last}: de zorg is {kind} op {stop.einddatum}, de eerste volledige "
                "maand erna is de laatste",
                f"{prestatie.product_periode}",
                regel,
            )


def _stopped(prestatie: Prestatie, starts: Iterable[Levering], stops: Sequence[Stop]) -> Stop | None:
    """The stop after which a line's allocation was not delivered any more up to the end of the line; None without one.

    `starts` and `stops` are those of the allocation. A delivery that began on a later day says nothing of the line; one
    that runs does away with every stop before it.
    """
    end = prestatie.product_periode.einddatum
    if any(start.begindatum <= end and newest_stop(stops, start) is None for start in starts):
        return None
    before = (stop for stop in stops if stop.levering.begindatum <= end)
    return max(before, key=lambda stop: stop.einddatum, default=None)


def _under(bericht: Claim, bronnen: Bronnen, name: str) -> Iterator[tuple[Prestatie, Contractregel]]:
    """The debits to which a rule of the contract of their day applies."""
    for prestatie in bericht.debetregels:
        profiel = bronnen.profiel_on(prestatie.product_periode.begindatum)
        if profiel is not None and (regel := profiel.regel(name)) is not None:
            yield prestatie, regel


def _late(prestatie: Prestatie, regel: Contractregel, last: date, bronnen: Bronnen) -> Faults:
    if bronnen.ontvangen > last:
        yield Fault(prestatie, f"ontvangen op of voor {last}", f"ontvangen op {bronnen.ontvangen}", regel)


def _claimed_before(prestatie: Prestatie, historie: Historie) -> bool:
    """Whether an earlier claim had this allocation, product and period, credited since or not."""
    if prestatie.toewijzing_nummer is None:
        return False
    key = (prestatie.product_categorie, prestatie.product_code, *prestatie.product_periode.days)
    return any(
        (one.categorie, one.code, one.begindatum, one.einddatum) == key
        for one in historie.declaraties.geclaimd.get(prestatie.toewijzing_nummer, ())
    )
