"""What pages say for the codes of the standard, and for the states of what messages come to."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from iwmo_gateway.contract.amounts import euro
from iwmo_gateway.contract.volumes import comparable, quantity, unit_name

_MONTHS: Final = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip
_FREQUENTIES: Final = {
    "1": "per dag",
    "2": "per week",
    "3": "per vier weken",
    "4": "per maand",
    "5": "per jaar",
    "6": "in totaal",
}
STATEN: Final = {
    "geldig": ("geldig", "accepted"),
    "vervallen": ("vervallen", "rejected"),
    "gestart": ("gestart", "accepted"),
    "tijdelijk_gestopt": ("tijdelijk gestopt", "in_review"),
    "gestopt": ("gestopt", ""),
    "verwijderd": ("verwijderd", "rejected"),
    "goedgekeurd": ("goedgekeurd", "accepted"),
    "afgekeurd": ("afgekeurd", "rejected"),
    "gecrediteerd": ("gecrediteerd", ""),
    "aangehouden": ("aangehouden", "in_review"),
}
"""The word for each state of a fact, and the status of a message that looks the same."""
ROLLEN: Final = {
    "versie": "maakte deze versie",
    "start": "meldde de start",
    "start_verwijderd": "verwijderde de start",
    "stop": "meldde de stop",
    "stop_verwijderd": "verwijderde de stop",
    "declaratie": "declareerde",
    "antwoord": "antwoordde",
    "creditering": "crediteerde",
    "gecrediteerde_declaratie": "werd gecrediteerd",
}
"""What a message did to a fact."""
_EURO, _UUR = "83", "04"
_MAART: Final = 3


def volume(compared: int | None, eenheid: str) -> str:
    """A volume as `comparable` makes it, in the unit of the allocation."""
    if compared is None:
        return ""
    sign = "-" if compared < 0 else ""
    told = f"€ {euro(abs(compared))}" if eenheid == _EURO else quantity(abs(compared), eenheid)
    return f"{sign}{told}"


def geleverd(amount: int, eenheid: str) -> str:
    """A volume as a message has it, in its own unit."""
    return volume(comparable(eenheid, eenheid, amount), eenheid)


def omvang(fact: Any) -> str:
    """The size of an allocation or of a version of one: "4 uur per week"; empty where it has none."""
    if fact.volume is None or fact.eenheid is None:
        return ""
    return f"{geleverd(fact.volume, fact.eenheid)} {_FREQUENTIES.get(fact.frequentie or '', '')}".rstrip()


def charted(compared: int | None, eenheid: str | None) -> float | None:
    """A volume as a chart draws it: in hours, euros, or the unit itself."""
    if compared is None:
        return None
    return compared / {_UUR: 60, _EURO: 100}.get(eenheid or "", 1)


def charted_unit(eenheid: str | None) -> str:
    """The unit of `charted`."""
    return "euro" if eenheid == _EURO else unit_name(eenheid) if eenheid else ""


def month(day: date) -> str:
    """The month of a day: "mei"."""
    return _MONTHS[day.month - 1]


def month_letters(day: date) -> str:
    """The month of a day in three letters, for a chart."""
    return "mrt" if day.month == _MAART else _MONTHS[day.month - 1][:3]


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "volume": volume,
    "geleverd": geleverd,
    "omvang": omvang,
    "month": month,
}
"""For templates."""
