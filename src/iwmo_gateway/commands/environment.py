"""What every command works in: the settings, the gateway they describe, and where it writes."""

import getpass
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NoReturn, TypeVar

import structlog
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column

from iwmo_gateway.errors import ConfigurationError, GatewayError
from iwmo_gateway.gateway import tracing
from iwmo_gateway.gateway.access import Caller, Origin, is_party_code
from iwmo_gateway.gateway.audit import deed_of, record
from iwmo_gateway.gateway.context import Gateway, is_id, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.audit import Action, Outcome
from iwmo_gateway.store.parties import TokenRole

WordT = TypeVar("WordT", bound=StrEnum)
out: Final = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 240)


def read_settings() -> Settings:
    """The settings. Raises ConfigurationError that names every wrong one."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"IWMO_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError(f"Settings: {wrong}") from None


@contextmanager
def the_gateway() -> Iterator[Gateway]:
    """The gateway of these settings, with its log on standard error."""
    settings = read_settings()
    _log_to_stderr(settings.log_level)
    tracing.start()
    gateway = open_gateway(settings)
    try:
        yield gateway
    finally:
        gateway.close()
        tracing.stop()


@contextmanager
def recorded(gateway: Gateway, action: Action, what: str, messages: Iterable[str] = ()) -> Iterator[Caller]:
    """The operator at this machine. What the block does is in the audit trail when it ends, also where it fails.

    `messages` may grow in the block. To end with another code than 0 is no failure. Raises StoreError where it could
    not be written down.
    """
    caller = Caller(TokenRole.OPERATOR, None, "operator:command line", datetime.now(UTC), origin=_here())
    try:
        yield caller
    except typer.Exit:
        record(gateway, deed_of(caller, action, what, messages=messages))
        raise
    except BaseException as error:
        outcome = Outcome.REFUSED if isinstance(error, ConfigurationError | SystemExit) else Outcome.FAILED
        with suppress(GatewayError):
            record(gateway, deed_of(caller, action, what, messages=messages, outcome=outcome))
        raise
    record(gateway, deed_of(caller, action, what, messages=messages))


def named(given: str) -> str:
    """An id or the code of a party, as it may be written down; anything else could be a Bsn, by mistake."""
    return given if is_id(given) or is_party_code(given) else "…"


def _here() -> Origin:
    """Who is logged in on which machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        user = "?"
    return Origin(address=f"{user}@{platform.node()}"[:100])


def migrate_embedded(gateway: Gateway) -> None:
    """Bring an embedded database up to date; any other must be so already."""
    if gateway.database.embedded:
        gateway.database.migrate()
    migrated(gateway)


def migrated(gateway: Gateway) -> None:
    """Raises ConfigurationError where the database is at another revision than this version works with."""
    current, newest = gateway.database.current_revision, gateway.database.newest_revision
    if current != newest:
        raise ConfigurationError(f"The database is at {current or 'nothing'}, not {newest}: run `iwmo-gateway migrate`")


def _log_to_stderr(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def words(kind: type[WordT], text: str) -> frozenset[WordT]:
    """A few words of one kind, with commas between them. Raises ConfigurationError for any other word."""
    try:
        return frozenset(kind(word.strip()) for word in text.split(","))
    except ValueError:
        raise ConfigurationError(f"{text!r} is not one or more of {', '.join(kind)}") from None


def id_column(header: str) -> Column:
    """A column that is never cut off: an id is there to be copied."""
    return Column(header, no_wrap=True, min_width=36)


def stop(text: str) -> NoReturn:
    """End with 2, and one line that says why."""
    sys.stderr.write(f"iwmo-gateway: {text}\n")
    raise SystemExit(2)
