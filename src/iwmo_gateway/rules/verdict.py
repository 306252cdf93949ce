"""What the levels together say of a message."""

from dataclasses import dataclass
from typing import Final

from iwmo_gateway.rules.content import content
from iwmo_gateway.rules.engine import Actie, Finding, Level
from iwmo_gateway.rules.external import external
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.rules.history import history
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.schemas import SchemaCheck

LEVELS: Final[tuple[Level, ...]] = (content, history, external)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings of a message, and whether they refuse it."""

    findings: tuple[Finding, ...]

    @property
    def rejected(self) -> bool:
        """At least one finding rejects."""
        return any(finding.actie is Actie.REJECT for finding in self.findings)

    @property
    def about_content(self) -> bool:
        """Refused at level 2, where the answer says no more than 0001."""
        return any(finding.niveau == 2 and finding.actie is Actie.REJECT for finding in self.findings)


def judge_alone(bericht: Bericht) -> Verdict:
    """Level 2."""
    return Verdict(content.findings(bericht))


def judge_against(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Verdict:
    """Levels 3 and 4 together; a fault in the Header leaves the rest unsaid."""
    found = (*history.findings(bericht, historie), *external.findings(bericht, historie, bronnen))
    in_header = tuple(finding for finding in found if finding.klasse == "Header" and finding.actie is Actie.REJECT)
    return Verdict(in_header or tuple(sorted(found, key=lambda finding: finding.regelnummer)))


def judge(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Verdict:
    """Levels 2, 3 and 4: level 2 first, and if it refuses the message nothing more."""
    alone = judge_alone(bericht)
    return alone if alone.rejected else Verdict((*alone.findings, *judge_against(bericht, historie, bronnen).findings))


def judge_offline(bericht: Bericht, bronnen: Bronnen) -> Verdict:
    """Level 2, and what of level 4 needs no earlier message: all that can be said without a store."""
    alone = judge_alone(bericht)
    if alone.rejected:
        return alone
    return Verdict((*alone.findings, *external.findings(bericht, Historie(client=""), bronnen)))


def schema_verdict(check: SchemaCheck) -> Verdict:
    """Level 1: what the schema refuses, in the same words as every other fault. There is no return code for it."""
    return Verdict(
        tuple(
            Finding(
                regel="XSD",
                niveau=1,
                retourcode=None,
                klasse=fault.pad.rpartition("/")[2].partition("[")[0],
                pad=fault.pad,
                regelnummer=fault.regelnummer,
                tekst=fault.tekst,
                verwacht=fault.verwacht,
                gevonden=fault.gevonden,
                actie=Actie.REJECT,
            )
            for fault in check.faults
        )
    )
