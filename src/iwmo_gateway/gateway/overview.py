"""How things stand for who asks: what came in over some days and what became of it, and what waits now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from iwmo_gateway.contract import terms
from iwmo_gateway.gateway import openstaand
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.openstaand import Asked, Zaak
from iwmo_gateway.gateway.standing import limits_of
from iwmo_gateway.standard.days import AMSTERDAM, day_of
from iwmo_gateway.store import overview, reviews, watching
from iwmo_gateway.store.answering import Answered, Answering, Day
from iwmo_gateway.store.overview import Received, Wanted
from iwmo_gateway.store.watching import Amount, Unjudged

MOST: Final = 100
"""Up to how many of each sort that is overdue are counted."""
_RULES: Final = 10
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """What came in from one day up to and with another. The day of each row counts from 0.

    `newest` is the day of the newest message, where nothing came in.
    """

    days: Sequence[date]
    received: Sequence[Received]
    refusals: Sequence[tuple[str, int]]
    answers: Sequence[tuple[int, Answered, int]]
    newest: date | None


@dataclass(frozen=True, slots=True)
class Now:
    """What waits now: unjudged messages, unfetched ones by party and age, held lines by when due, and what is overdue.

    `reviews` is None for a provider, who decides on none. `overdue` counts up to `MOST` of each sort.
    """

    unjudged: Sequence[Unjudged]
    unfetched: Mapping[tuple[str, str], Amount]
    reviews: Mapping[str, int] | None
    overdue: Mapping[Zaak, int]


def period(gateway: Gateway, caller: Caller, first: date, last: date, today: date) -> Period:
    """What came in on these days, of what the caller may see, and what became of it by today."""
    days = _days(first, last)
    wanted = Wanted([_day(day) for day in days], caller.party, caller.limited_to)
    with gateway.database.reading() as transaction:
        received = overview.received(transaction, wanted)
        newest = None if received else overview.newest(transaction, caller.party, caller.limited_to)
        return Period(
            days,
            received,
            overview.refusals(transaction, wanted, _RULES),
            overview.answers(transaction, wanted, today),
            None if newest is None else day_of(newest),
        )


def now(gateway: Gateway, caller: Caller, at: datetime) -> Now:
    """What waits now, of what the caller may see: of mailboxes its own, of held lines those that it decides on."""
    today = day_of(at)
    tomorrow = terms.add_working_days(today, 1)
    claim, other = (limits_of(term, today, tomorrow) for term in (terms.CLAIM, terms.RETURN))
    large = gateway.settings.sync_limit_bytes
    party, domains = caller.party, caller.limited_to
    overdue = {}
    for zaak in Zaak:
        found, _ = openstaand.waiting(gateway, caller, Asked(zaak, te_laat=True), today, after=None, limit=MOST)
        overdue[zaak] = len(found)
    with gateway.database.reading() as transaction:
        held = None
        if party is None or len(party) == 4:
            held = reviews.counted(transaction, today, tomorrow, gemeente=party, domains=domains)
        return Now(
            watching.unjudged(transaction, large, claim, other, party=party, domains=domains),
            watching.unfetched(transaction, at - _DAY, at - 7 * _DAY, party=party, domains=domains),
            held,
            overdue,
        )


def answers_of(told: Period) -> Counter[tuple[date, Answered]]:
    """How many messages of each day are answered, in time or not, and how many are not yet."""
    return Counter({(told.days[day], became): number for day, became, number in told.answers})


def answering(first: date, last: date, today: date, became: Answered) -> Answering:
    """A search for the messages of these days of whose answers this became by now."""
    return Answering([_day(day) for day in _days(first, last)], today, became)


def due(day: date, *, claim: bool) -> date:
    """The last day on which what came in on a day is answered in time."""
    return (terms.CLAIM if claim else terms.RETURN).due(day)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _day(day: date) -> Day:
    claim, other = due(day, claim=True), due(day, claim=False)
    return Day(_begin(day), _begin(day + _DAY), claim, _begin(claim + _DAY), other, _begin(other + _DAY))


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), AMSTERDAM)
