"""What a schema refuses of a tree, and why: libxml2's judgement, as far as it says more than yes or no.

Its messages hold values, so that nothing of them is passed on but names that stand in the schema.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice, takewhile
from typing import Final, cast

from lxml import etree

from iwmo_gateway.standard.expectation import ClassPath, ElementFacts, path_of
from iwmo_gateway.standard.xml import local_name

MAX_FAULTS: Final = 100
"""No more faults than these are told of one message."""
STRUCTURE: Final = "ELEMENT_CONTENT"
"""The sort of refusal for an element that is missing, unexpected or in the wrong place."""

_CROWD: Final = 400
"""libxml2 counts siblings to name the place of a fault: 30,000 faults among 30,000 siblings cost it 7 seconds."""
_CROWDED: Final = etree.XPath(f"/descendant::*/*[{_CROWD + 1}]/..")
_BATCH: Final = 200
_LOOKS: Final = 20
"""How often a tree is mended to see what lies behind a structural fault."""
_LARGE: Final = etree.XPath("count(//*) > 20000")
"""A look judges the whole tree again: what lies behind a structural fault in a larger one shows when that is mended."""
_TYPED: Final = etree.XPath("boolean(//@x:type)", namespaces={"x": "http://www.w3.org/2001/XMLSchema-instance"})
"""xsi:type may name a prefix that is declared twice, and lxml drops such a declaration when it moves an element."""
_MESSAGE: Final = re.compile(r"Element '(?:\{[^}]*\})?[^']*'(?:, attribute '((?:\{[^}]*\})?[^']*)')?: (.*)", re.DOTALL)
_WANTED: Final = re.compile(r" Expected is (?:one of )?\( (.*) \)\.\s*$")
_STEP: Final = re.compile(r"(?:([^:\[]+):)?([^:\[]+)(?:\[(\d+)\])?")

Facts = Mapping[ClassPath, ElementFacts]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What libxml2 says of one element: the name of its kind of error, and its own text after the element's name."""

    sort: str
    attribute: str | None
    wanted: tuple[etree.QName, ...]
    incomplete: bool


Refusals = dict[etree._Element, list[Refusal]]
"""The elements that a schema refuses, with the reasons."""
Alone = Callable[[str, ElementFacts], etree.XMLSchema | None]
"""The schema of an element of this name alone, if there can be one."""


def refusals(schema: etree.XMLSchema, root: etree._Element, facts: Callable[[], Facts], alone: Alone) -> Refusals:
    """What the schema refuses of a tree, which is as it was afterwards; nothing if it accepts it.

    `facts` reads what the schema says of its elements; it is only asked for a tree that is crowded or refused.
    """
    judge = partial(_judge, schema, root)
    crowded, found = cast("list[etree._Element]", _CROWDED(root)), Refusals()
    if crowded and not _TYPED(root):
        if _accepts_one_by_one(schema, root, crowded, facts(), alone):
            return found
        _judge_in_batches(root, crowded, facts(), judge, found)
    found = found or judge()
    if found and not crowded and not _TYPED(root) and not _LARGE(root):
        _look_behind(facts(), judge, found)
    return found


def _judge(schema: etree.XMLSchema, root: etree._Element) -> Refusals:
    """The elements that the schema refuses, with the reasons: at most one element more than will be told."""
    if schema.validate(root):
        return {}
    by_path: dict[str, list[Refusal]] = {}
    for entry in cast("Iterable[etree._LogEntry]", schema.error_log):
        if entry.path not in by_path and len(by_path) > MAX_FAULTS:
            break
        by_path.setdefault(entry.path or "", []).append(_refusal(entry))
    refused = {_locate(root, path): errors for path, errors in by_path.items()}
    return refused or {root: [Refusal("", None, (), incomplete=False)]}


def _refusal(entry: etree._LogEntry) -> Refusal:
    about = _MESSAGE.match(entry.message)
    attribute, said = (about[1], about[2]) if about else (None, "")
    wanted = _WANTED.search(said)
    names = wanted[1].split(", ") if wanted else []
    return Refusal(
        sort=entry.type_name.removeprefix("SCHEMAV_"),
        attribute=attribute,
        wanted=tuple(etree.QName(name) for name in names if "*" not in name and "#" not in name),
        incomplete=said.startswith("Missing child"),
    )


