"""Parties, and the tokens by which they are let in."""

import sys
from typing import Annotated, Final

import typer
from rich.table import Table

from iwmo_gateway.commands.environment import id_column, migrate_embedded, migrated, out, recorded, stop, the_gateway
from iwmo_gateway.gateway.access import create_token, list_parties, list_tokens, revoke_token, set_answering
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.parties import TokenRole

parties: Final = typer.Typer(no_args_is_help=True, help="Parties: municipalities and providers.")
tokens: Final = typer.Typer(no_args_is_help=True, help="Tokens of parties, operators and auditors.")


@parties.command("list")
def party_list() -> None:
    """Show every party, and who answers what it receives."""
    table = Table("code", "soort", "antwoordt")
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "party list"):
            for party in list_parties(gateway):
                table.add_row(party.code, party.kind, "zelf" if party.answers_itself else "de gateway")
    out.print(table)


@parties.command("set")
def party_set(
    code: Annotated[str, typer.Argument(help="CBS code of a municipality or AGB code of a provider.")],
    itself: Annotated[
        bool,
        typer.Option(
            "--answers-itself/--gateway-answers",
            help="Who sends the return messages to what it receives, from now on.",
        ),
    ],
) -> None:
    """Say whether a party sends return messages (302, 306, 325 and so on) itself, or the gateway does."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "party set") as caller:
            set_answering(gateway, code, caller.at, itself=itself)
    who = "party itself answers" if itself else "gateway answers"
    out.print(f"{code}: the {who} what it receives from now on")


@tokens.command("create")
def token_create(
    label: Annotated[str, typer.Option(help="What it is for; shown in lists.", min=1)],
    party: Annotated[str | None, typer.Option(help="CBS code of a municipality or AGB code of a provider.")] = None,
    role: Annotated[TokenRole, typer.Option(help="What it may do.")] = TokenRole.PARTY,
) -> None:
    """Make a token, and print it alone. It is kept nowhere: note it now."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "token create") as caller:
            text = create_token(gateway, role, party, label, caller.at)
        sys.stdout.write(text + "\n")


@tokens.command("list")
def token_list() -> None:
    """Show every token, without the token itself."""
    table = Table(id_column("id"), "rol", "partij", "label", "gemaakt (UTC)", "ingetrokken (UTC)")
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "token list"):
            for token in list_tokens(gateway):
                revoked = f"{token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else ""
                made = f"{token.created_at:%Y-%m-%d %H:%M}"
                table.add_row(token.id, token.role, token.party or "", token.label, made, revoked)
    out.print(table)


@tokens.command("revoke")
def token_revoke(token_id: Annotated[str, typer.Argument(help="Id of the token, from `token list`.")]) -> None:
    """Revoke a token, at once."""
    with the_gateway() as gateway:
        migrated(gateway)
        with recorded(gateway, Action.ADMINISTER, "token revoke") as caller:
            token = revoke_token(gateway, token_id, caller.at)
    if token is None:
        stop(f"There is no token with id {token_id}; see `iwmo-gateway token list`")
    out.print(f"Revoked: {token.label} ({token.party or token.role})")
