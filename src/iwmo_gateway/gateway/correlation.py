"""The correlation id: what ties log lines, events and messages to the call that they follow from."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from structlog.contextvars import bound_contextvars, get_contextvars

from iwmo_gateway.store.messages import Message


def correlation() -> str | None:
    """The id of the call that is under way, as its log lines have it; None outside of one."""
    return get_contextvars().get("request")


def on_behalf_of(message: Message) -> AbstractContextManager[None]:
    """What is done meanwhile, long after the call that brought the message in, is told under the id of that call."""
    return bound_contextvars(request=message.request)


def noted(detail: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
    """The detail of an event, with the id of the call that it follows from."""
    request = correlation()
    return detail if request is None else {**(detail or {}), "request": request}
