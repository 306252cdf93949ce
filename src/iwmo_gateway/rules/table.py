"""The table of rules: for every published code, which messages a rule of ours judges by it, or why none does."""

from dataclasses import dataclass

from iwmo_gateway.rules.rulebook import PublishedRule, rulebook
from iwmo_gateway.rules.verdict import LEVELS
from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.standard.reading import HANDLED


@dataclass(frozen=True, slots=True)
class Row:
    """One published rule."""

    code: str
    niveau: int
    code_3_2: str
    code_2_3: str
    implemented: str
    reason: str


def rules_table() -> list[Row]:
    """Every published rule, in the order of the codes."""
    judged = {code: rule.berichten for level in LEVELS for code, rule in level.rules.items()}
    return [_row(published, judged.get(code, frozenset())) for code, published in rulebook().items()]


def _row(published: PublishedRule, berichten: frozenset[str]) -> Row:
    waiting = sorted(published.berichten - HANDLED, key=lambda kind: (not kind.startswith("W"), kind))
    reasons = [f"door {published.door}"] if published.door else []
    if berichten and (unknown := sorted(published.feiten - HANDLED)):
        reasons.append(f"vindt pas iets met de feiten van {' '.join(unknown)}")
    if waiting:
        reasons.append(f"nog niet in behandeling: {' '.join(waiting)}")
    return Row(
        code=published.code,
        niveau=published.niveau,
        code_3_2=_code(published, "3.2"),
        code_2_3=_code(published, "2.3"),
        implemented=" ".join(sorted(berichten)) or "-",
        reason="; ".join(reasons),
    )


def _code(published: PublishedRule, release: str) -> str:
    """The return code in a release, or why there is none."""
    exists = any((kind, release) in SOORTEN for kind in published.berichten)
    if not exists or not published.holds_in(release):
        return "geldt niet"
    return published.retourcode(release) or ("-" if published.niveau == 1 else "signaal")
