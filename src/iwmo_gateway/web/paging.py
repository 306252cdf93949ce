"""Long lists in pages: an answer holds one of them, and where the next one is."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

_One = TypeVar("_One")


class Asked(Protocol):
    """What a list was asked for, as its parameters have it; `limit` is the most that a page holds."""

    limit: int

    def model_dump(self, *, mode: str, exclude_none: bool) -> dict[str, Any]:
        """The parameters that were given, by their names."""


def link(path: str, asked: Asked, **place: object) -> str:
    """The same question, for what lies behind a place in the list."""
    return f"{path}?{urlencode(asked.model_dump(mode='json', exclude_none=True) | place)}"


def page_of(
    path: str, asked: Asked, found: Sequence[_One], **place: Callable[[_One], object]
) -> tuple[Sequence[_One], str | None]:
    """A page, and where the next one is: `found` holds one more than fits, where there is one.

    `place` names the parameter that tells where a page begins, and what it is of the last one before that.
    """
    page = found[: asked.limit]
    if len(found) <= asked.limit:
        return page, None
    return page, link(path, asked, **{name: of(page[-1]) for name, of in place.items()})
