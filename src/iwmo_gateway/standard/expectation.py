"""What the schema files say: which elements there are, which repeat, what a value must look like in words.

Read with xmlschema, once per kind and never per message; whether a message is valid, lxml says (refusals.py).
"""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from lxml import etree
from xmlschema import XMLSchema10, XMLSchemaException
from xmlschema.validators import XsdElement, XsdGroup, XsdType

from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.schemafiles import unusable
from iwmo_gateway.standard.xml import local_name

ClassPath = tuple[str, ...]
"""Local names from the root: `("Bericht", "Client", "Bsn")`."""

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_NAMESPACE: Final = re.compile(r"http://www\.istandaarden\.nl/(iwmo|ijw)/(\d{1,2})_(\d{1,2})/[a-z]+\d{0,3}/schema")
_NAME_LENGTH: Final = 60
_PERSONAL: Final = (
    frozenset({"Bsn", "Naam", "Geboortedatum", "Geslacht", "Relatie", "Relaties", "Verwijzer", "Commentaar"})
    | {"Adres", "Contact", "Contactgegevens", "Telefoon", "Emailadres", "Communicatie"}
    | {"JuridischeStatus", "WettelijkeVertegenwoordiging", "GezagsdragerBekend", "Grondslagen", "Beperkingen"}
)
"""Elements about a person: neither their values nor any value below them may be repeated."""
_MANY_CODES: Final = 25
"""A list of more codes than this is not written out."""

_PATTERNS: Final = {
    r".*[^\s].*": "niet alleen spaties, zonder regeleinden",
    r"[ \t]*[^\s].*": "niet alleen spaties, zonder regeleinden",
    r"([.\s]*\S+[.\s]*)+": "niet alleen spaties",
    r"[0-9]*": "alleen cijfers",
    r"([a-zA-Z0-9])+": "alleen letters en cijfers, zonder accenten",
    r"([a-zA-ZÀ-ỳ])+": "alleen letters",
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)": "een versienummer als 1.0.0",
    r"NL[0-9]{9}B[0-9]{2}": "een btw-nummer als NL123456789B01",
    r"(0{8})|98((00000[1-9])|(0000[1-9][0-9])|(000[1-9][0-9]{2})|(00[1-9][0-9]{3})|(0[1-9][0-9]{4})|([1-9][0-9]{5}))": (
        "00000000, of 98 en zes cijfers die niet alle nul zijn"
    ),
}
"""The patterns of the published schemas in words; any other is shown as it is."""

_PRIMITIVES: Final = {"date": "een datum als 2023-05-31", "time": "een tijd als 13:45:00"}
_NO_ZONE: Final = frozenset({"[^:Z]*", "[^Z+-]+"})


@dataclass(frozen=True, slots=True)
class ValueFacts:
    """What a simple type allows; `primitive` is the XSD primitive's name, such as `string` or `decimal`."""

    primitive: str
    codes: Mapping[str, str]
    minimum: int | None
    maximum: int | None
    min_length: int | None
    max_length: int | None
    pattern: str | None

    def words(self) -> str:
        """What the type wants, in Dutch."""
        if self.codes:
            return _codes_in_words(self.codes)
        if self.pattern and (fixed := _fixed(self.pattern)):
            return fixed
        if self.primitive == "decimal":
            return _range(self.minimum, self.maximum)
        if self.primitive in _PRIMITIVES:
            zone = ", zonder tijdzone" if self.pattern in _NO_ZONE else ""
            return _PRIMITIVES[self.primitive] + zone
        shape = _PATTERNS.get(self.pattern, f"van de vorm {self.pattern}") if self.pattern else None
        return ", ".join(part for part in (self._length(), shape) if part) or "een waarde"

    def complaint(self, value: str, name: str) -> str:
        """What is wrong with this value, in Dutch and without the value itself. Only for one that is refused."""
        bare = value.strip()
        if not bare:
            return f"{name} is leeg."
        match self.primitive:
            case "date":
                return _date_complaint(bare, name)
            case "time":
                return f"De waarde van {name} is geen tijd in de juiste vorm."
            case "decimal":
                return self._number_complaint(bare, name)
            case _:
                return self._text_complaint(value, name)

    def _text_complaint(self, value: str, name: str) -> str:
        if self.codes:
            return f"De waarde van {name} staat niet in de codelijst."
        if self.max_length is not None and len(value) > self.max_length:
            return f"De waarde van {name} is te lang: {len(value)} tekens."
        if value != value.strip():
            return f"De waarde van {name} heeft niet de juiste vorm: er staan spaties of regeleinden omheen."
        return f"De waarde van {name} heeft niet de juiste vorm."

    def _length(self) -> str | None:
        if self.max_length is None:
            return None if self.pattern or not self.min_length else "niet leeg"
        if self.pattern and _PATTERNS.get(self.pattern, "").startswith(("een ", "00")):
            return None
        if self.max_length == self.min_length:
            return f"precies {self.max_length} teken{'' if self.max_length == 1 else 's'}"
        empty = "" if self.pattern or not self.min_length else ", niet leeg"
        return f"ten hoogste {self.max_length} tekens{empty}"

    def _number_complaint(self, value: str, name: str) -> str:
        if not re.fullmatch(r"[+-]?[0-9]+", value):
            return f"De waarde van {name} is geen geheel getal."
        # Counted by digits: Python refuses to read a number of thousands of them.
        negative, digits = value[0] == "-", len(value.lstrip("+-").lstrip("0"))
        too_large = self.maximum is not None and not negative and digits > len(str(self.maximum))
        if too_large or (digits < 20 and self.maximum is not None and int(value) > self.maximum):
            return f"Het getal in {name} is te groot."
        if negative and digits and self.minimum == 0:
            return f"Het getal in {name} is negatief."
        return f"Het getal in {name} heeft niet de juiste waarde."


