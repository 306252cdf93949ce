"""From a document that satisfies its schema to a typed message, in one walk over the tree."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, time
from functools import lru_cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from lxml import etree

from iwmo_gateway.standard.berichten import Bericht, Toewijzingsbericht
from iwmo_gateway.standard.declaraties import Declaratiebericht, Factuurbericht
from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.klassen import Klasse
from iwmo_gateway.standard.leveringen import Startbericht, Stopbericht
from iwmo_gateway.standard.retouren import DeclaratieAntwoordbericht, Factuurretourbericht, Retour, Retourbericht
from iwmo_gateway.standard.verzoeken import Aanvraagbericht, Antwoordbericht, Wijzigingsbericht
from iwmo_gateway.standard.xml import Document, local_name

T = TypeVar("T", bound=Klasse)

_NUMBERS: Final[Mapping[str, type[Bericht]]] = {
    "301": Toewijzingsbericht,
    "303": Factuurbericht,
    "305": Startbericht,
    "307": Stopbericht,
    "315": Aanvraagbericht,
    "317": Wijzigingsbericht,
    "319": Antwoordbericht,
    "323": Declaratiebericht,
}
_ANSWERS: Final[Mapping[str, type[Retour]]] = {"304": Factuurretourbericht, "325": DeclaratieAntwoordbericht}
_HOLDERS: Final = frozenset(
    {
        "DeclaratieFactuurIdentificatie",
        "DeclaratieFactuurBedragen",
        "IngediendeBedragPrestatie",
        "ToegekendeBedragPrestatie",
        "RetourHeader",
        "RetourBedragen",
    }
)
"""Elements of a 303 and 304 that only group others: what stands in them are fields of the class around them."""


def to_bericht(document: Document) -> Bericht:
    """The typed message in a document that is no return message.

    The document must have passed level 1: what the schema guarantees is not checked again here.
    Raises KeyError for a return message.
    """
    return _build(_NUMBERS[document.soort.code[-3:]], document.root, "/Bericht", soort=document.soort)


def to_retour(document: Document) -> Retour:
    """The typed return message in a document, which must have passed level 1."""
    retour = _ANSWERS.get(document.soort.code[-3:], Retourbericht)
    return _build(retour, document.root, "/Bericht", soort=document.soort)


@dataclass(frozen=True, slots=True)
class _Slot:
    """How one child element becomes one field: a text, a composed element, or a holder of repeated ones."""

    name: str
    convert: Callable[[str], Any] | None = None
    composed: type[Klasse] | None = None
    repeated: type[Klasse] | None = None


def _build(cls: type[T], element: "etree._Element", pad: str, **known: Any) -> T:
    values: dict[str, Any] = known
    _fill(values, _slots(cls), element, pad)
    return cls(pad=pad, regelnummer=element.sourceline or 0, **values)


def _fill(values: dict[str, Any], slots: Mapping[str, _Slot], element: "etree._Element", pad: str) -> None:
    """Make the children of an element, and of the holders in it, into fields of one class."""
    for child in element:
        name = local_name(child)
        slot = slots.get(name)
        if slot is None:
            if name in _HOLDERS:
                _fill(values, slots, child, f"{pad}/{name}")
        elif slot.convert is not None:
            values[slot.name] = slot.convert(child.text or "")
        elif slot.composed is not None:
            values[slot.name] = _build(slot.composed, child, f"{pad}/{name}")
        elif slot.repeated is not None:
            of, place = slot.repeated, f"{pad}/{name}"
            values[slot.name] = tuple(
                _build(of, one, f"{place}/{local_name(one)}[{index}]") for index, one in enumerate(child, 1)
            )


_SLOTS: Final[dict[type[Klasse], Mapping[str, _Slot]]] = {}


def _slots(cls: type[Klasse]) -> Mapping[str, _Slot]:
    """How the children of a class become its fields; worked out once per class."""
    if cls not in _SLOTS:
        hints = get_type_hints(cls)
        _SLOTS[cls] = {
            _element_name(field.name): _slot(field.name, hints[field.name])
            for field in fields(cls)
            if field.name not in {"pad", "regelnummer"} and hints[field.name] is not Soort
        }
    return _SLOTS[cls]


def _element_name(field: str) -> str:
    return "".join("ID" if part == "id" else part[:1].upper() + part[1:] for part in field.split("_"))


def _slot(name: str, hint: Any) -> _Slot:
    if get_origin(hint) is tuple:
        return _Slot(name, repeated=get_args(hint)[0])
    if isinstance(hint, UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    if issubclass(hint, Klasse):
        return _Slot(name, composed=hint)
    return _Slot(name, convert=_CONVERT[hint])


_CODE: Final = 5
"""No code of the standard has more characters."""


def to_date(text: str) -> date:
    """An xs:date; years that Python has no date for become its first or last day, which keeps their order."""
    text = text.strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min if text.startswith("-") else date.max


def to_time(text: str) -> time:
    """An xs:time without zone; 24:00:00 is the same as 00:00:00, as XML Schema has it."""
    text = text.strip()
    return time.fromisoformat("00:00:00" if text.startswith("24") else text[:15])


_CONVERT: Final[dict[type, Callable[[str], Any]]] = {
    # Codes, periods and tariffs come back on every line of a claim: one object serves them all.
    str: lambda text: sys.intern(text) if len(text) <= _CODE else text,
    int: lru_cache(2048)(lambda text: int(text.strip())),
    date: lru_cache(2048)(to_date),
    time: to_time,
}
