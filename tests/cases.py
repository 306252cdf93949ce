"""The fixtures as cases: a message, what came before it, and what a right gateway says."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from iwmo_gateway.standard.days import AMSTERDAM

FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True)
class Case:
    """One fixture. `findings` are (regel, niveau, retourcode, klasse, pad, actie)."""

    path: Path
    ontvangen: date
    vooraf: tuple[Path, ...]
    status: str
    findings: tuple[tuple[Any, ...], ...]
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
            vooraf=tuple((path.parent / name).resolve() for name in said.pop("vooraf", ())),
            status=said.pop("status"),
            findings=tuple(
                (f["regel"], f["niveau"], f.get("retourcode"), f["klasse"], f["pad"], f["actie"])
                for f in said.pop("bevindingen", ())
            ),
            facts=said,
        )


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), AMSTERDAM)