@dataclass(frozen=True, slots=True)
class ElementFacts:
    """What the schema says of the element at one path.

    `repeats`: it may stand there more than once; `endless`: any number of times, by its own maxOccurs, and once is
    enough. `required`: whenever its parent is there, so is it. `value` is None for a class, which holds `children`.
    `type_name` is the name of its type, if that is of its own namespace and all that there is to it.
    """

    namespace: str
    repeats: bool
    endless: bool
    required: bool
    children: tuple[str, ...]
    value: ValueFacts | None
    type_name: str | None

    @property
    def retour_codes(self) -> bool:
        """Whether it carries the return codes of its class."""
        return "RetourCodes" in self.children

    @property
    def beschrijving(self) -> str | None:
        """What its value must be, in Dutch; None for a class."""
        return self.value.words() if self.value else None


class Expectations:
    """The element facts of every kind whose schema lies below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._classes: dict[Soort, Mapping[ClassPath, ElementFacts]] = {}

    def classes(self, soort: Soort) -> Mapping[ClassPath, ElementFacts]:
        """The facts in the schema's order.

        Raises ConfigurationError for a schema that cannot be read.
        """
        with self._lock:
            if soort not in self._classes:
                self._classes[soort] = MappingProxyType(_read(self._folder / soort.schema_path))
            return self._classes[soort]


def describe(simple_type: XsdType) -> ValueFacts:
    """What a simple type allows, its base types included; of several patterns the most specific one."""
    chain = list(_derivation(simple_type))

    def first(attribute: str) -> int | None:
        found = (getattr(link, attribute, None) for link in chain)
        return next((int(value) for value in found if value is not None), None)

    patterns = [found for link in chain if (found := getattr(link, "patterns", None))]
    codes = (_codes(link) for link in chain if getattr(link, "enumeration", None))
    primitive = getattr(simple_type, "primitive_type", None)
    return ValueFacts(
        primitive=primitive.local_name if primitive is not None else "string",
        codes=MappingProxyType(next(codes, {})),
        minimum=first("min_value"),
        maximum=first("max_value"),
        min_length=first("min_length"),
        max_length=first("max_length"),
        pattern="|".join(patterns[0].regexps) if patterns else None,
    )


def _read(path: Path) -> dict[ClassPath, ElementFacts]:
    try:
        # lxml has compiled it before (`Schemas`): to check it here too takes six times as long as to read it, each time
        # that a process starts.
        schema = XMLSchema10(str(path), allow="local", validation="skip")
    except (XMLSchemaException, SyntaxError, OSError, ValueError) as error:
        raise unusable(path, error.__class__.__name__) from error
    root = schema.elements.get("Bericht")
    if root is None:
        raise unusable(path, "it has no element Bericht")
    return dict(_walk(_Particle(root), (), ()))


@dataclass(frozen=True, slots=True)
class _Particle:
    """An element in a content model; the groups around it may repeat, or may be passed over."""

    element: XsdElement
    repeated: bool = False
    optional: bool = False


def _walk(
    particle: _Particle, above: ClassPath, types_above: tuple[XsdType, ...]
) -> Iterator[tuple[ClassPath, ElementFacts]]:
    element = particle.element
    own_type: XsdType = element.type
    path = (*above, element.local_name)
    content = getattr(own_type, "content", None)
    children = list(_particles(content)) if isinstance(content, XsdGroup) else []
    simple = own_type.simple_type
    endless = element.max_occurs is None
    yield (
        path,
        ElementFacts(
            namespace=element.target_namespace if element.qualified else "",
            repeats=particle.repeated or element.max_occurs is None or element.max_occurs > 1,
            endless=endless and element.min_occurs <= 1 and not particle.repeated,
            required=element.min_occurs > 0 and not particle.optional,
            children=tuple(dict.fromkeys(child.element.local_name for child in children)),
            value=describe(simple) if simple is not None else None,
            type_name=own_type.local_name if _is_all(own_type, element) else None,
        ),
    )
    if own_type not in types_above:  # a type that holds itself has no end
        for child in children:
            yield from _walk(child, path, (*types_above, own_type))


def _is_all(own_type: XsdType, element: XsdElement) -> bool:
    """Whether all that an element must be is said by its type, which another schema can name."""
    same = own_type.target_namespace == element.target_namespace and element.qualified
    return same and not (element.nillable or element.identities or element.fixed or element.default)


def _particles(group: XsdGroup, *, repeated: bool = False, optional: bool = False) -> Iterator[_Particle]:
    repeated = repeated or group.max_occurs is None or group.max_occurs > 1
    optional = optional or group.min_occurs == 0 or group.model == "choice"
    for inner in group:
        if isinstance(inner, XsdGroup):
            yield from _particles(inner, repeated=repeated, optional=optional)
        elif isinstance(inner, XsdElement):
            yield _Particle(inner, repeated, optional)


def _derivation(simple_type: XsdType) -> Iterator[XsdType]:
    link: XsdType | None = simple_type
    while link is not None:
        yield link
        link = link.base_type


def _codes(simple_type: XsdType) -> dict[str, str]:
    """The values of an enumeration, each with the label that its documentation gives."""
    return {
        code.get("value", ""): " ".join((code.findtext(f"{_XS}annotation/{_XS}documentation") or "").split())
        for code in simple_type.elem.iter(f"{_XS}enumeration")
    }


def _codes_in_words(codes: Mapping[str, str]) -> str:
    shown = [f"{code} ({label})" if label else code for code, label in codes.items()]
    if len(shown) == 1:
        return shown[0]
    if len(shown) > _MANY_CODES:
        return f"een van de {len(shown)} codes uit de codelijst, zoals {', '.join(shown[:3])}"
    return f"een van: {', '.join(shown)}"


def _fixed(pattern: str) -> str | None:
    """A pattern that is a number of digits, or one or more values written out."""
    if digits := re.fullmatch(r"\[0-9\]\{(\d+)\}", pattern):
        return f"{digits[1]} cijfers"
    if re.fullmatch(r"\w+(\|\w+)*", pattern):
        return " of ".join(pattern.split("|"))
    return None


def _range(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f"een geheel getal van {minimum} tot en met {maximum}"
    if maximum is not None:
        return f"een geheel getal van ten hoogste {maximum}"
    return "een geheel getal" if minimum is None else f"een geheel getal vanaf {minimum}"


def _date_complaint(value: str, name: str) -> str:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            date.fromisoformat(value)
        except ValueError:
            return f"De datum in {name} bestaat niet."
    if re.fullmatch(r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})", value):
        return f"De datum in {name} heeft een tijdzone."
    return f"De waarde van {name} is geen datum in de juiste vorm."


def one_of(names: Iterable[str]) -> str:
    """These elements as alternatives: `element A`, or `een van de elementen A, B of C`."""
    *others, last = dict.fromkeys(names)
    return f"een van de elementen {', '.join(others)} of {last}" if others else f"element {last}"


def in_words(element: etree._Element) -> str:
    """An element by its name and that of its parent: many a name, such as Begindatum, stands in several classes."""
    parent = element.getparent()
    name = local_name(element)[:_NAME_LENGTH]
    return name if parent is None else f"{name} (in {local_name(parent)[:_NAME_LENGTH]})"


def path_of(element: etree._Element) -> ClassPath:
    """The local names from the root to this element."""
    return tuple(local_name(step) for step in (element, *element.iterancestors()))[::-1]


def is_personal(path: ClassPath) -> bool:
    """Whether a value at this path is about a person, so that it may not be shown."""
    return not _PERSONAL.isdisjoint(path)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an element comes from by its namespace, which is None where it is none of the standard's."""

    namespace: str | None
    standard: str = ""
    release: str = ""

    @classmethod
    def of(cls, namespace: str | None) -> "Origin":
        """What a namespace of iWmo or iJw, of any release, says."""
        known = _NAMESPACE.fullmatch(namespace or "")
        return cls(namespace, known[1], f"{known[2]}.{known[3]}") if known else cls(None)

    def against(self, soort: Soort) -> str:
        """What is wrong with it in a message of this kind, as the end of a sentence."""
        if self.namespace is None:
            return "staat niet in een namespace van de standaard"
        if self.release != soort.release:
            return f"komt uit release {self.release}, maar het bericht is van {soort.release}: het mengt releases"
        if self.standard != soort.domain.standard:
            return f"komt uit {self.standard}, maar het bericht is van {soort.domain.standard}: het mengt standaarden"
        return "staat in de namespace van een ander schema van dezelfde release"
