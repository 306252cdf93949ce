"""Level 1: whether a message satisfies the schema of its kind."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from lxml import etree

from iwmo_gateway.standard.expectation import ClassPath, ElementFacts, Expectations
from iwmo_gateway.standard.faults import Author, SchemaFault
from iwmo_gateway.standard.kinds import SOORTEN, Soort
from iwmo_gateway.standard.refusals import MAX_FAULTS, refusals
from iwmo_gateway.standard.schemafiles import (
    Heading,
    XsdVersies,
    parse_schema,
    read_heading,
    schema_of_element,
    unusable,
)
from iwmo_gateway.standard.xml import Document


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """What the schema says of a message: the first faults in the order of the document, and whether there are more."""

    faults: tuple[SchemaFault, ...]
    more: bool

    @property
    def ok(self) -> bool:
        """Whether the message satisfies its schema."""
        return not self.faults


class _PerThread(threading.local):
    """Compiled schemas. Threads that share one read each other's errors, another sender's values and all."""

    def __init__(self) -> None:
        self.schemas: dict[Soort, etree.XMLSchema] = {}
        self.of_elements: dict[tuple[Soort, str, str], etree.XMLSchema] = {}


class Schemas:
    """The schemas below one folder, compiled when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._expectations = Expectations(folder)
        self._per_thread = _PerThread()
        self._headings: dict[Soort, Heading] = {}

    def check(self, document: Document) -> SchemaCheck:
        """Whether the schema of its kind accepts a document. Raises ConfigurationError without a usable schema."""
        return self.check_xml(document.soort, document.root)

    def check_xml(self, soort: Soort, root: etree._Element) -> SchemaCheck:
        """The same for a message that was not read but made: `root` is its Bericht."""
        found = refusals(self._compiled(soort), root, partial(self.classes, soort), partial(self._alone, soort))
        if not found:
            return SchemaCheck((), more=False)
        author = Author(soort, self.classes(soort))
        in_order = sorted(found.items(), key=lambda item: _position(item[0]))
        faults = [fault for element, errors in in_order for fault in author.faults(element, errors)]
        return SchemaCheck(tuple(faults[:MAX_FAULTS]), more=len(faults) > MAX_FAULTS)

    def classes(self, soort: Soort) -> Mapping[ClassPath, ElementFacts]:
        """What the schema says of every element, by path of local names.

        Raises ConfigurationError without a usable schema.
        """
        self._compiled(soort)
        return self._expectations.classes(soort)

    def versions(self, soort: Soort) -> XsdVersies | None:
        """What XsdVersie says in a message that follows this schema; None for release 2.3, whose messages tell none."""
        return self._heading(soort).versions

    def identity(self, soort: Soort) -> str:
        """Which schemas judge this kind: standard, release, version, and a digest of the files."""
        heading = self._heading(soort)
        return f"{soort.domain.standard}-{soort.release}/{heading.version}+sha256:{heading.digest}"

    def verify(self, soorten: Iterable[Soort] = tuple(SOORTEN.values())) -> None:
        """Compile the schema of every kind. Raises ConfigurationError for the first that cannot be used."""
        for soort in soorten:
            self._compiled(soort)

    def _heading(self, soort: Soort) -> Heading:
        if soort not in self._headings:
            self._headings[soort] = read_heading(self._folder / soort.schema_path)
        return self._headings[soort]

    def _compiled(self, soort: Soort) -> etree.XMLSchema:
        compiled = self._per_thread.schemas
        if soort not in compiled:
            path = self._folder / soort.schema_path
            try:
                compiled[soort] = etree.XMLSchema(parse_schema(path))
            except etree.XMLSchemaParseError as error:
                raise unusable(path, str(error)) from error
        return compiled[soort]

    def _alone(self, soort: Soort, name: str, facts: ElementFacts) -> etree.XMLSchema | None:
        """The schema of an element of this kind alone, if its type has a name."""
        if facts.type_name is None or facts.namespace != soort.namespace:
            return None
        compiled, key = self._per_thread.of_elements, (soort, name, facts.type_name)
        if key not in compiled:
            path = self._folder / soort.schema_path
            compiled[key] = etree.XMLSchema(schema_of_element(path, soort.namespace, name, facts.type_name))
        return compiled[key]


def _position(element: etree._Element) -> tuple[int, ...]:
    """Where an element stands in the order of the document."""
    above = [element, *element.iterancestors()]
    return tuple(parent.index(child) for child, parent in pairwise(above))[::-1]
