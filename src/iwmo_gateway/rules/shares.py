"""Sharing out: which debit lines fit what was allocated, after every other check and after the credits.

The right lines of a claim are taken in their order; each that fits is added to what is claimed, so that one at fault
takes nothing from a right one. The rules below only tell what the sharing found.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final

from iwmo_gateway.contract.volumes import (
    Period,
    ToegewezenOmvang,
    comparable,
    explained,
    explained_in_all,
    judged_period,
    most_in,
    most_in_all,
    quantity,
)
from iwmo_gateway.rules.credits import credits_of
from iwmo_gateway.rules.declaraties import Geclaimd
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie, Toewijzing
from iwmo_gateway.rules.lines import linked
from iwmo_gateway.rules.margins import MARGE, Margin, margin_of
from iwmo_gateway.standard.declaraties import Claim, Factuurbericht, Prestatie
from iwmo_gateway.standard.kinds import Domain

shares: Final = Level("shares", frozenset({3, 4}))

_EUROCENT: Final = "83"


@dataclass(frozen=True, slots=True)
class Measure:
    """A line against a most: what may be claimed, how that was arrived at, what is claimed, and what the line adds.

    All in what volumes under an allocation in `unit` are compared in: minutes for time.
    """

    most: int
    explain: Callable[[], str]
    claimed: int
    asked: int
    unit: str

    @property
    def exceeded(self) -> bool:
        """The line does not fit any more. One that asks nothing always fits, also where too much is claimed already."""
        return self.asked > 0 and self.claimed + self.asked > self.most

    def texts(self, of: str) -> tuple[str, str]:
        """Expected and found, in Dutch, with the sum behind them: allocated, claimed before, left, and claimed now."""
        left, claimed, asked = (
            quantity(amount, self.unit) for amount in (max(self.most - self.claimed, 0), self.claimed, self.asked)
        )
        return f"ten hoogste {left} {of}: {self.explain()}, waarvan {claimed} al gedeclareerd", asked


@dataclass(frozen=True, slots=True)
class Share:
    """How one debit line stands to its allocation: a second debit, and against volume and budget; None if not asked.

    Where the contract has a margin, `margin` takes the place of `period`.
    """

    prestatie: Prestatie
    doubled: bool
    period: Measure | None
    margin: Margin | None
    whole: Measure | None
    budget: Measure | None


def share_out(bericht: Claim, historie: Historie, bronnen: Bronnen, refused: frozenset[str]) -> tuple[Share, ...]:
    """Hold the debit lines that nothing else refuses against what is claimed, in their order.

    `refused` are the paths of lines that are refused already: debits of them are not asked, and credits of them take
    nothing back.
    """
    books = _Books(bericht.soort.domain, historie, bronnen)
    for _, credit in credits_of(bericht):
        if credit.pad not in refused and credit.toewijzing_nummer is not None:
            books.add(credit.toewijzing_nummer, credit, sign=-1)
    found = []
    for prestatie, toewijzing in linked(bericht, historie):
        if prestatie.pad in refused:
            continue
        share = books.share(prestatie, toewijzing)
        found.append(share)
        # In a 303 a second debit is told, but not refused.
        doubled = share.doubled and not isinstance(bericht, Factuurbericht)
        too_much = any(measure and measure.exceeded for measure in (share.period, share.whole, share.budget))
        if share.margin is not None and share.margin.exceeded:
            too_much = too_much or share.margin.regel.retourcode(bericht.soort.release) is not None
        if not doubled and not too_much:
            books.add(toewijzing.nummer, prestatie, sign=1)
    return tuple(found)


@shares.rule("TR389", berichten="323 303")
def periode_niet_eerder_gedeclareerd(bericht: Claim, verdeling: Iterable[Share]) -> Faults:
    """Voor de toewijzing, het product en de periode is nog niets gedeclareerd dat niet gecrediteerd is."""
    for share in verdeling:
        prestatie = share.prestatie
        if share.doubled:
            yield Fault(
                prestatie,
                "eerst een creditregel voor de eerdere debetregel",
                f"een tweede debetregel voor ToewijzingNummer {prestatie.toewijzing_nummer}, "
                f"{prestatie.product_code}, {prestatie.product_periode}",
            )


@shares.rule("TR321", berichten="323 303")
def volume_past_in_periode(bericht: Claim, verdeling: Iterable[Share]) -> Faults:
    """Het geleverde volume past in wat voor de periode is toegewezen."""
    for share in _not_doubled(bericht, verdeling):
        if share.period and share.period.exceeded:
            yield Fault(share.prestatie, *share.period.texts("in deze periode"))


@shares.rule(MARGE, berichten="323 303")
def volume_past_in_marge(bericht: Claim, verdeling: Iterable[Share]) -> Faults:
    """Het geleverde volume past in wat voor aaneengesloten maanden van het kalenderjaar samen is toegewezen."""
    for share in _not_doubled(bericht, verdeling):
        if share.margin and share.margin.exceeded:
            yield Fault(share.prestatie, *share.margin.texts(), share.margin.regel)


@shares.rule("TR322", berichten="323 303")
def volume_past_in_toewijzing(bericht: Claim, verdeling: Iterable[Share]) -> Faults:
    """De som van de geleverde volumes past in wat over de hele toewijzing is toegewezen."""
    for share in _not_doubled(bericht, verdeling):
        if share.whole and share.whole.exceeded:
            yield Fault(share.prestatie, *share.whole.texts("over de hele toewijzing"))


@shares.rule("TR369", berichten="323")
def bedrag_past_in_budget(bericht: Claim, verdeling: Iterable[Share]) -> Faults:
    """De som van de gedeclareerde bedragen past in het budget van de toewijzing."""
    for share in _not_doubled(bericht, verdeling):
        if share.budget and share.budget.exceeded:
            yield Fault(share.prestatie, *share.budget.texts("van het budget"))


def _not_doubled(bericht: Claim, verdeling: Iterable[Share]) -> Iterator[Share]:
    """The lines that may take volume: a second debit of a 323 is refused before that."""
    return (share for share in verdeling if not share.doubled or isinstance(bericht, Factuurbericht))


@dataclass(slots=True)
class _Account:
    """What is claimed of one allocation: volume by the period of the lines, and in all; amount; debits by their key."""

    volumes: Counter[Period] = field(default_factory=Counter)
    volume: int = 0
    bedrag: int = 0
    debits: Counter[tuple[str, str, date, date]] = field(default_factory=Counter)

    def volume_beside(self, own: Period, months: Period) -> int:
        """The volume of the lines that share a day with a line's own period, or lie in its months."""
        return sum(
            volume
            for (first, last), volume in self.volumes.items()
            if (first <= own[1] and last >= own[0]) or (first >= months[0] and last <= months[1])
        )

    def book(self, claimed: Geclaimd, volume: int) -> None:
        """Add what is claimed, or take it off where it is negative; `volume` as volumes are compared here."""
        if volume:
            self.volumes[claimed.begindatum, claimed.einddatum] += volume
        self.volume += volume
        self.bedrag += claimed.bedrag
        self.debits[claimed.categorie, claimed.code, claimed.begindatum, claimed.einddatum] += claimed.regels


