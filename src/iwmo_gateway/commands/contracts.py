"""Contract profiles: checking, loading and showing them."""

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from iwmo_gateway.commands.environment import migrate_embedded, out, recorded, the_gateway
from iwmo_gateway.contract import indexation
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.prose import COLUMNS, CONCEPT, explained, lots, notes, rows, rules, unseen
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.audit import Action

contract: Final = typer.Typer(
    no_args_is_help=True, help="Contract profiles: what municipalities and providers agreed on."
)


@contract.command("check")
def contract_check(
    profiles: Annotated[list[str], typer.Argument(metavar="FILE|NAME", help="TOML files, or shipped profiles.")],
) -> None:
    """Check profiles, without a database, and explain them in Dutch.

    Prints file:line: text for everything that is wrong, and ends with 1 if there is anything.
    """
    right = [_checked(wanted) for wanted in profiles]
    for checked in right:
        if checked.profiel is not None:
            _print_profile(checked.profiel)
    if any(checked.faults for checked in right):
        raise typer.Exit(1)


@contract.command("load")
def contract_load(
    profile: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A TOML file, or a shipped profile.")],
) -> None:
    """Load a profile as the next version of its name; messages are judged by it from then on."""
    checked = _checked(profile)
    if checked.faults:
        raise typer.Exit(1)
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.LOAD, f"contract load {contracts.file_of(profile).stem}") as caller:
            loaded, new = contracts.load(gateway, caller, checked)
    if checked.profiel is not None and checked.profiel.concept:
        out.print(CONCEPT)
    out.print(f"{loaded.identity} {'is geladen' if new else 'heeft deze inhoud al; er is niets veranderd'}")


@contract.command("show")
def contract_show(
    profile: Annotated[
        str | None, typer.Argument(metavar="NAME[/VERSION]", help="A loaded profile; its newest version if not told.")
    ] = None,
    toml: Annotated[bool, typer.Option("--toml", help="The text as it was loaded.")] = False,
) -> None:
    """List the profiles that are loaded, or explain one in Dutch."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.READ, "contract show"):
            if profile is None:
                _print_profiles(gateway)
            elif toml:
                sys.stdout.write(contracts.shown_text(gateway, profile))
            else:
                _print_profile(contracts.shown(gateway, profile))


@contract.command("index")
def contract_index(
    profile: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A TOML file, or a shipped profile.")],
    cpi: Annotated[str, typer.Option("--cpi", metavar="PERCENT", help="How much the index went up, such as 3.4.")],
    vanaf: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day of the new tariffs, which hold a year."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where to write the text, instead of printing it.")
    ] = None,
) -> None:
    """Propose the next year's tariffs as the next version of a profile, without a database. Nothing is loaded.

    The difference is shown as a table; without --output on standard error, so that the text can be kept.
    """
    name = contracts.file_of(profile).stem
    if output is not None and (output.exists() or output.name != f"{name}.toml"):
        raise ConfigurationError(
            f"{output} bestaat al; kies een andere map"
            if output.exists()
            else f"--output: het voorstel is de volgende versie van {name} en heet dan {name}.toml; gevonden {output}"
        )
    checked = _checked(profile)
    if checked.faults:
        raise typer.Exit(1)
    voorstel = contracts.index(name, checked, cpi, vanaf.date())
    if output is None:
        sys.stdout.write(voorstel.tekst)
    else:
        _write(output, voorstel.tekst)
    console = Console(stderr=True, highlight=False, width=160) if output is None else out
    texts = {"code", "product"}
    table = Table(*(Column(each, justify="left" if each in texts else "right") for each in indexation.COLUMNS))
    for row in indexation.rows(voorstel):
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)
    if voorstel.ongewijzigd:
        console.print(f"Zonder tarief op de dag ervoor, en dus ongewijzigd: {', '.join(voorstel.ongewijzigd)}")
    console.print("Dit is een voorstel en telt nog niet. Lees het na; `contract load` laat het tellen.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigurationError(f"{path} kan niet worden geschreven: {error.strerror}") from error


def _checked(wanted: str) -> contracts.Checked:
    """A profile from a file, with its faults told."""
    path = contracts.file_of(wanted)
    checked = contracts.check_file(path)
    for fault in checked.faults:
        sys.stdout.write(f"{path}:{fault.regelnummer}: {fault}\n")
    return checked


def _print_profile(profiel: Profiel) -> None:
    for sentence in explained(profiel):
        out.print(escape(sentence))
    right = {"tarief (€)", "functieniveau"}
    table = Table(*(Column(name, justify="right" if name in right else "left") for name in COLUMNS))
    for row in rows(profiel):
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)
    for note in notes(profiel):
        out.print(escape(note))
    _print_list("Percelen:", lots(profiel))
    _print_list("Wat verder wordt beoordeeld:", rules(profiel))
    _print_list("Wat aan een bericht niet te zien is, en dus niet wordt beoordeeld:", unseen(profiel))


def _print_list(title: str, told: Iterable[str]) -> None:
    sentences = list(told)
    if sentences:
        out.print(title)
    for sentence in sentences:
        out.print(escape(f"- {sentence}"))


def _print_profiles(gateway: Gateway) -> None:
    table = Table(Column("profiel", no_wrap=True), "domein", "gemeenten", "van", "t/m", "geladen (UTC)", "door")
    for loaded, gemeenten in contracts.listed(gateway):
        made = f"{loaded.loaded_at:%Y-%m-%d %H:%M}"
        validity = (str(loaded.vanaf), str(loaded.tot_en_met))
        table.add_row(loaded.identity, loaded.domain, ", ".join(gemeenten), *validity, made, escape(loaded.loaded_by))
    out.print(table)
    out.print("Van elk profiel telt de hoogste versie.")
    out.print(f"Meegeleverd (`contract load NAAM`): {', '.join(contracts.shipped_names())}")
