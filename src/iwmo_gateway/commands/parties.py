"""Parties, and the mandates by which one acts for another."""

from datetime import datetime
from typing import Annotated, Final

import typer
from rich.table import Table

from iwmo_gateway.commands.environment import (
    id_column,
    migrate_embedded,
    migrated,
    named,
    out,
    recorded,
    stop,
    the_gateway,
    words,
)
from iwmo_gateway.gateway.parties import (
    add_party,
    create_mandate,
    list_mandates,
    list_parties,
    revoke_mandate,
    set_answering,
    set_domains,
)
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.audit import Action

parties: Final = typer.Typer(no_args_is_help=True, help="Parties: municipalities and providers.")
mandates: Final = typer.Typer(no_args_is_help=True, help="Mandates: which service bureau acts for which party.")

_Code = Annotated[str, typer.Argument(help="CBS code of a municipality or AGB code of a provider.")]
_DAY: Final = ["%Y-%m-%d"]


@parties.command("list")
def party_list() -> None:
    """Show every party: who answers what it receives, where it takes part, and since when it is known (UTC)."""
    table = Table("code", "soort", "antwoordt", "domein", "bekend sinds")
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "party list"):
            found = list_parties(gateway)
        for party in found:
            since = f"{party.registered_at:%Y-%m-%d %H:%M}" if party.registered_at else "onbekend"
            answers = "zelf" if party.answers_itself else "de gateway"
            table.add_row(party.code, party.kind, answers, ", ".join(sorted(party.domains)), since)
    out.print(table)


@parties.command("add")
def party_add(code: _Code) -> None:
    """Make a party known, so that messages can be sent to it. Making a token for it does the same."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, f"party add {named(code)}") as caller:
            add_party(gateway, code, caller.at)
    out.print(f"{code}: known")


@parties.command("set")
def party_set(
    code: _Code,
    itself: Annotated[
        bool | None,
        typer.Option(
            "--answers-itself/--gateway-answers",
            help="Who sends the return messages to what it receives, from now on.",
            show_default=False,
        ),
    ] = None,
    domains: Annotated[str | None, typer.Option(help="Where it takes part: `wmo`, `jw` or `wmo,jw`.")] = None,
) -> None:
    """Say whether a party sends return messages (302, 306, 325 and so on) itself, and where it takes part."""
    if itself is None and domains is None:
        stop("Say what to set: --answers-itself, --gateway-answers or --domains")
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, f"party set {named(code)}") as caller:
            if domains is not None:
                set_domains(gateway, code, caller.at, words(Domain, domains))
                out.print(f"{code}: takes part in {domains} from now on")
            if itself is not None:
                set_answering(gateway, code, caller.at, itself=itself)
                who = "party itself answers" if itself else "gateway answers"
                out.print(f"{code}: the {who} what it receives from now on")


@mandates.command("create")
def mandate_create(
    party: Annotated[str, typer.Option(help="Code of the party that is acted for.")],
    bureau: Annotated[str, typer.Option(help="Code of the party that acts for it, with its own tokens.")],
    begins: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="First day; today if it is left out.")
    ] = None,
    ends: Annotated[
        datetime | None, typer.Option("--until", formats=_DAY, help="Last day; without it until it is revoked.")
    ] = None,
) -> None:
    """Let a service bureau send, read and decide for a party, as far as the rights of its tokens go."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        what = f"mandate create {named(party)} {named(bureau)}"
        with recorded(gateway, Action.ADMINISTER, what) as caller:
            made = create_mandate(
                gateway,
                caller.actor,
                caller.at,
                party=party,
                bureau=bureau,
                vanaf=begins.date() if begins else None,
                tot_en_met=ends.date() if ends else None,
            )
    until = f"until {made.tot_en_met}" if made.tot_en_met else "until it is revoked"
    out.print(f"{made.id}: {bureau} acts for {party} from {made.vanaf} {until}")


@mandates.command("list")
def mandate_list() -> None:
    """Show every mandate, those that ended too."""
    table = Table(id_column("id"), "partij", "bureau", "vanaf", "t/m", "door", "ingetrokken (UTC)")
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "mandate list"):
            found = list_mandates(gateway)
        for one in found:
            revoked = f"{one.revoked_at:%Y-%m-%d %H:%M}" if one.revoked_at else ""
            until = f"{one.tot_en_met}" if one.tot_en_met else ""
            table.add_row(one.id, one.party, one.bureau, f"{one.vanaf}", until, one.created_by, revoked)
    out.print(table)


@mandates.command("revoke")
def mandate_revoke(mandate_id: Annotated[str, typer.Argument(help="Id of the mandate, from `mandate list`.")]) -> None:
    """End a mandate, at once."""
    with the_gateway() as gateway:
        migrated(gateway)
        with recorded(gateway, Action.ADMINISTER, f"mandate revoke {named(mandate_id)}") as caller:
            ended = revoke_mandate(gateway, caller.actor, mandate_id, caller.at)
    if ended is None:
        stop(f"There is no mandate with id {mandate_id}; see `iwmo-gateway mandate list`")
    out.print(f"Revoked: {ended.bureau} does not act for {ended.party} any more")
