"""What one version of a profile says otherwise than another: by part of the agreement, as an officer would name it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iwmo_gateway.contract.afspraken import Afspraken, Part
from iwmo_gateway.contract.amounts import euro

_KEYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "producten": ("product", ("code",)),
    "tarieven": ("tarief", ("vanaf", "tot_en_met")),
    "regels": ("regel", ("regel",)),
    "inbegrepen": ("inbegrepen eenheid", ("eenheid",)),
    "toegelaten": ("toelating", ("agb", "vanaf")),
    "geschorst": ("schorsing", ("vanaf",)),
    "combinaties": ("combinatie", ("penvoerder",)),
    "bezwaren": ("bezwaar", ("agb",)),
    "klassen": ("klasse", ("cents",)),
    "veelvouden": ("veelvoud", ("producten",)),
}
"""By what the elements of a list are known: what one of them is called, and the keys that tell it from the others."""


@dataclass(frozen=True, slots=True)
class Verschil:
    """What was said and what is said now of one thing; `oud` or `nieuw` is None where nothing is.

    `artikel` is that of the part of the agreement, where it names one.
    """

    waar: str
    oud: str | None
    nieuw: str | None
    artikel: str | None


def verschillen(oud: Afspraken, nieuw: Afspraken) -> Iterator[Verschil]:
    """Everything that differs, in the order in which a profile says it."""
    names = [name for name in Afspraken.model_fields if getattr(oud, name) != getattr(nieuw, name)]
    for name in names:
        yield from _of_value(name, getattr(oud, name), getattr(nieuw, name), _Place((), None))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the agreement: the parts around it, and the article of the nearest that names one."""

    parts: tuple[str, ...]
    artikel: str | None

    def within(self, part: str, *said: Any) -> "_Place":
        """One deeper, in this part, of which either side may be missing."""
        articles = [one.artikel for one in said if getattr(one, "artikel", None)]
        return _Place((*self.parts, part), articles[-1] if articles else self.artikel)

    def differs(self, oud: str | None, nieuw: str | None) -> Verschil:
        """What is different here."""
        return Verschil(", ".join(self.parts), oud, nieuw, self.artikel)


def _of_value(name: str, oud: Any, nieuw: Any, place: _Place) -> Iterator[Verschil]:
    if name in _KEYS and _of_parts(oud, nieuw):
        yield from _of_list(name, _keyed(name, oud), _keyed(name, nieuw), place)
    elif isinstance(oud, Part) and isinstance(nieuw, Part):
        yield from _of_part(oud, nieuw, place.within(name, oud, nieuw))
    else:
        yield place.within(name, oud, nieuw).differs(_told(name, oud), _told(name, nieuw))


def _of_parts(*lists: Any) -> bool:
    return any(isinstance(one, Part) for each in lists for one in each or ())


def _of_list(name: str, oud: Mapping[str, Part], nieuw: Mapping[str, Part], place: _Place) -> Iterator[Verschil]:
    for key in dict.fromkeys([*oud, *nieuw]):
        former, now = oud.get(key), nieuw.get(key)
        here = place.within(f"{_KEYS[name][0]} {key}", former, now)
        if former is None or now is None:
            yield here.differs(_told(name, former), _told(name, now))
        else:
            yield from _of_part(former, now, here)


def _of_part(oud: Part, nieuw: Part, place: _Place) -> Iterator[Verschil]:
    for name, field in type(nieuw).model_fields.items():
        former, now = getattr(oud, name), getattr(nieuw, name)
        if former == now:
            continue
        if name == "cents":
            yield place.within(field.alias or name).differs(euro(former), euro(now))
        else:
            yield from _of_value(name, former, now, place)


def _keyed(name: str, elements: Any) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for element in elements or ():
        told = [_told(key, getattr(element, key)) for key in _KEYS[name][1]]
        key = (" t/m " if name == "tarieven" else " vanaf ").join(one for one in told if one is not None)
        found[f"{key} ({len(found) + 1})" if key in found else key] = element
    return found


def _told(name: str, value: Any) -> str | None:
    """A value in words; None where there is none."""
    match value:
        case None | ():
            return None
        case Part():
            fields = ((field.alias or key, key) for key, field in type(value).model_fields.items())
            told = ((shown, _told(key, getattr(value, key))) for shown, key in fields)
            return "; ".join(f"{shown} {said}" for shown, said in told if said is not None)
        case bool():
            return "ja" if value else "nee"
        case tuple():
            return ", ".join(filter(None, (_told(name, one) for one in value)))
        case Mapping():
            return ", ".join(f"{key}: {said}" for key, said in sorted(value.items()))
    return euro(value) if name == "cents" else " ".join(str(value).split())
