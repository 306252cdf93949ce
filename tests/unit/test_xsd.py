"""The schema files: they compile, say exactly what the published ones say, and may be others'."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from scripts.read_schemas import facts_of
from xmlschema import XMLSchema10

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.expectation import is_personal
from iwmo_gateway.standard.kinds import RELEASES, SOORTEN, Domain, Soort
from iwmo_gateway.standard.schemafiles import XsdVersies
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read

XSD = shipped("xsd")
SCRIPTS = XSD.parent / "scripts"
SCHEMAS = Schemas(XSD)
WMO301, WMO305 = (SOORTEN[code, "3.2"] for code in ("WMO301", "WMO305"))
XS = "{http://www.w3.org/2001/XMLSchema}"
FILES = sorted(XSD.glob("*/*/*.xsd"))
REFERENCE = Path(os.environ["IWMO_REFERENCE"]) if "IWMO_REFERENCE" in os.environ else None

ONE_LINE, OURS = r".*[^\s].*", r"[ \t]*[^\s].*"
LINEAR = {
    OURS,
    r"([.\s]*\S+[.\s]*)+",
    r"([a-zA-Z0-9])+",
    r"([a-zA-ZÀ-ỳ])+",
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)",
    r"[^:Z]*",
    r"[^Z+-]+",
    r"[0-9]*",
    r"[0-9]{4}",
    r"[0-9]{8}",
    r"[0-9]{9}",
    r"NL[0-9]{9}B[0-9]{2}",
}
"""The patterns that were tried on values of megabytes; those without * or + cannot take long."""


def name_of(path: Path) -> str:
    return "/".join(path.parts[-3:])


def test_every_kind_has_its_schema_and_nothing_else_lies_there() -> None:
    expected = {soort.schema_path for soort in SOORTEN.values()}
    expected |= {f"{domain.standard}/{release}/basisschema.xsd" for domain in Domain for release in RELEASES}
    assert {name_of(path) for path in FILES} == expected


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_compiles_with_both_libraries(path: Path) -> None:
    etree.XMLSchema(file=str(path))
    assert XMLSchema10(str(path), allow="sandbox").target_namespace


@pytest.mark.parametrize("soort", SOORTEN.values(), ids=str)
def test_versions_are_those_that_messages_carry(soort: Soort) -> None:
    versions = SCHEMAS.versions(soort)
    told = ("Bericht", "Header", "XsdVersie") in SCHEMAS.classes(soort)
    assert (versions is not None) is told
    if soort.release == "3.2":
        assert versions == XsdVersies("1.0.0", "1.0.0")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_pattern_that_could_take_long(path: Path) -> None:
    patterns = {pattern.get("value", "") for pattern in etree.parse(str(path)).iter(f"{XS}pattern")}
    assert {pattern for pattern in patterns - LINEAR if re.search("[*+]", pattern)} == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_return_codes_carry_no_texts(path: Path) -> None:
    for simple_type in etree.parse(str(path)).iterfind(f"{XS}simpleType[@name='LDT_RetourCode']"):
        assert list(simple_type.iter(f"{XS}documentation")) == []


def _accepts(pattern: str) -> etree.XMLSchema:
    return etree.XMLSchema(
        etree.fromstring(
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"><xs:simpleType>'
            f'<xs:restriction base="xs:string"><xs:pattern value="{pattern}"/></xs:restriction>'
            f"</xs:simpleType></xs:element></xs:schema>"
        )
    )


PUBLISHED_PATTERN, OUR_PATTERN = _accepts(ONE_LINE), _accepts(OURS)
# XSD's own reading: the dot is anything but CR and LF, and \s is these four characters and no others.
SAID = re.compile("[^\n\r]*[^ \t\n\r][^\n\r]*")


def _all_agree(text: str) -> bool:
    element = etree.Element("a")
    element.text = text
    verdicts = {PUBLISHED_PATTERN.validate(element), OUR_PATTERN.validate(element), bool(SAID.fullmatch(text))}
    return len(verdicts) == 1


def test_our_pattern_accepts_what_the_published_one_does_in_every_short_string() -> None:
    strings = ("".join(letters) for length in range(6) for letters in product("a. \t\n\r", repeat=length))
    assert [text for text in strings if not _all_agree(text)] == []


@given(st.text(st.sampled_from("a.Z é\t\n\r\u00a0\u2028\u0085"), max_size=40))
def test_our_pattern_accepts_what_the_published_one_does(text: str) -> None:
    assert _all_agree(text)


def test_many_codes_are_not_all_written_out() -> None:
    facts = SCHEMAS.classes(WMO301)
    path = ("Bericht", "Client", "Contactgegevens", "Contact", "Adres", "LandCode")
    assert facts[path].beschrijving == (
        "een van de 249 codes uit de codelijst, zoals AD (ANDORRA), AE (VERENIGDE ARABISCHE EMIRATEN), AF (AFGHANISTAN)"
    )


def test_personal_is_everything_but_what_is_known_to_be_about_care_and_messages() -> None:
    shown = {
        path[-1]
        for soort in SOORTEN.values()
        for path, facts in SCHEMAS.classes(soort).items()
        if facts.value and not is_personal(path)
    }
    assert {name for name in shown if not re.search(_ABOUT_CARE, name)} == set()


_ABOUT_CARE = re.compile(
    r"^(Aanbieder|Gemeente|Servicebureau|Afzender|Ontvanger|Categorie|Code|Eenheid|Volume|Budget|Frequentie|"
    r"DebetCredit|BetalingAanID|Raamcontract|VerzoekAntwoord|StatusAanlevering|Reden\w+|ReferentieAanbieder|"
    r"(Product|Retour|Valuta|Bericht)(Code|Categorie|Tarief)|Btw\w+|GeleverdVolume|Verrekenpercentage|"
    r"(Begin|Eind|Ingangs|Toewijzings|Afgifte)datum|Toewijzingstijd|"
    r"DagtekeningRetour|\w*(Bedrag|[dD]agtekening|Versie|versie|Nummer|IdentificatieRetour|Identificatie|Ingangsdatum|Einddatum))$"
)


def test_classes_of_a_return_message() -> None:
    classes = SCHEMAS.classes(SOORTEN["WMO306", "3.2"])
    assert [path for path, facts in classes.items() if facts.retour_codes] == [
        ("Bericht", "Header"),
        ("Bericht", "Client"),
        ("Bericht", "Client", "StartProducten", "StartProduct"),
    ]
    product = classes["Bericht", "Client", "StartProducten", "StartProduct"]
    assert (product.repeats, product.required, product.beschrijving) == (True, True, None)
    assert product.children[-1] == "RetourCodes"
    assert not classes["Bericht", "Client"].required
    assert classes["Bericht", "Client", "Bsn"].beschrijving == "9 cijfers"


def test_identity_names_the_schemas_and_changes_with_the_base_schema(tmp_path: Path) -> None:
    shutil.copytree(XSD, tmp_path, dirs_exist_ok=True)
    identity = Schemas(tmp_path).identity(WMO305)
    assert identity == SCHEMAS.identity(WMO305)
    assert re.fullmatch(r"iwmo-3\.2/1\.0\.0\+sha256:[0-9a-f]{12}", identity)
    assert SCHEMAS.identity(SOORTEN["JW303", "2.3"]).startswith("ijw-2.3/1.0+sha256:")
    base = tmp_path / "iwmo/3.2/basisschema.xsd"
    base.write_bytes(base.read_bytes() + b"\n")
    assert Schemas(tmp_path).identity(WMO305) != identity


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.unlink(), id="missing"),
        pytest.param(lambda file: file.write_text("<xs:schema"), id="no XML"),
        pytest.param(lambda file: file.write_text("<a/>"), id="no schema"),
        pytest.param(lambda file: (file.parent / "basisschema.xsd").unlink(), id="no base schema"),
    ],
)
@pytest.mark.filterwarnings("ignore::xmlschema.XMLSchemaImportWarning")
def test_unusable_folder_says_which_file(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    shutil.copytree(XSD, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "iwmo/3.2/wmo305.xsd"
    spoil(file)
    uses: list[Callable[[Schemas], object]] = [
        lambda schemas: schemas.check_xml(WMO305, etree.Element("Bericht")),
        lambda schemas: schemas.verify([WMO305]),
        lambda schemas: schemas.classes(WMO305),
    ]
    for use in uses:
        with pytest.raises(ConfigurationError, match=re.escape(str(file))):
            use(Schemas(tmp_path))


def test_schemas_may_be_written_otherwise(tmp_path: Path) -> None:
    """Other prefixes, an include, groups, an anonymous type and a choice mean what they mean."""
    folder = tmp_path / "iwmo/3.2"
    folder.mkdir(parents=True)
    xs = f'xmlns="http://www.w3.org/2001/XMLSchema" xmlns:z="{WMO305.namespace}" targetNamespace="{WMO305.namespace}"'
    (folder / "types.xsd").write_text(
        f'<schema {xs}><simpleType name="N"><restriction base="integer"><minInclusive value="1"/></restriction>'
        f'</simpleType><group name="G"><choice><element name="A" type="z:N"/><element name="B" type="date"/></choice>'
        f"</group></schema>"
    )
    (folder / "wmo305.xsd").write_text(
        f'<schema {xs}><include schemaLocation="types.xsd"/><element name="Bericht"><complexType><sequence>'
        f'<group ref="z:G" maxOccurs="unbounded"/></sequence></complexType></element></schema>'
    )
    schemas = Schemas(tmp_path)
    good = f'<Bericht xmlns="{WMO305.namespace}"><A xmlns="">1</A></Bericht>'
    assert schemas.check_xml(WMO305, etree.fromstring(good)).ok
    (fault,) = schemas.check_xml(WMO305, etree.fromstring(good.replace(">1<", ">0<"))).faults
    assert (fault.pad, fault.verwacht, fault.gevonden) == ("/Bericht/A[1]", "een geheel getal vanaf 1", "0")
    (fault,) = schemas.check_xml(WMO305, etree.fromstring(good.replace('<A xmlns="">1</A>', ""))).faults
    assert fault.tekst == "In Bericht ontbreekt een van de elementen A of B."
    assert schemas.versions(WMO305) is None


@pytest.mark.parametrize("folder", sorted(XSD.glob("*/*")), ids=lambda folder: "-".join(folder.parts[-2:]))
def test_what_is_read_from_our_schemas_writes_them_again(folder: Path, tmp_path: Path) -> None:
    facts, out = tmp_path / "facts", tmp_path / "xsd"
    facts.mkdir()
    read_again = subprocess.run(
        [sys.executable, SCRIPTS / "read_schemas.py", folder], check=True, stdout=subprocess.PIPE
    )
    (facts / "again.json").write_bytes(read_again.stdout)
    subprocess.run([sys.executable, SCRIPTS / "write_schemas.py", facts, out], check=True)
    written = {name_of(path): path.read_bytes() for path in out.glob("*/*/*.xsd")}
    assert written == {name_of(path): path.read_bytes() for path in folder.glob("*.xsd")}


def test_a_schema_is_read_whatever_its_prefixes_and_what_has_no_place_is_refused(tmp_path: Path) -> None:
    ours = XSD / "iwmo/3.2/wmo305.xsd"
    text = ours.read_text(encoding="utf-8")
    other = tmp_path / "wmo305.xsd"
    other.write_text(text.replace("iwmo:", "b:").replace(":iwmo=", ":b="), encoding="utf-8")
    assert facts_of(other) == facts_of(ours)
    other.write_text(text.replace("xs:sequence>", "xs:all>"), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"wmo305\.xsd:\d+: facts have no place for all"):
        facts_of(other)


needs_reference = pytest.mark.skipif(REFERENCE is None, reason="IWMO_REFERENCE names no reference folder")


@needs_reference
@pytest.mark.parametrize(
    "path", sorted(REFERENCE.glob("facts/*.json")) if REFERENCE else [], ids=lambda path: path.stem
)
def test_says_exactly_what_the_facts_say(path: Path) -> None:
    facts = json.loads(path.read_text(encoding="utf-8"))
    folder = XSD / facts["standard"] / facts["release"]
    published = {"basisschema": facts["basisschema"], **facts["messages"]}
    assert {name.lower() for name in published} == {path.stem for path in folder.glob("*.xsd")}
    for name, expected in published.items():
        said = facts_of(folder / f"{name.lower()}.xsd")
        if "appinfo" not in expected:
            del said["appinfo"]
        assert said == _as_written(expected), name


@needs_reference
def test_the_script_writes_these_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SCRIPTS / "write_schemas.py", f"{REFERENCE}/facts", tmp_path], check=True)
    for path in tmp_path.glob("*/*/*.xsd"):
        assert path.read_bytes() == (XSD / name_of(path)).read_bytes(), name_of(path)


@needs_reference
@pytest.mark.parametrize("sample", sorted(REFERENCE.glob("samples/*/*.xml")) if REFERENCE else [], ids=name_of)
def test_published_samples_are_valid(sample: Path) -> None:
    document = read(sample.read_bytes())
    assert isinstance(document, Document)
    assert SCHEMAS.check(document).faults == ()


def _as_written(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with what we decided to write otherwise: one pattern, one version, no texts of return codes."""
    facts = json.loads(json.dumps(facts).replace(json.dumps(ONE_LINE)[1:-1], json.dumps(OURS)[1:-1]))
    facts.pop("derived", None)
    appinfo = facts.pop("appinfo", None)
    if appinfo is not None:
        facts["appinfo"] = {key: "1.0.0" if "Xsd" in key else value for key, value in appinfo.items()}
    if codes := facts["simpleTypes"].get("LDT_RetourCode"):
        codes["values"] = [[code, None] for code, _ in codes["values"]]
    return facts
