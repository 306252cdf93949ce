"""Code lists as files: a folder of TOML, each file one edition of one list.

The texts of faults are Dutch: they are for the officer who wrote the file.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.standard.codelists import Codelist, Codelists, Geldigheid, Lijstsoort, Regel
from iwmo_gateway.standard.kinds import Domain

_CODES: Final[Mapping[Lijstsoort, tuple[str, str]]] = {
    Lijstsoort.GEMEENTEN: ("[0-9]{4}", "een CBS-code van vier cijfers"),
    Lijstsoort.PRODUCTCODES: ("[0-9A-Z]{5}", "een productcode van vijf cijfers en hoofdletters"),
    Lijstsoort.AANBIEDERS: ("[0-9]{8}", "een AGB-code van acht cijfers"),
}
_NEEDED: Final = (Lijstsoort.GEMEENTEN, Lijstsoort.PRODUCTCODES)
"""A folder without one of these is more likely a slip than a wish to check less."""

_DAY: Final = "een datum zonder aanhalingstekens, zoals 2027-01-31"
_NAME: Final = r"[0-9A-Za-z][0-9A-Za-z._-]*"
_NAMED: Final = "tussen aanhalingstekens, met letters, cijfers, punten en streepjes"


@dataclass(frozen=True, slots=True)
class CheckedLists:
    """What the files in a folder say: the lists that are right, and everything that is wrong (`file: key: text`)."""

    codelists: Codelists
    faults: tuple[str, ...]


def load_codelists(folder: Path) -> Codelists:
    """Read every `.toml` file in a folder.

    Raises ConfigurationError, with the file and the key of the first fault, for a file that is no code list, for
    editions that contradict one another, and for a folder without a list of municipalities or of product codes.
    """
    checked = check_codelists(folder)
    if checked.faults:
        first, *rest = checked.faults
        more = f" (en nog {len(rest)}; `iwmo-gateway codelists` noemt alles)" if rest else ""
        raise ConfigurationError(f"{first}{more}")
    return checked.codelists


def check_codelists(folder: Path) -> CheckedLists:
    """Read every `.toml` file in a folder, and tell all that is wrong."""
    found: list[Codelist] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        part = _Part(path, (), _values(path, faults), faults)
        before = len(faults)
        edition = _edition(path, part) if part.values else None
        if edition is not None and len(faults) == before:
            found.append(edition)
    if not faults:
        faults += [*_missing(folder, found), *_contradictions(found)]
    return CheckedLists(Codelists(tuple(found)), tuple(faults))


def _values(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:  # no UTF-8 and no TOML are ValueErrors
        faults.append(f"{path}: kan niet worden gelezen als TOML in UTF-8: {error}")
        return {}
    if not values:
        faults.append(f"{path}: is leeg; verwacht een codelijst")
    return values


class _Part:
    """A table whose keys are taken one by one; what is not as it should be is noted with its file and key."""

    def __init__(self, path: Path, keys: tuple[str, ...], values: dict[str, Any], faults: list[str]) -> None:
        self.values = dict(values)
        self._path = path
        self._keys = keys
        self._faults = faults

    def below(self, key: str, values: dict[str, Any]) -> "_Part":
        return _Part(self._path, (*self._keys, key), values, self._faults)

    def note(self, key: str, text: str) -> None:
        self._faults.append(f"{self._path}: {'.'.join((*self._keys, key))}: {text}")

    def take(self, key: str, wanted: str, fits: Callable[[Any], bool], *, optional: bool = False) -> Any:
        """The value of a key; None where it is not there or does not fit."""
        value = self.values.pop(key, None)
        if value is None:
            if not optional:
                self.note(key, f"ontbreekt; verwacht {wanted}")
        elif not fits(value):
            self.note(key, f"verwacht {wanted}; gevonden {_as_written(value)}")
            return None
        return value

    def period(self, first: str, last: str, *, optional: bool = True) -> Geldigheid:
        vanaf = self.take(first, _DAY, _is_day, optional=optional)
        tot_en_met = self.take(last, _DAY, _is_day, optional=True)
        if vanaf and tot_en_met and tot_en_met < vanaf:
            self.note(last, f"verwacht een datum vanaf {vanaf}; gevonden {tot_en_met}")
        return Geldigheid(vanaf, tot_en_met)

    def end(self, known: str) -> None:
        """Whatever was not taken is no key: a slip would otherwise be something that silently does not count."""
        for key in self.values:
            self.note(key, f"is hier geen sleutel; verwacht {known}")


def _edition(path: Path, part: _Part) -> Codelist | None:
    wanted = " of ".join(f'"{soort}"' for soort in Lijstsoort)
    named = part.take("soort", wanted, lambda value: value in list(Lijstsoort))
    if named is None:
        return None
    soort = Lijstsoort(named)
    of_products = soort is Lijstsoort.PRODUCTCODES
    domain = part.take("domein", '"wmo" of "jw"', lambda value: value in list(Domain)) if of_products else None
    lijst = part.take("lijst", f"de naam van de lijst {_NAMED}", _is(_NAME))
    versie = part.take("versie", f"de versie {_NAMED}", _is(_NAME))
    bron = part.take("bron", "waar de lijst vandaan komt, op een regel", _is(r"\S[^\n]*"))
    geldig = part.period("geldig_vanaf", "geldig_tot_en_met", optional=False)
    table = part.take(
        soort, f"een tabel onder de kop [{soort}]", lambda value: isinstance(value, dict) and len(value) > 0
    )
    codes = (_products if of_products else _names)(soort, part.below(soort, table or {}))
    part.end(
        f"soort, {'domein, ' if of_products else ''}lijst, versie, bron, geldig_vanaf, geldig_tot_en_met of {soort}"
    )
    domein = Domain(domain) if domain else None
    return Codelist(str(path), soort, domein, str(lijst), str(versie), str(bron), geldig, codes)


def _names(soort: Lijstsoort, part: _Part) -> dict[str, tuple[Regel, ...]]:
    """`0340 = "Rhenen"`, or `0501 = { naam = "Brielle", tot_en_met = 2022-12-31 }`."""
    pattern, wanted = _CODES[soort]
    found: dict[str, tuple[Regel, ...]] = {}
    for code, value in part.values.items():
        if not re.fullmatch(pattern, code):
            part.note(code, f"verwacht als sleutel {wanted}")
        elif isinstance(value, dict):
            entry = part.below(code, value)
            naam = entry.take("naam", "een naam tussen aanhalingstekens", _is(r"\S.*"))
            found[code] = (Regel(str(naam), entry.period("vanaf", "tot_en_met")),)
            entry.end("naam, vanaf of tot_en_met")
        elif _is(r"\S.*")(value):
            found[code] = (Regel(value),)
        else:
            part.note(
                code, f"verwacht een naam, of {{ naam = …, vanaf = …, tot_en_met = … }}; gevonden {_as_written(value)}"
            )
    return found


def _products(soort: Lijstsoort, part: _Part) -> dict[str, tuple[Regel, ...]]:
    """`02 = ["02A03", { code = "02A22", vanaf = 2027-01-01 }]`: codes below their category."""
    found: dict[str, tuple[Regel, ...]] = {}
    pattern, wanted = _CODES[soort]
    for categorie, codes in part.values.items():
        if not re.fullmatch("[0-9]{2}", categorie):
            part.note(categorie, "verwacht als sleutel een productcategorie van twee cijfers")
        if not isinstance(codes, list):
            part.note(categorie, f"verwacht een lijst van productcodes; gevonden {_as_written(codes)}")
            continue
        for nr, value in enumerate(codes, 1):
            entry = part.below(f"{categorie}[{nr}]", value if isinstance(value, dict) else {"code": value})
            code = entry.take("code", wanted, _is(pattern))
            regel = Regel(categorie, entry.period("vanaf", "tot_en_met"))
            entry.end("code, vanaf of tot_en_met")
            if any(regel.geldig.meets(other.geldig) for other in found.get(code, ())):
                part.note(f"{categorie}[{nr}]", f"{code} staat er op dezelfde dag tweemaal")
            if code:
                found[code] = (*found.get(code, ()), regel)
    return found


def _missing(folder: Path, found: list[Codelist]) -> Iterator[str]:
    for soort in _NEEDED:
        if all(edition.soort is not soort for edition in found):
            yield f'{folder / f"{soort}.toml"}: ontbreekt, en geen ander bestand in de map heeft soort = "{soort}"'


def _contradictions(found: list[Codelist]) -> Iterator[str]:
    """Editions that cannot both be meant. One without an end holds until the next one begins."""
    ordered = sorted(found, key=lambda edition: edition.geldig.vanaf or date.min)
    for earlier, later in combinations(ordered, 2):
        if earlier.identity == later.identity:
            yield f"{later.bestand}: lijst en versie zijn {later.identity}, net als in {earlier.bestand}"
        elif (earlier.soort, earlier.domein) == (later.soort, later.domein):
            begin, end = later.geldig.vanaf, earlier.geldig.tot_en_met
            if begin == earlier.geldig.vanaf:
                yield f"{later.bestand}: geldig_vanaf: {begin} is ook die van {earlier.bestand}"
            elif begin and end and begin <= end:
                yield f"{later.bestand}: geldig_vanaf: {begin} valt binnen {earlier.bestand}, die geldt t/m {end}"


def _is(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_day(value: Any) -> bool:
    return type(value) is date  # a moment is a date too


def _as_written(value: Any) -> str:
    """A value more or less as TOML has it."""
    if isinstance(value, dict | list):
        return "een tabel" if isinstance(value, dict) else "een lijst"
    text = str(value)[:80]
    return f'"{text}"' if isinstance(value, str) else text
