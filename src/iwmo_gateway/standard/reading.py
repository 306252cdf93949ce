"""From a document that satisfies its schema to a typed message, in one walk over the tree."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, time
from functools import lru_cache
from types import UnionType
from typing import Any, Final, Generic, TypeVar, cast, get_args, get_origin, get_type_hints

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
    return cast(Bericht, _bericht(_NUMBERS[document.soort.code[-3:]], document))


def to_retour(document: Document) -> Retour:
    """The typed return message in a document, which must have passed level 1."""
    return cast(Retour, _bericht(_ANSWERS.get(document.soort.code[-3:], Retourbericht), document))


@dataclass(frozen=True, slots=True)
class _Slot:
    """What becomes of a child element, `name`: of its text, of what it is composed of, or of what it repeats, a field.

    A child without a `field` is passed over, but for one of _HOLDERS.
    """

    name: str
    field: str = ""
    convert: Callable[[str], Any] | None = None
    composed: "_Reader[Any] | None" = None
    repeated: "_Reader[Any] | None" = None


class _Reader(Generic[T]):
    """Makes a class of each element that it is given."""

    def __init__(self, cls: type[T]) -> None:
        hints = get_type_hints(cls)
        self._cls = cls
        self._by_name = {
            slot.name: slot
            for field in fields(cls)
            if field.init and field.name not in {"pad", "regelnummer"} and hints[field.name] is not Soort
            for slot in [_slot(field.name, hints[field.name])]
        }
        self._by_tag: dict[object, _Slot] = {}

    def read(self, element: "etree._Element", pad: str, **known: Any) -> T:
        """The class of an element that stands at this path; `known` are fields that are not read from it."""
        self._fill(known, element, pad)
        return self._cls(pad=pad, regelnummer=element.sourceline or 0, **known)

    def read_all(self, holder: "etree._Element", pad: str) -> tuple[T, ...]:
        """The classes of the elements in a holder, which all have one name."""
        stem = f"{pad}/{local_name(holder[0])}" if len(holder) else pad
        return tuple([self.read(one, f"{stem}[{index}]") for index, one in enumerate(holder, 1)])

    def _fill(self, values: dict[str, Any], element: "etree._Element", pad: str) -> None:
        """Make the children of an element, and of the holders in it, into fields."""
        slots = self._by_tag
        for child in element:
            slot = slots.get(child.tag) or self._meet(child)
            if slot.convert is not None:
                values[slot.field] = slot.convert(child.text or "")
            elif slot.composed is not None:
                values[slot.field] = slot.composed.read(child, f"{pad}/{slot.name}")
            elif slot.repeated is not None:
                values[slot.field] = slot.repeated.read_all(child, f"{pad}/{slot.name}")
            elif slot.name in _HOLDERS:
                self._fill(values, child, f"{pad}/{slot.name}")

    def _meet(self, child: "etree._Element") -> _Slot:
        """The slot of a child whose tag was not seen before."""
        name = local_name(child)
        self._by_tag[child.tag] = slot = self._by_name.get(name) or _Slot(name)
        return slot


_READERS: Final[dict[type[Klasse], _Reader[Any]]] = {}


def _reader(cls: type[Klasse]) -> _Reader[Any]:
    """Worked out once per class."""
    if cls not in _READERS:
        _READERS[cls] = _Reader(cls)
    return _READERS[cls]


def _bericht(cls: type[Klasse], document: Document) -> Klasse:
    bericht: Klasse = _reader(cls).read(document.root, "/Bericht", soort=document.soort)
    return bericht


def _element_name(field: str) -> str:
    return "".join("ID" if part == "id" else part[:1].upper() + part[1:] for part in field.split("_"))


def _slot(field: str, hint: Any) -> _Slot:
    name = _element_name(field)
    if get_origin(hint) is tuple:
        return _Slot(name, field, repeated=_reader(get_args(hint)[0]))
    if isinstance(hint, UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    if issubclass(hint, Klasse):
        return _Slot(name, field, composed=_reader(hint))
    return _Slot(name, field, convert=_CONVERT[hint])


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
    # Codes and periods come back on every line of a claim: one object serves them all.
    str: sys.intern,
    int: int,
    date: lru_cache(2048)(to_date),
    time: to_time,
}
