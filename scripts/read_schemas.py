"""Prints the facts of a folder of schemas, for write_schemas.py: `read_schemas.py FOLDER > FACTS_FOLDER/iwmo-3.2.json`.

The folder holds the schemas of one standard in one release, ours or the published ones: basisschema.xsd and one file
for each message. Layout, comments and prefixes do not matter. What facts have no place for is refused, never dropped.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from lxml import etree

XS: Final = "{http://www.w3.org/2001/XMLSchema}"
FACETS: Final = frozenset({"minLength", "maxLength", "minInclusive", "maxInclusive"})

Facts = dict[str, Any]


def main(folder: Path) -> None:
    """Print the facts of the schemas in this folder."""
    json.dump(facts_of_folder(folder), sys.stdout, ensure_ascii=False, indent=1)


def facts_of_folder(folder: Path) -> Facts:
    """What the schemas of one release say, in the shape of a file of facts."""
    schemas = {path.stem.lower(): facts_of(path) for path in sorted(folder.glob("*.xsd"))}
    base = schemas.pop("basisschema")
    standard, release = base["targetNamespace"].split("/")[3:5]
    return {
        "standard": standard,
        "release": release.replace("_", "."),
        "basisschema": base,
        "messages": {name.upper(): schema for name, schema in schemas.items()},
    }


def facts_of(path: Path) -> Facts:
    """What one schema says; the order of its elements and values counts."""
    root = etree.parse(path).getroot()
    if root.get("elementFormDefault") != "qualified":
        raise SystemExit(f"{path}: elementFormDefault is not qualified")
    children: dict[str, list[etree._Element]] = {}
    for child in _children(root, "import", "annotation", "element", "complexType", "simpleType"):
        children.setdefault(etree.QName(child).localname, []).append(child)
    return {
        "targetNamespace": root.get("targetNamespace"),
        "appinfo": {
            etree.QName(note).localname: (note.text or "").strip()
            for annotation in children.get("annotation", ())
            for note in annotation.iterfind(f"{XS}appinfo/*")
        },
        "elements": {each.get("name"): _type(each, "type") for each in children.get("element", ())},
        "complexTypes": {each.get("name"): _sequence(each) for each in children.get("complexType", ())},
        "simpleTypes": {each.get("name"): _restriction(each) for each in children.get("simpleType", ())},
    }


def _sequence(complex_type: etree._Element) -> list[Facts]:
    sequences = [child for child in _children(complex_type, "annotation", "sequence") if child.tag == f"{XS}sequence"]
    return [_element(child) for sequence in sequences for child in _children(sequence, "element")]


def _element(element: etree._Element) -> Facts:
    facts: Facts = {
        "name": element.get("name"),
        "min": int(element.get("minOccurs", "1")),
        "max": element.get("maxOccurs", "1"),
    }
    for child in _children(element, "annotation", "simpleType"):
        if child.tag == f"{XS}simpleType":
            facts["inline"] = _restriction(child)
    return facts if "inline" in facts else facts | {"type": _type(element, "type")}


def _restriction(simple_type: etree._Element) -> Facts:
    facts: Facts = {}
    for restriction in _children(simple_type, "annotation", "restriction"):
        if restriction.tag == f"{XS}restriction":
            facts["base"] = _type(restriction, "base")
            for facet in _children(restriction, "pattern", "enumeration", *FACETS):
                name, value = etree.QName(facet).localname, facet.get("value")
                if name == "pattern":
                    facts.setdefault("patterns", []).append(value)
                elif name == "enumeration":
                    label = facet.findtext(f"{XS}annotation/{XS}documentation")
                    facts.setdefault("values", []).append([value, label])
                else:
                    facts[name] = value
    return facts


def _type(element: etree._Element, attribute: str) -> str:
    """The name of a type, with the prefix that our own schemas have for its namespace."""
    prefix, _, name = element.get(attribute, "").rpartition(":")
    namespace = element.nsmap.get(prefix or None, "")
    if f"{{{namespace}}}" == XS:
        return f"xs:{name}"
    standard, _, schema = namespace.split("/")[3:6]
    return f"{standard if schema == 'basisschema' else schema}:{name}"


def _children(element: etree._Element, *allowed: str) -> list[etree._Element]:
    """The child elements. Exits, with its place, at one that is none of these."""
    children = list(element.iterchildren("*"))
    for child in children:
        if child.tag not in {XS + name for name in allowed}:
            raise SystemExit(
                f"{element.base}:{child.sourceline}: facts have no place for {etree.QName(child).localname}"
            )
    return children


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
