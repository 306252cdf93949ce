"""What needs no database: judging files, the rules, the code lists."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Column, Table

from iwmo_gateway.commands.environment import (
    out,
    read_settings,
    stop,
)
from iwmo_gateway.gateway.offline import FileReport, judge_file
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.table import rules_table
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import check_codelists, load_codelists
from iwmo_gateway.standard.codelists import Codelists, Lijstsoort
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import RELEASES, Domain
from iwmo_gateway.standard.schemas import Schemas

app: Final = typer.Typer()


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(help="XML messages to judge.", exists=True, dir_okay=False)],
    received: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge as if received on this day.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for all files.")] = False,
) -> None:
    """Judge files without a store: levels 1 and 2, and what of level 4 needs no earlier message.

    Prints file:line: code text, and ends with 1 if there is any finding that refuses a message.
    """
    settings = read_settings()
    schemas = Schemas(settings.schemas or shipped("xsd"))
    lists = load_codelists(settings.codelists or shipped("codelists"))
    day: date = received.date() if received else day_of(datetime.now(UTC))
    reports = [judge_file(path, schemas, lists, day) for path in files]
    if as_json:
        sys.stdout.write(json.dumps([asdict(report) for report in reports], ensure_ascii=False, indent=2) + "\n")
    else:
        for report in reports:
            _print_report(report)
    if any(report.refused for report in reports):
        raise typer.Exit(1)


@app.command()
def rules(
    domain: Annotated[Domain | None, typer.Option(help="Only those of iWmo (wmo) or iJw (jw).")] = None,
    release: Annotated[str | None, typer.Option(help="Only those of this release, such as 3.2.")] = None,
) -> None:
    """Show every rule, per domain and release: for which messages it is implemented, or why it is not."""
    if release is not None and release not in RELEASES:
        stop(f"{release!r} is no release that is known here; these are: {', '.join(RELEASES)}")
    for one in [domain] if domain else Domain:
        for edition in [release] if release else RELEASES:
            table = Table(
                "regel", "niveau", "retourcode", "beoordeeld voor", "verder", title=f"{one.standard} {edition}"
            )
            for row in rules_table(one, edition):
                table.add_row(row.code, str(row.niveau), row.retourcode, row.implemented or "-", row.reason)
            out.print(table)


@app.command()
def codelists(
    folder: Annotated[
        Path | None, typer.Option(help="Folder to check, instead of IWMO_CODELISTS.", exists=True, file_okay=False)
    ] = None,
) -> None:
    """Check the code lists, without a database, and show their versions, validity and source.

    Prints file: key: text for everything that is wrong, and ends with 1 if there is anything.
    """
    checked = check_codelists(folder or read_settings().codelists or shipped("codelists"))
    for fault in checked.faults:
        sys.stdout.write(f"{fault}\n")
    if checked.faults:
        raise typer.Exit(1)
    _print_codelists(checked.codelists)


def _print_report(report: FileReport) -> None:
    for finding in report.findings:
        sys.stdout.write(f"{report.file}:{finding.regelnummer}: {_told(finding)}\n")
    sys.stdout.write(f"{report.file}: {report.summary}\n")


def _told(finding: Finding) -> str:
    code = f"{finding.regel}{f' [{finding.retourcode}]' if finding.retourcode else ''}"
    signal = " (signaal)" if finding.actie is Actie.SIGNAL else ""
    more = {"verwacht": finding.verwacht, "gevonden": finding.gevonden}
    told = "; ".join(f"{name}: {value}" for name, value in more.items() if value)
    return f"{code}{signal} {finding.tekst}{f' ({told})' if told else ''}"


def _print_codelists(lists: Codelists) -> None:
    table = Table(
        Column("lijst", no_wrap=True), "soort", "domein", "van", "t/m", Column("codes", justify="right"), "bron"
    )
    for one in sorted(lists.editions, key=lambda one: (one.soort, one.domein or "", one.geldig.vanaf or date.min)):
        validity = (str(one.geldig.vanaf or ""), str(one.geldig.tot_en_met or ""))
        table.add_row(one.identity, one.soort, one.domein, *validity, str(len(one.codes)), escape(one.bron))
    out.print(table)
    for domain in Domain:
        if not any((one.soort, one.domein) == (Lijstsoort.PRODUCTCODES, domain) for one in lists.editions):
            out.print(
                f"Voor {domain} is er geen lijst van productcodes: die worden daar alleen tegen een contract gehouden."
            )
    if not any(one.soort is Lijstsoort.AANBIEDERS for one in lists.editions):
        out.print("Er is geen lijst van aanbieders: van een AGB-code wordt alleen de vorm gecontroleerd.")