def _locate(root: etree._Element, path: str) -> etree._Element:
    """The element at a path as libxml2 writes it: `/*/*[2]`, or `/p:Bericht/p:Client[3]` in the document's prefixes."""
    element = root
    for step in path.split("/")[2:]:
        prefix, name, number = cast(re.Match[str], _STEP.match(step)).groups()
        candidates = element.iterchildren("*" if name == "*" else f"{{*}}{name}")
        same = (child for child in candidates if name == "*" or child.prefix == prefix)
        found = next(islice(same, int(number or 1) - 1, None), None)
        if found is None:
            break
        element = found
    return element


@dataclass(slots=True)
class _Run:
    """Siblings of one name in a container that holds any number of them, so that it is right with any part of them."""

    container: etree._Element
    start: int
    members: list[etree._Element]
    shown: int

    def show(self, members: list[etree._Element]) -> None:
        """Leave only these in the tree."""
        self.container[self.start : self.start + self.shown] = members
        self.shown = len(members)


def _accepts_one_by_one(
    schema: etree.XMLSchema,
    element: etree._Element,
    crowded: Sequence[etree._Element],
    classes: Facts,
    alone: Alone,
) -> bool:
    """Whether the schema accepts an element when the members of each run are judged where they stand, each alone.

    That takes no more than judging all at once, and a fault is at most _CROWD siblings away from where counting starts.
    """
    runs, inside = _outermost_runs(crowded, classes)
    if not runs:
        return bool(schema.validate(element))
    within: dict[etree._Element, list[etree._Element]] = {}
    for container in inside:
        within.setdefault(_member_around(container, runs), []).append(container)
    for run in runs:
        of_member = alone(local_name(run.members[0]), classes[path_of(run.members[0])])
        if of_member is None or any((member.tail or "").strip() for member in run.members):
            return False
        for member in run.members:
            if member in within:
                accepted = _accepts_one_by_one(of_member, member, within[member], classes, alone)
            else:
                accepted = of_member.validate(member)
            if not accepted:
                return False
    return bool(schema.validate(_with_one_of_each(element, {run.container: run for run in runs})))


def _member_around(element: etree._Element, runs: Sequence[_Run]) -> etree._Element:
    """The member of one of these runs in which an element is."""
    containers = {run.container for run in runs}
    return next(above for above in element.iterancestors() if above.getparent() in containers)


def _with_one_of_each(element: etree._Element, runs: Mapping[etree._Element, _Run]) -> etree._Element:
    """A copy of an element in which every run has one member."""
    if not any(element is container or element in container.iterancestors() for container in runs):
        return deepcopy(element)
    copied = etree.Element(element.tag, dict(element.attrib), element.nsmap)
    copied.text, copied.tail = element.text, element.tail
    run = runs.get(element)
    spare = slice(run.start + 1, run.start + len(run.members)) if run else slice(0, 0)
    children = list(element)
    del children[spare]
    copied.extend([_with_one_of_each(child, runs) for child in children])
    return copied


def _judge_in_batches(
    root: etree._Element,
    crowded: Sequence[etree._Element],
    classes: Mapping[ClassPath, ElementFacts],
    judge: Callable[[], Refusals],
    found: Refusals,
) -> None:
    """Judge a tree of crowded containers a part of their children at a time, until there are faults enough.

    The tree is whole again afterwards; at most, a prefix is gone that was declared twice for one namespace. A run
    that is through still shows its smallest member: none would be a fault.
    """
    runs, inside = _outermost_runs(crowded, classes)
    if not runs:
        for element, errors in judge().items():
            found.setdefault(element, errors)
        return
    try:
        for first in range(0, max(len(run.members) for run in runs), _BATCH):
            for run in runs:
                run.show(run.members[first : first + _BATCH] or [min(run.members, key=len)])
            shown = [container for container in inside if root in container.iterancestors()]
            _judge_in_batches(root, shown, classes, judge, found)
            if len(found) > MAX_FAULTS:
                return
    finally:
        for run in runs:
            run.show(run.members)


def _outermost_runs(
    crowded: Sequence[etree._Element], classes: Mapping[ClassPath, ElementFacts]
) -> tuple[list[_Run], list[etree._Element]]:
    """The runs that lie in no other one, and the crowded containers inside these."""
    runs: list[_Run] = []
    covered: set[etree._Element] = set()
    inside: list[etree._Element] = []
    for container in crowded:
        if not covered.isdisjoint(container.iterancestors()):
            inside.append(container)
        elif run := _longest_run(container, classes):
            runs.append(run)
            covered.add(container)
    return runs, inside


