"""Writes the project's own XSDs from files of facts: `write_schemas.py FACTS_FOLDER OUT_FOLDER`.

The facts (`iwmo-3.2.json` and its sisters) hold every name, type, facet and code value of the published schemas, from
which read_schemas.py makes them. They are reproduced exactly; layout and comments are ours. Four things are decided
here:

* Versions. A schema says what the published one says; but in release 3.2 every schema says 1.0.0. iWmo's published
  schemas and all published messages do; iJw's published schemas say 0.1.0, and the facts of iWmo's return messages,
  derived from tables, name none.
* Labels. A code value carries its short label, but values of LDT_RetourCode do not: those are others' sentences.
* The published pattern `.*[^\\s].*` (at least one character that is no white space, all on one line) costs libxml2
  quadratic time on a value that ends in a line break: 35 s for 100,000 characters, whatever maxLength says.
  `[ \\t]*[^\\s].*` accepts and refuses the same strings in linear time: `.` is anything but a line break, so all that
  can stand before the first character that is no white space are spaces and tabs.
* The pattern of LDT_Commentaar looks as dangerous, but is not: it refuses only white space, and libxml2 reads 5 MB of
  text of any kind with it in 0.2 s. It stays as published.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from lxml import etree

XS: Final = "http://www.w3.org/2001/XMLSchema"
VERSIONS: Final = {"3.2": "1.0.0"}
"""What every schema of a release says, whatever is published."""
SAME_LANGUAGE: Final = {r".*[^\s].*": r"[ \t]*[^\s].*"}
UNLABELLED: Final = frozenset({"LDT_RetourCode"})
FACETS: Final = ("minLength", "maxLength", "minInclusive", "maxInclusive")

Facts = dict[str, Any]


def main(facts_folder: Path, out_folder: Path) -> None:
    """Write the schemas of every file of facts to `OUT_FOLDER/{standard}/{release}`."""
    for path in sorted(facts_folder.glob("*.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        folder = out_folder / facts["standard"] / facts["release"]
        folder.mkdir(parents=True, exist_ok=True)
        base = Schema(facts, "basisschema", facts["basisschema"])
        messages = [Schema(facts, code.lower(), message) for code, message in facts["messages"].items()]
        for schema in (base, *messages):
            (folder / f"{schema.name}.xsd").write_bytes(schema.as_bytes())


class Schema:
    """One schema in the making."""

    def __init__(self, release: Facts, name: str, facts: Facts) -> None:
        self.name = name
        self.release = release
        self.facts = facts
        self.is_base = name == "basisschema"
        standard, base_namespace = release["standard"], release["basisschema"]["targetNamespace"]
        own = {} if self.is_base else {name: facts["targetNamespace"]}
        self.root = etree.Element(
            f"{{{XS}}}schema",
            {"targetNamespace": facts["targetNamespace"], "elementFormDefault": "qualified"},
            nsmap={"xs": XS, standard: base_namespace, **own},
        )

    def as_bytes(self) -> bytes:
        """The whole file."""
        self._comment()
        if not self.is_base:
            base = self.release["basisschema"]["targetNamespace"]
            _add(self.root, "import", namespace=base, schemaLocation="basisschema.xsd")
        self._appinfo()
        for name, type_name in self.facts["elements"].items():
            _add(self.root, "element", name=name, type=type_name)
        for name, elements in self.facts["complexTypes"].items():
            self._complex_type(name, elements)
        for name, restriction in self.facts["simpleTypes"].items():
            _restriction(_add(self.root, "simpleType", name=name), restriction, labelled=name not in UNLABELLED)
        etree.indent(self.root, space="  ")
        for label in self.root.iter(f"{{{XS}}}enumeration"):
            _on_one_line(label)
        text = etree.tostring(self.root, xml_declaration=True, encoding="UTF-8") + b"\n"
        return re.sub(rb" (?=xmlns:|targetNamespace|elementFormDefault)", b"\n    ", text)

    def _comment(self) -> None:
        lines = [
            "Written by scripts/write_schemas.py: change the script, not this file.",
            "Names, types, facets and code values are those of the schemas published by Zorginstituut Nederland.",
        ]
        if self.is_base:
            lines += [
                r"One pattern is spelled in another way: [ \t]*[^\s].* for the published .*[^\s].*, which accepts the",
                "same values but costs libxml2 quadratic time on a long value that ends in a line break.",
            ]
        self.root.append(etree.Comment("\n    " + "\n    ".join(lines) + "\n  "))

    def _appinfo(self) -> None:
        """The published notes: which standard, message and release this is, and in which versions."""
        release = self.release["release"]
        notes = {"standaard": self.release["standard"], "bericht": self.name, "release": release}
        if version := VERSIONS.get(release):
            parts = ("Basisschema",) if self.is_base else ("Bericht", "Basisschema")
            notes |= {f"{part}Xsd{which}Versie": version for part in parts for which in ("", "Min", "Max")}
        notes = self.facts.get("appinfo", {}) | notes
        namespace = self.release["basisschema"]["targetNamespace"]
        appinfo = _add(_add(self.root, "annotation"), "appinfo")
        for name, text in notes.items():
            etree.SubElement(appinfo, f"{{{namespace}}}{name}").text = text

    def _complex_type(self, name: str, elements: list[Facts]) -> None:
        sequence = _add(_add(self.root, "complexType", name=name), "sequence")
        for facts in elements:
            element = _add(sequence, "element", name=facts["name"])
            if "type" in facts:
                element.set("type", facts["type"])
            if facts["min"] != 1:
                element.set("minOccurs", str(facts["min"]))
            if facts["max"] != "1":
                element.set("maxOccurs", facts["max"])
            if "inline" in facts:
                _restriction(_add(element, "simpleType"), facts["inline"], labelled=True)


def _restriction(simple_type: etree._Element, facts: Facts, *, labelled: bool) -> None:
    restriction = _add(simple_type, "restriction", base=facts["base"])
    for facet in FACETS:
        if facet in facts:
            _add(restriction, facet, value=facts[facet])
    for pattern in facts.get("patterns", ()):
        _add(restriction, "pattern", value=SAME_LANGUAGE.get(pattern, pattern))
    for value, label in facts.get("values", ()):
        enumeration = _add(restriction, "enumeration", value=value)
        if labelled:
            _add(_add(enumeration, "annotation"), "documentation").text = label


def _add(parent: etree._Element, xs_name: str, **attributes: str) -> etree._Element:
    child: etree._Element = etree.SubElement(parent, f"{{{XS}}}{xs_name}", attributes)
    return child


def _on_one_line(element: etree._Element) -> None:
    """Take out the line breaks below an element: a code and its label read best beside each other."""
    for inner in element.iter():
        if len(inner):
            inner.text = None
        if inner is not element:
            inner.tail = None


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
