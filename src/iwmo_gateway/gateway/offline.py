"""Judging files without a store, as `iwmo-gateway validate` does."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.historie import Bronnen
from iwmo_gateway.rules.verdict import Outcome, judge_alone, judge_offline, schema_verdict
from iwmo_gateway.standard.codelists import Codelists
from iwmo_gateway.standard.reading import to_bericht, to_retour
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Unreadable, read


@dataclass(frozen=True, slots=True)
class FileReport:
    """What can be said of one file, and how far it was judged."""

    file: str
    soort: str | None
    refused: bool
    summary: str
    findings: tuple[Finding, ...]


def judge_file(path: Path, schemas: Schemas, codelists: Codelists, ontvangen: date) -> FileReport:
    """Levels 1 and 2, and what of level 4 needs no earlier message, as if received on the day `ontvangen`."""
    document = read(path.read_bytes())
    if isinstance(document, Unreadable):
        return FileReport(str(path), None, refused=True, summary="geen bericht", findings=(_unreadable(document),))
    soort = str(document.soort)
    check = schemas.check(document)
    if not check.ok:
        more = " en meer" if check.more else ""
        said = f"{soort}: voldoet niet aan het schema ({len(check.faults)} fouten{more}); verder niet beoordeeld"
        return FileReport(str(path), soort, refused=True, summary=said, findings=schema_verdict(check).findings)
    if document.soort.is_answer:
        verdict = judge_alone(to_retour(document))
        said = f"{soort}: {_SAID[verdict.outcome]} (niveaus 1 en 2; verder vraagt het bericht dat het beantwoordt)"
        return FileReport(str(path), soort, verdict.outcome is not Outcome.ACCEPTED, said, verdict.findings)
    verdict = judge_offline(to_bericht(document), Bronnen(ontvangen, codelists))
    levels = "niveaus 1 en 2" if verdict.about_content else "niveaus 1, 2 en 4; niveau 3 vraagt eerdere berichten"
    said = f"{soort}: {_SAID[verdict.outcome]} ({levels})"
    return FileReport(str(path), soort, verdict.outcome is not Outcome.ACCEPTED, said, verdict.findings)


_SAID: Final = {
    Outcome.ACCEPTED: "goed",
    Outcome.PARTLY_ACCEPTED: "deels goed",
    Outcome.REFUSED: "geen regel goed",
    Outcome.REJECTED: "afgekeurd",
}


def _unreadable(unreadable: Unreadable) -> Finding:
    return Finding(
        regel="XML",
        niveau=1,
        retourcode=None,
        klasse="",
        pad="/",
        regelnummer=unreadable.regelnummer or 1,
        tekst=unreadable.tekst,
        verwacht=unreadable.verwacht,
        gevonden=None,
        actie=Actie.REJECT,
    )