@dataclass(slots=True)
class _Books:
    """What is claimed of each allocation, as the lines of the message are added or taken off."""

    domain: Domain
    historie: Historie
    bronnen: Bronnen
    accounts: dict[int, _Account] = field(default_factory=dict)

    def share(self, prestatie: Prestatie, toewijzing: Toewijzing) -> Share:
        """Hold a line against what its allocation leaves."""
        account = self._account(toewijzing.nummer)
        key = (prestatie.product_categorie, prestatie.product_code, *prestatie.product_periode.days)
        period, margin, whole = self._volumes(prestatie, toewijzing, account)
        budget = None
        if toewijzing.budget is not None:
            told = partial(quantity, toewijzing.budget, _EUROCENT)
            budget = Measure(toewijzing.budget, told, account.bedrag, prestatie.ingediend.bedrag, _EUROCENT)
        return Share(prestatie, account.debits[key] > 0, period, margin, whole, budget)

    def add(self, nummer: int, prestatie: Prestatie, *, sign: int) -> None:
        """Book a line that is approved: a debit (1) adds, a credit (-1) takes off."""
        claimed = Geclaimd(
            prestatie.product_categorie,
            prestatie.product_code,
            *prestatie.product_periode.days,
            prestatie.eenheid,
            sign * prestatie.geleverd_volume,
            sign * prestatie.ingediend.bedrag,
            sign if prestatie.ingediend.bedrag else 0,
        )
        self._book(self._account(nummer), nummer, claimed)

    def _volumes(
        self, prestatie: Prestatie, toewijzing: Toewijzing, account: _Account
    ) -> tuple[Measure | None, Margin | None, Measure | None]:
        """A line against the volume for its months or the contract's margin, and for the whole allocation.

        In 3.2 its period is a month. In 2.3 it may be four weeks, or half a month: a line of four weeks does not take
        what the ones before and after it asked, and two halves do not take a month's volume twice.
        """
        if toewijzing.volume is None or toewijzing.eenheid is None or toewijzing.frequentie is None:
            return None, None, None
        omvang = ToegewezenOmvang(
            volume=toewijzing.volume,
            eenheid=toewijzing.eenheid,
            frequentie=toewijzing.frequentie,
            ingangsdatum=toewijzing.ingangsdatum,
            einddatum=toewijzing.einddatum,
            categorie=toewijzing.categorie or prestatie.product_categorie,
            domain=self.domain,
        )
        unit = omvang.eenheid
        asked = comparable(unit, prestatie.eenheid, prestatie.geleverd_volume)
        begin, end = prestatie.product_periode.days
        margin = self._margin(omvang, account, begin, asked)
        period = self._period(omvang, account, (begin, end), asked) if margin is None else None
        whole, in_all = None, most_in_all(omvang)
        if in_all is not None:
            whole = Measure(
                comparable(unit, unit, in_all), partial(explained_in_all, omvang), account.volume, asked, unit
            )
        return period, margin, whole

    def _period(self, omvang: ToegewezenOmvang, account: _Account, own: Period, asked: int) -> Measure | None:
        unit, months = omvang.eenheid, judged_period(omvang, *own)
        most = most_in(omvang, months)
        if most is None:
            return None
        claimed = account.volume_beside(own, months)
        return Measure(comparable(unit, unit, most), partial(explained, omvang, months), claimed, asked, unit)

    def _margin(self, omvang: ToegewezenOmvang, account: _Account, day: date, asked: int) -> Margin | None:
        profiel = self.bronnen.profiel_on(day)
        regel = profiel.regel(MARGE) if profiel else None
        return margin_of(regel, omvang, account.volumes, day, asked) if regel else None

    def _account(self, nummer: int) -> _Account:
        if nummer not in self.accounts:
            account = self.accounts[nummer] = _Account()
            for claimed in self.historie.declaraties.geclaimd.get(nummer, ()):
                self._book(account, nummer, claimed)
        return self.accounts[nummer]

    def _book(self, account: _Account, nummer: int, claimed: Geclaimd) -> None:
        newest = self.historie.newest.get(nummer)
        unit = newest.eenheid if newest is not None else None
        account.book(claimed, comparable(unit or claimed.eenheid, claimed.eenheid, claimed.volume))
