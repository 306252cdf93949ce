"""What an allocation allows: the most that may be claimed for a period and in all, and how that was arrived at.

Everything is counted by formula, never day by day: an allocation may run for ages, and a message may name any date.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from iwmo_gateway.standard.kinds import Domain

Period = tuple[date, date]
"""The first and the last day, both included. One that ends before it begins holds no day."""

_MINUUT, _UUR, _ZONDER_MAAT = "01", "04", "81"
_OUTPUT: Final = frozenset({"82", "83"})
_PER_WEEK, _PER_JAAR, _TOTAAL = "2", "5", "6"

_EENHEDEN: Final = {
    "01": ("minuut", "minuten"),
    "04": ("uur", "uur"),
    "14": ("etmaal", "etmalen"),
    "16": ("dagdeel", "dagdelen"),
    "21": ("week", "weken"),
    "81": ("tijdsonafhankelijk", "tijdsonafhankelijk"),
    "82": ("stuk", "stuks"),
    "83": ("eurocent", "eurocent"),
    "84": ("stuk", "stuks"),
}


@dataclass(frozen=True, slots=True)
class ToegewezenOmvang:
    """The Omvang of one version of an allocation, with what its size depends on beside it.

    `volume` in `eenheid`, which for 83 is euro cents; `categorie` as far as the allocation names one.
    """

    volume: int
    eenheid: str
    frequentie: str
    ingangsdatum: date
    einddatum: date | None
    categorie: str | None
    domain: Domain


def judged_period(omvang: ToegewezenOmvang, begin: date, end: date) -> Period:
    """The part of the allocation that a line with this ProductPeriode is held against (TR321).

    The calendar months that it touches, or the calendar years for Frequentie 5, cut off by the allocation's own period.
    Holds no day if the ProductPeriode ends before it begins, or lies in other months than the allocation.
    """
    if end < begin:
        return begin, end
    if omvang.frequentie == _PER_JAAR:
        first, last = date(begin.year, 1, 1), date(end.year, 12, 31)
    else:
        first, last = begin.replace(day=1), end.replace(day=monthrange(end.year, end.month)[1])
    own_first, own_last = _own_period(omvang)
    return max(first, own_first), min(last, own_last)


def most_in(omvang: ToegewezenOmvang, period: Period) -> int | None:
    """The most that may be claimed for a `judged_period`, in the allocation's unit (TR321).

    0 for a period without a day. None for unit 81, which has no size.
    """
    if omvang.eenheid == _ZONDER_MAAT:
        return None
    return _most(omvang, *_counted_for_line(omvang, period))


def most_in_all(omvang: ToegewezenOmvang) -> int | None:
    """The most that may be claimed over the whole allocation, in its own unit (TR322).

    None where there is none: for unit 81, and without an end date unless the volume is a total (Frequentie 6).
    """
    if omvang.eenheid == _ZONDER_MAAT or _endless(omvang):
        return None
    return _most(omvang, *_counted(omvang, _own_period(omvang)))


def explained(omvang: ToegewezenOmvang, period: Period) -> str:
    """How `most_in` was arrived at, in Dutch: "5 weken × 4 uur = 20 uur"."""
    if omvang.eenheid == _ZONDER_MAAT:
        return _SIZELESS
    return _text(omvang, *_counted_for_line(omvang, period))


def explained_in_all(omvang: ToegewezenOmvang) -> str:
    """How `most_in_all` was arrived at, in Dutch: "13 weken × 3 uur = 39 uur"."""
    if omvang.eenheid == _ZONDER_MAAT:
        return _SIZELESS
    if _endless(omvang):
        return "geen maximum: de toewijzing heeft geen einddatum"
    return _text(omvang, *_counted(omvang, _own_period(omvang)))


def fits(toegewezen: str, gedeclareerd: str) -> bool:
    """Whether a claim may be in this unit under an allocation in that one: hours may be claimed in minutes (TR341)."""
    return gedeclareerd == toegewezen or (toegewezen, gedeclareerd) == (_UUR, _MINUUT)


def comparable(toegewezen: str, eenheid: str, volume: int) -> int:
    """A volume in `eenheid` in what volumes under an allocation in unit `toegewezen` are compared in (TR321, TR322).

    Minutes under an allocation of time, the volume itself under any other. Serves both sides: what was claimed, by its
    own unit, and `most_in` or `most_in_all`, by the allocation's. Hours count as 60 under an allocation in minutes as
    well: a newer version of it may have another unit than what was claimed before.
    """
    return volume * 60 if eenheid == _UUR and toegewezen in (_UUR, _MINUUT) else volume


def quantity(compared: int, toegewezen: str) -> str:
    """A volume as `comparable` makes it, told in Dutch in the allocation's unit (TR321, TR322).

    730 under an allocation in hours is "12 uur en 10 minuten".
    """
    if toegewezen != _UUR:
        return _in_unit(compared, toegewezen)
    hours, minutes = divmod(compared, 60)
    if not minutes:
        return _in_unit(hours, _UUR)
    return f"{_in_unit(hours, _UUR)} en {_in_unit(minutes, _MINUUT)}" if hours else _in_unit(minutes, _MINUUT)


def unit_name(eenheid: str) -> str:
    """The Dutch name of a unit of the standard's code list, for texts (TR341): "minuten" for 01."""
    return _EENHEDEN[eenheid][1]


