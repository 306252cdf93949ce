"""What the parties of one island send each other: rounds of one client each, in which everything that can race does.

An island is two municipalities and two providers that have to do with each other and with nobody else, so that its
books can be checked by themselves.
"""

import random
import threading
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from typing import Final

from bench.traffic import BSNS

from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import load_codelists
from tests.acceptance.campaign.clients import Software
from tests.claims import Line, Terms, allocation, claim, month
from tests.conftest import TODAY
from tests.integration.test_http_builders import start

HOURS: Final = 24
"""What a client is allocated, in all. Two claims of a round ask more than that together."""
BEGIN: Final = date(2022, 1, 1)
FIRST: Final = Terms(volume=HOURS, frequentie="6", begin=BEGIN)


@dataclass(frozen=True)
class Island:
    """Its parties."""

    nr: int
    gemeente: str
    other_gemeente: str
    aanbieder: str
    other_aanbieder: str

    @property
    def parties(self) -> tuple[str, ...]:
        return self.gemeente, self.other_gemeente, self.aanbieder, self.other_aanbieder


def islands(number: int) -> list[Island]:
    """So many of them, with municipalities that exist."""
    known = load_codelists(shipped("codelists"))
    codes = [f"{code:04}" for code in range(1, 2000)]
    codes = [code for code in codes if known.knows_gemeente(code, [TODAY.date()])]
    return [
        Island(nr, codes[2 * nr], codes[2 * nr + 1], f"4200{2 * nr:04}", f"4200{2 * nr + 1:04}") for nr in range(number)
    ]


@dataclass
class Story:
    """The rounds of one island. Numbers are used once, but where two messages race for one."""

    island: Island
    software: Software
    chance: random.Random

    def tell_until(self, stop: threading.Event, most: int) -> None:
        for nr in range(most):
            if stop.is_set():
                return
            self._round(nr)

    def _round(self, nr: int) -> None:
        numbers = Numbers(self.island.nr, nr)
        ours = self.island
        terms = replace(FIRST, nummer=numbers.toewijzing, bsn=numbers.bsn)
        begun = start_of(numbers, ours)
        if self.chance.random() < 0.3:
            # It comes before its allocation: refused, and right when it is repeated.
            self.software.send(ours.aanbieder, begun)
        self._allocations(numbers, terms)
        self.software.send(ours.aanbieder, begun)
        self._versions(numbers, terms)
        self._one_number_for_two(numbers, terms)
        self._claims(numbers, terms)

    def _allocations(self, numbers: "Numbers", terms: Terms) -> None:
        """Two different allocations under one Identificatie; what is refused gets a number of its own."""
        ours, used = self.island, numbers.next("T")
        other = replace(terms, nummer=numbers.toewijzing + 1, code="02A19")
        bodies = [self._301(terms, used), self._301(other, used)]
        said = self.software.at_once("identification", *((ours.gemeente, body) for body in bodies))
        for one, status in zip((terms, other), said, strict=True):
            if status == "rejected":
                self.software.send(ours.gemeente, self._301(one, numbers.next("T")))
        # And the same bytes at both doors.
        self.software.at_once("same bytes", *[(ours.gemeente, self._301(terms, numbers.next("T")))] * 2)
        there = self._301(replace(terms, nummer=numbers.toewijzing), numbers.next("T"), gemeente=ours.other_gemeente)
        self.software.send(ours.other_gemeente, there)

    def _versions(self, numbers: "Numbers", terms: Terms) -> None:
        """Two later versions of one allocation at once, which leave its volume as it is: the newest one holds."""
        later = [replace(terms, end=terms.end, made_at=terms.made_at + timedelta(days=nr)) for nr in (1, 2)]
        sent = [(self.island.gemeente, self._301(one, numbers.next("T"))) for one in later]
        self.chance.shuffle(sent)
        self.software.at_once("allocation version", *sent)

    def _one_number_for_two(self, numbers: "Numbers", terms: Terms) -> None:
        """One ToewijzingNummer for two providers at once: one of them has it."""
        one = replace(terms, nummer=numbers.toewijzing + 2, code="02A03")
        ours = self.island
        bodies = [
            self._301(one, numbers.next("T"), aanbieder=aanbieder)
            for aanbieder in (ours.aanbieder, ours.other_aanbieder)
        ]
        self.software.at_once("allocation number", *((ours.gemeente, body) for body in bodies))

    def _claims(self, numbers: "Numbers", terms: Terms) -> None:
        """Two claims that are too much together, one line number for two municipalities, one credit asked twice."""
        ours, send = self.island, self.software
        lines = [hours(numbers, terms, nr, 15) for nr in (0, 1)]
        send.at_once("volume", *((ours.aanbieder, self._323(numbers, one)) for one in lines))
        shared = hours(numbers, terms, 2, 2)
        nummer = numbers.next("D")
        both = [
            self._323(numbers, shared, gemeente=code, nummer=nummer) for code in (ours.gemeente, ours.other_gemeente)
        ]
        send.at_once("line", *((ours.aanbieder, body) for body in both))
        small = hours(numbers, terms, 3, 1)
        if send.send(ours.aanbieder, self._323(numbers, small)) == "accepted":
            undone = [replace(small, referentie=numbers.next("R"), vorige=small.referentie) for _ in range(2)]
            send.at_once("credit", *((ours.aanbieder, self._323(numbers, one)) for one in undone))
        send.send(ours.aanbieder, self._323(numbers, *(hours(numbers, terms, nr, 1) for nr in range(4, 10))))

    def _301(self, terms: Terms, identificatie: str, *, gemeente: str = "", aanbieder: str = "") -> bytes:
        return allocation(
            terms,
            identificatie=identificatie,
            gemeente=gemeente or self.island.gemeente,
            aanbieder=aanbieder or self.island.aanbieder,
        )

    def _323(self, numbers: "Numbers", *lines: Line, gemeente: str = "", nummer: str = "") -> bytes:
        return claim(
            *lines,
            identificatie=numbers.next("B"),
            nummer=nummer or numbers.next("D"),
            gemeente=gemeente or self.island.gemeente,
            aanbieder=self.island.aanbieder,
        )


class Numbers:
    """Numbers that no other round uses."""

    def __init__(self, island: int, nr: int) -> None:
        self.bsn = BSNS[(island * 400 + nr) % len(BSNS)]
        self.toewijzing = 1_000_000 + island * 1_000_000 + nr * 10
        self._stem = f"{island:02}{nr:04}"
        self._count = count()

    def next(self, kind: str) -> str:
        return f"{kind}{self._stem}{next(self._count):03}"


def hours(numbers: Numbers, terms: Terms, nr: int, volume: int) -> Line:
    """A line for a month of its own, from January 2022 on."""
    begin, end = month(date(2022, 1 + nr, 1))
    return Line(numbers.next("R"), nummer=terms.nummer, begin=begin, end=end, volume=volume, bsn=terms.bsn)


def start_of(numbers: Numbers, island: Island) -> bytes:
    """The 305 on the first allocation of a round."""
    begin = BEGIN.isoformat()
    return start(
        numbers.next("S"),
        numbers.toewijzing,
        Bsn=numbers.bsn,
        Afzender=island.aanbieder,
        Ontvanger=island.gemeente,
        ToewijzingIngangsdatum=begin,
        Begindatum=begin,
    )
