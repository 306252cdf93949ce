"""Random messages that satisfy their schema, of every kind that is answered, and random damage to them.

The schema says which elements there are, how often, and what a value may look like; a plan (plans.py) says what makes
a message mean something, and chance leaves the plan now and then. Everything follows from a seed, so that hypothesis
keeps a message as a few numbers: it shrinks towards messages without optional elements and without surprises.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from lxml import etree

from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.expectation import ClassPath, ElementFacts, ValueFacts
from iwmo_gateway.standard.kinds import SOORTEN, Domain, Soort
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import local_name
from tests.plans import AANBIEDERS, CLIENTEN, GEMEENTEN, Relatie, planned, relations

SCHEMAS: Final = Schemas(shipped("xsd"))
SOORTEN_JUDGED: Final = tuple(soort for soort in SOORTEN.values() if soort.answer is not None)
"""Every kind that is no return message itself."""

_ANY: Final = object()
"""What a plan does not tell."""
_MANY: Final = (1, 1, 1, 2, 3)

# --- values ---------------------------------------------------------------------------------------------------------

_DAYS = (
    "2023-01-01", "2023-02-28", "2023-03-31", "2023-06-30", "2022-12-31", "2021-01-01", "2020-12-31", "2024-02-29",
    "1900-01-01", "0001-01-01", "-0044-03-15", "9999-12-31", "12023-01-01", " 2023-02-01\n",
)  # fmt: skip
_TIMES = ("00:00:00", "12:00:00", "23:59:59", "24:00:00", "08:30:00.123456789", " 12:00:00 ")
_TEXTS = ("a", "Zonnestein", "R1", "R1 ", "é😀\t<&>]]>", "'\"", "  x", "N" * 4, "ﬁ‰\u202e\u0301")
_NUMBERS = ("0", "1", "-0", "+3", " 4 ", "007", "59", "100001", "100101")
_LINES = ("regel 1\nregel 2", "\r\n x \r", "\n\n.\n")

_SHAPED: Final[dict[str, Callable[[Random], str]]] = {
    "[0-9]{8}": lambda chance: chance.choice([*AANBIEDERS, "00000000", "99999999"]),
    "[0-9]{4}": lambda chance: chance.choice([*GEMEENTEN, "0000", "9999", "0014"]),
    "[0-9]{9}": lambda chance: chance.choice([*CLIENTEN, "000000000", "999900006", "999999999"]),
    "[0-9]*": lambda chance: "".join(chance.choices("0123456789", k=chance.randint(1, 9))),
    "NL[0-9]{9}B[0-9]{2}": lambda chance: "NL123456789B01",
    "([a-zA-Z0-9])+": lambda chance: chance.choice(["A", "B2", "0", "abcXYZ012345"]),
    "([a-zA-ZÀ-ỳ])+": lambda chance: chance.choice(["A", "jk", "Éç"]),
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)": lambda chance: chance.choice(["1.0.0", "0.1.0", "10.0.207"]),
    r"[ \t]*[^\s].*": lambda chance: chance.choice(_TEXTS),
    r"([.\s]*\S+[.\s]*)+": lambda chance: chance.choice([*_TEXTS, *_LINES]),
}


def value(facts: ValueFacts, chance: Random) -> str:
    """A text that the type allows: usual, on an edge, or written in an unusual way."""
    if facts.codes:
        return chance.choice(list(facts.codes))
    if facts.primitive == "date":
        return chance.choice(_DAYS)
    if facts.primitive == "time":
        return chance.choice(_TIMES)
    if facts.primitive == "decimal":
        edge = str(facts.maximum)
        return facts.pattern or chance.choice([number for number in (*_NUMBERS, edge) if len(number) <= len(edge)])
    if facts.pattern is None:
        text = chance.choice([*_TEXTS, *_LINES, " "])
    elif facts.pattern in _SHAPED:
        text = _SHAPED[facts.pattern](chance)
    elif facts.pattern.startswith("(0{8})|98"):
        text = chance.choice(["00000000", "98000001", "98999999"])
    else:
        text = chance.choice(facts.pattern.split("|"))
    if facts.max_length is not None and facts.pattern in {None, r"[ \t]*[^\s].*"}:
        text = chance.choice([text, text * facts.max_length])[: facts.max_length]
    return text if text.strip() or facts.pattern is None else "x"


# --- messages -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Manner:
    """How a message departs from its plan.

    `full`: how likely an optional element is that the plan says nothing about; `wild`: how likely the plan is left for
    one element, class or not.
    """

    full: float = 0.0
    wild: float = 0.0


def grown(soort: Soort, plan: Any, chance: Random, manner: Manner) -> etree._Element:
    """A message of this kind, after its plan."""
    prefixes = chance.choice([(soort.code.lower(), soort.domain.standard), (None, "b"), ("x", None)])
    nsmap = dict(zip(prefixes, (soort.namespace, soort.basis_namespace), strict=True))
    root = etree.Element(f"{{{soort.namespace}}}Bericht", nsmap=nsmap)
    _fill(root, ("Bericht",), plan, SCHEMAS.classes(soort), chance, manner)
    return root


def _fill(
    element: etree._Element,
    path: ClassPath,
    told: Any,
    classes: Any,
    chance: Random,
    manner: Manner,
) -> None:
    facts: ElementFacts = classes[path]
    if facts.value is not None:
        known = isinstance(told, str) and told in (facts.value.codes or {told})
        element.text = told if known else value(facts.value, chance)
        return
    for name in facts.children:
        below: ElementFacts = classes[(*path, name)]
        said = told.get(name, _ANY) if isinstance(told, dict) else _ANY
        if chance.random() < manner.wild:
            said = _ANY
        if not below.required and (said is None or (said is _ANY and chance.random() >= manner.full)):
            continue
        several = [said] * (chance.choice(_MANY) if below.repeats and manner.full else 1)
        for one in said if isinstance(said, list) else several:
            child = etree.SubElement(element, f"{{{below.namespace}}}{name}")
            _fill(child, (*path, name), one, classes, chance, manner)


def written(root: etree._Element, chance: Random) -> bytes:
    """The message as some sender might write it."""
    if chance.random() < 0.5:
        etree.indent(root)
    if chance.random() < 0.1:
        leaf = chance.choice([element for element in root.iter("{*}*") if element.text])
        leaf.insert(0, etree.Comment(" 7 "))  # before it an empty text, behind it the value
        leaf[0].tail, leaf.text = leaf.text, None
    encoding = chance.choice(["UTF-8"] * 4 + ["UTF-16", "ISO-8859-1"])
    body: bytes = etree.tostring(root, xml_declaration=True, encoding=encoding)
    return b"\xef\xbb\xbf" + body if encoding == "UTF-8" and chance.random() < 0.1 else body


@dataclass(frozen=True)
class Made:
    """A message by chance: the same again from the same values."""

    soort: Soort
    relatie: Relatie
    seed: int
    manner: Manner
    opening: bool = False

    @property
    def body(self) -> bytes:
        chance = Random(self.seed)  # noqa: S311 chance for a test
        plan = planned(self.soort, self.relatie, chance, opening=self.opening)
        return written(grown(self.soort, plan, chance, self.manner), chance)


SEEDS: Final = st.integers(0, 2**32 - 1)
MANNERS: Final = st.sampled_from(
    [Manner(), Manner(0.3), Manner(0.5, 0.01), Manner(0.9, 0.03), Manner(0.5, 0.2), Manner(1.0, 1.0)]
)


def messages(soort: Soort, manners: st.SearchStrategy[Manner] = MANNERS) -> st.SearchStrategy[Made]:
    """Messages of one kind."""
    return st.builds(Made, st.just(soort), st.sampled_from(relations(soort.domain)), SEEDS, manners)


def sequences(domain: Domain, least: int = 5, most: int = 15) -> st.SearchStrategy[list[Made]]:
    """Messages of all kinds and both releases of a domain, that mostly are about one relation and its allocations.

    The first one allocates, and what other messages rest on comes more often than the rest.
    """

    def about(focus: Relatie) -> st.SearchStrategy[list[Made]]:
        kinds, relaties = st.sampled_from(_often(domain)), st.sampled_from(_mostly(focus))
        tail = st.lists(st.builds(Made, kinds, relaties, SEEDS, st.sampled_from(_CALM)), min_size=least, max_size=most)
        return st.builds(lambda seed, made: [_first(focus, seed), *sorted(made, key=_stage)], SEEDS, tail)

    return st.sampled_from(relations(domain)).flatmap(about)


def sequence(domain: Domain, seed: int, size: int) -> list[Made]:
    """Such a sequence without hypothesis: the same for the same seed."""
    chance = Random(f"{domain} {seed}")  # noqa: S311 chance for a test
    focus = chance.choice(relations(domain))
    tail = [
        Made(chance.choice(_often(domain)), chance.choice(_mostly(focus)), chance.getrandbits(32), chance.choice(_CALM))
        for _ in range(size - 1)
    ]
    return [_first(focus, chance.getrandbits(32)), *sorted(tail, key=_stage)]


_CALM: Final = (Manner(), Manner(), Manner(0.3), Manner(0.5, 0.004), Manner(0.9, 0.02), Manner(0.5, 0.2))


def _often(domain: Domain) -> list[Soort]:
    kinds = {"301": 3, "305": 3, "307": 3, "323": 3, "317": 2, "319": 2}
    own = [soort for soort in SOORTEN_JUDGED if soort.domain is domain]
    return [soort for soort in own for _ in range(kinds.get(soort.code[-3:], 1))]


def _mostly(focus: Relatie) -> list[Relatie]:
    return [*[focus] * 60, *relations(focus.domain)]


def _stage(made: Made) -> int:
    """When it comes: roughly in the order in which one message rests on another."""
    return {"301": 0, "315": 1, "317": 1, "305": 1, "319": 2, "307": 3}.get(made.soort.code[-3:], 2) + made.seed % 3


def _first(focus: Relatie, seed: int) -> Made:
    code = f"{focus.domain.value.upper()}301"
    return Made(SOORTEN[code, "3.2"], focus, seed, Manner(), opening=True)


# --- damage ---------------------------------------------------------------------------------------------------------


def _one(root: etree._Element, chance: Random) -> etree._Element:
    return chance.choice(list(root.iter("{*}*"))[1:] or [root])


def _leaf(root: etree._Element, chance: Random) -> etree._Element:
    return chance.choice([element for element in root.iter("{*}*") if len(element) == 0])


def _dropped(root: etree._Element, chance: Random) -> None:
    one = _one(root, chance)
    if (parent := one.getparent()) is not None:
        parent.remove(one)


def _doubled(root: etree._Element, chance: Random) -> None:
    one = _one(root, chance)
    for _ in range(chance.choice([1, 1, 2, 300])):
        one.addnext(etree.fromstring(etree.tostring(one, with_tail=False)))


def _swapped(root: etree._Element, chance: Random) -> None:
    one = _one(root, chance)
    if (parent := one.getparent()) is not None and len(parent) > 1:
        parent.insert(chance.randrange(len(parent)), one)


def _moved(root: etree._Element, chance: Random) -> None:
    one, to = _one(root, chance), _one(root, chance)
    if to is not one and one not in to.iterancestors():
        to.append(one)


def _renamed(root: etree._Element, chance: Random) -> None:
    one, other = _one(root, chance), _one(root, chance)
    names = [local_name(other), local_name(one).lower(), "Onbekend", "Client", "x" * 5000]
    one.tag = f"{{{etree.QName(one).namespace or ''}}}{chance.choice(names)}".replace("{}", "")


def _renamespaced(root: etree._Element, chance: Random) -> None:
    soort = chance.choice(list(SOORTEN.values()))
    namespace = chance.choice(["", "urn:x", soort.namespace, soort.basis_namespace])
    for one in [root, *root.iter("{*}*")] if chance.random() < 0.2 else [_one(root, chance)]:
        one.tag = f"{{{namespace}}}{local_name(one)}".replace("{}", "")


def _retold(root: etree._Element, chance: Random) -> None:
    """Another value of the document, or rubbish."""
    rubbish = [
        "",
        " ",
        "\n",
        "x" * 100_000,
        "9" * 5000,
        "-1",
        "1.5",
        "2023-02-30",
        "2023-01-01Z",
        "12:00:00+01:00",
        "٣",
    ]
    one = _one(root, chance) if chance.random() < 0.2 else _leaf(root, chance)
    one.text = chance.choice([_leaf(root, chance).text, chance.choice(rubbish), chance.choice(_TEXTS)])


def _adorned(root: etree._Element, chance: Random) -> None:
    """An attribute, or a text between elements."""
    one = _one(root, chance)
    if chance.random() < 0.5:
        one.set(chance.choice(["x", "{http://www.w3.org/2001/XMLSchema-instance}type", "{urn:x}nil"]), "true")
    else:
        one.tail = "tekst"


_ON_THE_TREE: Final = (
    _dropped, _dropped, _doubled, _swapped, _moved, _renamed, _renamespaced, _retold, _retold, _retold, _adorned,
)  # fmt: skip


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randrange(len(body))]


def _flipped(body: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]


def _stuffed(body: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + chance.choice([b"\x00", b"<", b"&x;", b"&#0;", b"]]>", b"\xff\xfe", b"<!--", b"<a>"]) + body[at:]


_ON_THE_BYTES: Final = (_cut, _flipped, _flipped, _stuffed)


def damaged(made: Made, seed: int) -> bytes:
    """A message with one to three faults put in; now and then it stays valid."""
    return with_damage(made.body, Random(seed))  # noqa: S311 chance for a test


def with_damage(body: bytes, chance: Random) -> bytes:
    """Well-formed XML with one to three faults put in."""
    if chance.random() < 0.75:
        root = etree.parse(io.BytesIO(body)).getroot()
        for _ in range(chance.choice([1, 1, 2, 3])):
            chance.choice(_ON_THE_TREE)(root, chance)
        body = etree.tostring(root, xml_declaration=True, encoding=chance.choice(["UTF-8", "UTF-16"]))
    return body if chance.random() < 0.65 else chance.choice(_ON_THE_BYTES)(body, chance)