def per_unit(eenheid: str) -> str:
    """What a tariff is for, in Dutch, for texts (TR418): "per uur" for 04."""
    return f"per {_EENHEDEN[eenheid][0]}"


class _Grondslag(Enum):
    """What the volume is granted for: the text of the sum, and the counted thing's name, one and several."""

    NIETS = ("geen dag binnen de toewijzing: {meeste}", "", "")
    DAG = ("{aantal} × {volume} = {meeste}", "dag", "dagen")
    WEEK = ("{aantal} × {volume} = {meeste}", "week", "weken")
    ZONDAG = ("{aantal} × {volume} = {meeste}", "zondag", "zondagen")
    ZONDAG_EN_REST = ("({aantal} + 1) × {volume} = {meeste}", "zondag", "zondagen")
    ZONDER_ZONDAG = ("geen zondag in de hele toewijzing: {meeste}", "", "")
    VIER_WEKEN = ("{aantal} × {volume} / 4, naar boven afgerond = {meeste}", "week", "weken")
    MAAND = ("{aantal} × {volume} = {meeste}", "kalendermaand", "kalendermaanden")
    JAAR = ("{aantal} × {volume} = {meeste}", "kalenderjaar", "kalenderjaren")
    TOTAAL = ("totaal {meeste}", "", "")
    ZES_PER_MAAND = ("{keer} × {volume} (categorie 01, 6 per kalendermaand) = {meeste}", "", "")


_SIZELESS: Final = "geen maximum: de eenheid heeft geen omvang"
_NO_DAY: Final = (0, _Grondslag.NIETS)


def _own_period(omvang: ToegewezenOmvang) -> Period:
    return omvang.ingangsdatum, omvang.einddatum or date.max


def _endless(omvang: ToegewezenOmvang) -> bool:
    return omvang.einddatum is None and omvang.frequentie != _TOTAAL


def _counted_for_line(omvang: ToegewezenOmvang, period: Period) -> tuple[int, _Grondslag]:
    if omvang.categorie in omvang.domain.spread_freely and omvang.frequentie == _PER_WEEK and period[0] <= period[1]:
        return 6 * _months(period), _Grondslag.ZES_PER_MAAND
    return _counted(omvang, period)


def _counted(omvang: ToegewezenOmvang, period: Period) -> tuple[int, _Grondslag]:
    """How often the volume is granted, and for what. Raises ValueError for a Frequentie outside the code list."""
    begin, end = period
    if end < begin:
        return _NO_DAY
    match omvang.frequentie:
        case "1":
            counted = end.toordinal() - begin.toordinal() + 1, _Grondslag.DAG
        case "2" if omvang.eenheid in _OUTPUT:
            counted = _counted_by_sunday(omvang, period)
        case "2":
            counted = _weeks(period), _Grondslag.WEEK
        case "3":
            counted = _weeks(period), _Grondslag.VIER_WEKEN
        case "4":
            counted = _months(period), _Grondslag.MAAND
        case "5":
            counted = end.year - begin.year + 1, _Grondslag.JAAR
        case "6":
            counted = 1, _Grondslag.TOTAAL
        case unknown:
            raise ValueError(f"no Frequentie of the standard: {unknown}")
    return counted


def _counted_by_sunday(omvang: ToegewezenOmvang, period: Period) -> tuple[int, _Grondslag]:
    # date.toordinal counts from a Monday, so that a Sunday is a multiple of seven.
    begin, end = period[0].toordinal(), period[1].toordinal()
    sundays = end // 7 - (begin - 1) // 7
    if omvang.einddatum is None:
        return sundays, _Grondslag.ZONDAG
    own_end = omvang.einddatum.toordinal()
    last_sunday = own_end - own_end % 7
    if last_sunday < omvang.ingangsdatum.toordinal():
        return 1, _Grondslag.ZONDER_ZONDAG
    if begin <= last_sunday <= end and last_sunday != own_end:
        return sundays + 1, _Grondslag.ZONDAG_EN_REST
    return sundays, _Grondslag.ZONDAG


def _weeks(period: Period) -> int:
    """ISO weeks touched; their Mondays are the days whose ordinal is one more than a multiple of seven."""
    return (period[1].toordinal() - 1) // 7 - (period[0].toordinal() - 1) // 7 + 1


def _months(period: Period) -> int:
    begin, end = period
    return (end.year - begin.year) * 12 + end.month - begin.month + 1


def _most(omvang: ToegewezenOmvang, keer: int, grondslag: _Grondslag) -> int:
    most = omvang.volume * keer
    return -(-most // 4) if grondslag is _Grondslag.VIER_WEKEN else most


def _text(omvang: ToegewezenOmvang, keer: int, grondslag: _Grondslag) -> str:
    text, one, several = grondslag.value
    return text.format(
        aantal=_number(keer - 1 if grondslag is _Grondslag.ZONDAG_EN_REST else keer, one, several),
        keer=keer,
        volume=_in_unit(omvang.volume, omvang.eenheid),
        meeste=_in_unit(_most(omvang, keer, grondslag), omvang.eenheid),
    )


def _in_unit(volume: int, eenheid: str) -> str:
    one, several = _EENHEDEN[eenheid]
    return _number(volume, one, several)


def _number(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
