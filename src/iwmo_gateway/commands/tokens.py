"""Tokens: who is let in, to do what, and until when."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, NoReturn

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
from iwmo_gateway.gateway.access import (
    DAYS,
    OVERLAP_DAYS,
    end_of,
    issue_token,
    list_tokens,
    revoke_token,
    rotate_token,
)
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.parties import Right, TokenRole

tokens: Final = typer.Typer(no_args_is_help=True, help="Tokens of parties, operators and auditors.")

_DAY: Final = "%Y-%m-%d"
_TokenId = Annotated[str, typer.Argument(help="Id of the token, from `token list`.")]
_Expires = Annotated[datetime | None, typer.Option(formats=[_DAY], help="The last day on which it is good.")]
_Days = Annotated[int, typer.Option(min=1, max=3650, help="How many days it is good, if no --expires is given.")]


@tokens.command("create")
def token_create(
    label: Annotated[str, typer.Option(help="What it is for; shown in lists.", min=1)],
    party: Annotated[str | None, typer.Option(help="CBS code of a municipality or AGB code of a provider.")] = None,
    role: Annotated[TokenRole, typer.Option(help="Whose it is.")] = TokenRole.PARTY,
    rights: Annotated[str | None, typer.Option(help="Only these rights of its role, as `read` or `send,read`.")] = None,
    domains: Annotated[str, typer.Option(help="Only these domains of its party: `wmo` or `jw`.")] = "wmo,jw",
    expires: _Expires = None,
    days: _Days = DAYS,
) -> None:
    """Make a token, and print it alone. It is kept nowhere: note it now."""
    now = datetime.now(UTC)
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, f"token create {named(party) if party else role}"):
            made = issue_token(
                gateway,
                role,
                party,
                label,
                now,
                expires_at=_end(now, expires, days),
                rights=None if rights is None else words(Right, rights),
                domains=words(Domain, domains),
            )
        sys.stdout.write(f"{made.text}\n")


@tokens.command("rotate")
def token_rotate(
    token_id: _TokenId,
    overlap: Annotated[int, typer.Option(min=0, max=365, help="Days that the old one stays good.")] = OVERLAP_DAYS,
    expires: _Expires = None,
    days: _Days = DAYS,
) -> None:
    """Make a token in the place of another, alike but for its end, and print it alone. The other one ends soon."""
    now = datetime.now(UTC)
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, f"token rotate {named(token_id)}"):
            made = rotate_token(
                gateway, token_id, now, expires_at=_end(now, expires, days), overlap=timedelta(days=overlap)
            )
        if made is None:
            _unknown(token_id)
        sys.stdout.write(f"{made.text}\n")


@tokens.command("list")
def token_list() -> None:
    """Show every token, without the token itself; moments in UTC."""
    table = Table(
        id_column("id"), "rol", "partij", "rechten", "domein", "label", "gemaakt", "tot", "gebruikt", "ingetrokken",
        "vervangt",
    )  # fmt: skip
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "token list"):
            found = list_tokens(gateway)
        for token in found:
            moments = (token.created_at, token.expires_at, token.last_used_at, token.revoked_at)
            table.add_row(
                token.id,
                token.role,
                token.party or "",
                ", ".join(sorted(token.rights)),
                ", ".join(sorted(token.domains)),
                token.label,
                *(f"{moment:%Y-%m-%d %H:%M}" if moment else "" for moment in moments),
                token.replaces or "",
            )
    out.print(table)


@tokens.command("revoke")
def token_revoke(token_id: _TokenId) -> None:
    """Revoke a token, at once."""
    with the_gateway() as gateway:
        migrated(gateway)
        with recorded(gateway, Action.ADMINISTER, f"token revoke {named(token_id)}") as caller:
            token = revoke_token(gateway, token_id, caller.at)
    if token is None:
        _unknown(token_id)
    out.print(f"Revoked: {token.label} ({token.party or token.role})")


def _end(now: datetime, expires: datetime | None, days: int) -> datetime:
    """When it ends: with its last day in Europe/Amsterdam, or so many days from now."""
    return now + timedelta(days=days) if expires is None else end_of(expires.date())


def _unknown(token_id: str) -> NoReturn:
    stop(f"There is no token with id {token_id}; see `iwmo-gateway token list`")
