"""What no single key of a contract profile tells: overlaps, gaps, names that stand twice, rules that cannot hold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, TypeVar

from iwmo_gateway.contract.afspraken import EURO
from iwmo_gateway.contract.regels import REGELS, misused
from iwmo_gateway.contract.source import KeyPath, ProfielFault, Source
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import RELEASES, Domain
from iwmo_gateway.standard.schemafiles import retour_codes

T = TypeVar("T")


# What no single field tells. It works on what was read rather than on the typed profile, so that a profile with a wrong
# code hears of its overlapping tariffs at once; whatever does not have the right form is passed over here.


def contradictions(source: Source) -> Iterator[ProfielFault]:
    """Everything that is wrong with what was read, whether or not the keys by themselves are right."""
    values = source.values
    whole = _period(values)
    yield from _backwards(source, (), values)
    yield from _repeated(source, "gemeente", [(("gemeenten", i), one) for i, one in _of_type(values, "gemeenten", str)])
    products = [(("producten", i), product) for i, product in _of_type(values, "producten", dict)]
    codes = [((*place, "code"), product.get("code")) for place, product in products]
    yield from _repeated(source, "product", codes)
    for place, product in products:
        yield from _wrong_tariffs(source, place, product, whole)
    known = {code for _, code in codes if isinstance(code, str)}
    yield from _wrong_rules(source, known)
    yield from _wrong_multiples(source, known)
    yield from _lots_missing(source)
    classes = _of_type(values.get("verantwoording"), "klassen", dict)
    turnovers = [(("verantwoording", "klassen", i), str(one.get("vanaf_euro"))) for i, one in classes]
    yield from _repeated(source, "de klasse vanaf €", turnovers)
    for i, toelating in _of_type(values.get("aanbieders"), "toegelaten", dict):
        yield from _backwards(source, ("aanbieders", "toegelaten", i), toelating)


def _wrong_rules(source: Source, known: set[str]) -> Iterator[ProfielFault]:
    """Rules that do not say what they need, or speak of what is not in the profile."""
    rules = [(("regels", i), rule) for i, rule in _of_type(source.values, "regels", dict)]
    yield from _repeated(source, "regel", [((*place, "regel"), rule.get("regel")) for place, rule in rules])
    domain = next((one for one in Domain if one == source.values.get("domein")), Domain.WMO)
    codes = {release: retour_codes(shipped("xsd"), domain, release) for release in RELEASES}
    for place, rule in rules:
        if isinstance(rule.get("regel"), str) and rule["regel"] not in REGELS:
            line = source.line_of((*place, "regel"))
            yield ProfielFault(line, f"regel: {rule['regel']} is geen regel; verwacht een van {', '.join(REGELS)}")
        for key, told in misused(rule, codes):
            yield ProfielFault(source.line_of((*place, key)), told)
        for key in ("producten", "bij"):
            for i, code in _of_type(rule, key, str):
                if code not in known:
                    yield ProfielFault(source.line_of((*place, key, i)), f"{code} is geen product van dit profiel")


def _wrong_multiples(source: Source, known: set[str]) -> Iterator[ProfielFault]:
    """Products that are indexed to a multiple and are not in the profile, or to two."""
    named = [
        (("indexering", "veelvouden", i, "producten", j), code)
        for i, multiple in _of_type(source.values.get("indexering"), "veelvouden", dict)
        for j, code in _of_type(multiple, "producten", str)
    ]
    yield from _repeated(source, "product", named)
    for place, code in named:
        if code not in known:
            yield ProfielFault(source.line_of(place), f"{code} is geen product van dit profiel")


def _lots_missing(source: Source) -> Iterator[ProfielFault]:
    """A rule about lots where no product has one, which would never say anything."""
    if any("perceel" in product for _, product in _of_type(source.values, "producten", dict)):
        return
    for i, rule in _of_type(source.values, "regels", dict):
        if rule.get("regel") == "contract-perceel":
            yield ProfielFault(source.line_of(("regels", i, "regel")), "geen product van dit profiel heeft een perceel")


def _wrong_tariffs(
    source: Source, place: KeyPath, product: Mapping[str, Any], whole: tuple[date, date] | None
) -> Iterator[ProfielFault]:
    code, unit = product.get("code"), product.get("eenheid")
    which = f"product {code}" if isinstance(code, str) else "dit product"
    if unit == EURO and product.get("tarieven"):
        line = source.line_of((*place, "tarieven"))
        yield ProfielFault(line, f"{which} heeft eenheid {EURO} (euro) en dan geen tarief; gevonden een tarief")
    elif unit != EURO and product.get("tarieven", []) == [] and source.values.get("concept") is not True:
        told = f"{which} heeft geen tarief; alleen bij eenheid {EURO} en in een concept hoort er geen"
        yield ProfielFault(source.line_of(place), told)
    earlier: list[tuple[date, date]] = []
    for i, tarief in _of_type(product, "tarieven", dict):
        here = (*place, "tarieven", i)
        yield from _backwards(source, here, tarief)
        period = _period(tarief)
        if period is None:
            continue
        told = f"{which}: het tarief van {_told(period)}"
        if whole and not whole[0] <= period[0] <= period[1] <= whole[1]:
            line = source.line_of(here)
            yield ProfielFault(line, f"{told} valt buiten de geldigheid van het profiel, {_told(whole)}")
        other = next((one for one in earlier if period[0] <= one[1] and one[0] <= period[1]), None)
        if other is not None:  # the first will do: of thousands that all overlap, each pair would be millions of faults
            yield ProfielFault(source.line_of(here), f"{told} overlapt dat van {_told(other)}")
        earlier.append(period)
    ordered = sorted(earlier)
    for before, after in pairwise(ordered):
        if after[0] > before[1] + timedelta(days=1):
            line = source.line_of((*place, "tarieven"))
            yield ProfielFault(line, f"{which} heeft geen tarief tussen {before[1]} en {after[0]}")


def _repeated(source: Source, what: str, named: Sequence[tuple[KeyPath, Any]]) -> Iterator[ProfielFault]:
    first: dict[str, int] = {}
    for place, name in named:
        if not isinstance(name, str):
            continue
        line = source.line_of(place)
        if name in first:
            yield ProfielFault(line, f"{what} {name} staat er meer dan eens, het eerst op regel {first[name]}")
        first.setdefault(name, line)


def _backwards(source: Source, place: KeyPath, part: Mapping[str, Any]) -> Iterator[ProfielFault]:
    begin, end = part.get("vanaf"), part.get("tot_en_met")
    if type(begin) is type(end) is date and end < begin:
        line = source.line_of((*place, "tot_en_met"))
        yield ProfielFault(line, f"tot_en_met: verwacht een datum vanaf {begin}; gevonden {end}")


def _period(part: Mapping[str, Any]) -> tuple[date, date] | None:
    """The period of a part that has a right one."""
    begin, end = part.get("vanaf"), part.get("tot_en_met")
    return (begin, end) if type(begin) is type(end) is date and begin <= end else None


def _of_type(part: Any, key: str, kind: type[T]) -> list[tuple[int, T]]:
    """The elements of a list that are of a kind, with their positions; none where there is no list."""
    elements = part.get(key) if isinstance(part, dict) else None
    return [(i, one) for i, one in enumerate(elements) if isinstance(one, kind)] if isinstance(elements, list) else []


def _told(period: tuple[date, date]) -> str:
    return f"{period[0]} t/m {period[1]}"
