"""The fixtures as cases: a message, what came before it, and what a right gateway says."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelists import Codelist, Codelists, Geldigheid, Lijstsoort, Regel
from iwmo_gateway.standard.days import AMSTERDAM

FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True)
class Case:
    """One fixture. `findings` are (regel, niveau, retourcode, klasse, pad, actie).

    `vooraf` are earlier messages, each with the status that it must get; `contracten` names of shipped profiles, or
    paths of others; `aanbieders` what stands on a list of providers, where there is one. Of a claim, `bedragen` are
    what it asks and what is approved, `antwoord` what its answer says.
    The parties in `antwoordt_zelf` send their return messages themselves, all the time.
    """

    path: Path
    ontvangen: date
    vooraf: tuple[tuple[Path, str], ...]
    status: str
    findings: tuple[tuple[Any, ...], ...]
    contracten: tuple[str, ...]
    aanbieders: tuple[dict[str, Any], ...]
    bedragen: dict[str, int] | None
    antwoord: tuple[dict[str, Any], ...]
    antwoordt_zelf: tuple[str, ...]
    facts: dict[str, list[dict[str, Any]]]

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def body(self) -> bytes:
        return self.path.read_bytes()


def cases() -> Iterator[Case]:
    for path in sorted(FIXTURES.glob("*/*.toml")):
        if path.parent.name in {"vooraf", "verhaal"}:
            continue
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        yield Case(
            path=path.with_suffix(".xml"),
            ontvangen=said.pop("ontvangen"),
            vooraf=tuple(_earlier(path.parent, entry) for entry in said.pop("vooraf", ())),
            status=said.pop("status"),
            findings=tuple(
                (f["regel"], f["niveau"], f.get("retourcode"), f["klasse"], f["pad"], f["actie"])
                for f in said.pop("bevindingen", ())
            ),
            contracten=tuple(
                name if "/" not in name else str((path.parent / name).resolve()) for name in said.pop("contracten", ())
            ),
            aanbieders=tuple(said.pop("aanbieders", ())),
            bedragen=said.pop("bedragen", None),
            antwoord=tuple(said.pop("antwoord", ())),
            antwoordt_zelf=tuple(said.pop("antwoordt_zelf", ())),
            facts=said,
        )


def _earlier(folder: Path, entry: str | dict[str, str]) -> tuple[Path, str]:
    name, status = (entry, "accepted") if isinstance(entry, str) else (entry["bestand"], entry["status"])
    return (folder / name).resolve(), status


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), AMSTERDAM)


def profile_path(name: str) -> Path:
    """The file of a profile: a shipped one by its name, another by its path."""
    return Path(name) if "/" in name else shipped("contracts") / f"{name}.toml"


def codelists(case: Case, lists: Codelists) -> Codelists:
    """These code lists with the case's own list of providers."""
    codes = {
        one["agb"]: (Regel("Verzonnen", Geldigheid(one.get("vanaf"), one.get("tot_en_met"))),)
        for one in case.aanbieders
    }
    own = Codelist("", Lijstsoort.AANBIEDERS, None, "aanbieders", "test", "test", Geldigheid(date(2015, 1, 1)), codes)
    return Codelists((*lists.editions, own)) if codes else lists


def profile(name: str) -> Profiel:
    path = profile_path(name)
    parsed = parse_profiel(path.read_text(encoding="utf-8"), path.stem, 1)
    assert isinstance(parsed, Profiel), parsed
    return parsed