def _longest_run(container: etree._Element, classes: Mapping[ClassPath, ElementFacts]) -> _Run | None:
    path = path_of(container)
    facts = classes.get(path)
    if facts is None or len(facts.children) != 1:
        return None
    member = classes[(*path, facts.children[0])]
    tag = f"{{{member.namespace}}}{facts.children[0]}"
    runs, start = [], 0
    for same, group in groupby(container, key=lambda child: child.tag):
        members = list(group)
        if same == tag and member.endless:
            runs.append(_Run(container, start, members, len(members)))
        start += len(members)
    longest = max(runs, key=lambda run: run.shown, default=None)
    return longest if longest and longest.shown > _BATCH else None


@dataclass(slots=True)
class _Mending:
    """A tree that is mended for a while: stand-ins for what is missing, and out of the way what does not belong."""

    facts: Facts
    undo: list[Callable[[], None]]
    stand_ins: set[etree._Element]
    taken_out: dict[etree._Element, set[str]]

    def mend(self, element: etree._Element, refusal: Refusal) -> None:
        """Make the schema go on behind an element that it did not expect."""
        parent = cast(etree._Element, element.getparent())
        place = parent.index(element)
        name = self._stand_in_for(element, refusal)
        if name is None:
            self.taken_out.setdefault(parent, set()).add(local_name(element))
            parent.remove(element)
            self.undo.append(partial(parent.insert, place, element))
            return
        stand_in = etree.Element(name)
        self.stand_ins.add(stand_in)
        parent.insert(place, stand_in)
        self.undo.append(partial(parent.remove, stand_in))

    def follows_from_mending(self, element: etree._Element, refusal: Refusal) -> bool:
        """Whether a refusal is there only because something stands in, or was taken out."""
        container = element if refusal.incomplete else element.getparent()
        out = set() if container is None else self.taken_out.get(container, set())
        return element in self.stand_ins or any(each.localname in out for each in refusal.wanted)

    def restore(self) -> None:
        """The tree as it was."""
        for step in reversed(self.undo):
            step()

    def _stand_in_for(self, element: etree._Element, refusal: Refusal) -> etree.QName | None:
        parent = cast(etree._Element, element.getparent())
        out = self.taken_out.get(parent, set())
        missing = missing_before(element, refusal.wanted, self.facts)
        return next((each for each in refusal.wanted if each.localname in out or each.localname in missing), None)


def missing_before(element: etree._Element, wanted: Iterable[etree.QName], facts: Facts) -> set[str]:
    """The wanted elements that are required, come before this one in the schema, and are nowhere to be found."""
    path = path_of(element)
    if path not in facts:
        return set()
    before = takewhile(lambda name: name != path[-1], facts[path[:-1]].children)
    known = set(before) & {each.localname for each in wanted}
    required = {name for name in known if facts[(*path[:-1], name)].required}
    there = {local_name(other) for other in element.itersiblings()}
    return set() if required & there else required


def _look_behind(facts: Facts, judge: Callable[[], Refusals], found: Refusals) -> None:
    """Add to `found` what libxml2 passes over: all that follows a structural fault in its container."""
    mending = _Mending(facts, [], set(), {})
    fresh = {element: list(reasons) for element, reasons in found.items()}
    try:
        for _ in range(_LOOKS):
            obstacles = [
                (element, reason) for element, reasons in fresh.items() for reason in reasons if _stops(element, reason)
            ]
            if not obstacles or len(found) > MAX_FAULTS:
                return
            for element, reason in obstacles:
                mending.mend(element, reason)
            fresh = {
                element: new
                for element, reasons in judge().items()
                if element not in mending.stand_ins
                and (new := [each for each in reasons if each not in found.get(element, ())])
            }
            for element, reasons in fresh.items():
                told = [reason for reason in reasons if not mending.follows_from_mending(element, reason)]
                if told:
                    found.setdefault(element, []).extend(told)
    finally:
        mending.restore()


def _stops(element: etree._Element, reason: Refusal) -> bool:
    return reason.sort == STRUCTURE and not reason.incomplete and element.getparent() is not None
