"""What a search form of the console asks: read from the address, with the fault at its field where it cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from iwmo_gateway.standard.days import AMSTERDAM

ModelT = TypeVar("ModelT", bound=BaseModel)
PAGE: Final = 50
"""How many rows a page shows."""
FILE: Final = 1000
"""The most rows of a file, as of a page of the API."""
_MOMENTS: Final = frozenset({"ontvangen_vanaf", "ontvangen_tot"})
"""Where a form asks for a day, and the question is for its first moment."""


@dataclass(frozen=True, slots=True)
class Question(Generic[ModelT]):
    """What the form shows; what is asked by it, or else what is wrong with which field.

    `filled` where somebody filled anything in.
    """

    given: Mapping[str, str]
    asked: ModelT | None
    faults: Mapping[str, str] = field(default_factory=dict)
    filled: bool = True

    @property
    def status(self) -> int:
        """Of the page that shows it."""
        return 400 if self.faults else 200

    @property
    def begin(self) -> dict[str, str]:
        """The same question, from the first page."""
        return {name: value for name, value in self.given.items() if name != "after"}

    def following(self, after: Any) -> dict[str, str] | None:
        """The same question, behind this place; None where there is no more."""
        return None if after is None else {**self.given, "after": str(after)}

    def file(self, kind: str) -> dict[str, str]:
        """The same question, answered by a file."""
        return {**self.given, "formaat": kind}


def question(
    request: Request, model: type[ModelT], texts: Mapping[str, str], otherwise: Mapping[str, str] | None = None
) -> Question[ModelT]:
    """What the address asks; a field that was left empty does not count, or has what is in `otherwise`.

    `texts` says of each field of the form what belongs there. Raises RequestValidationError for what no form of ours
    sends.
    """
    filled = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    given = {**(otherwise or {}), **filled}
    asked = {name: _first_moment(value) if name in _MOMENTS else value for name, value in given.items()}
    by_somebody = bool(filled.keys() - {"after"})
    try:
        return Question(given, model.model_validate(asked), filled=by_somebody)
    except ValidationError as error:
        wrong = {str(one["loc"][0]) if one["loc"] else "" for one in error.errors()}
        if not wrong <= texts.keys():
            raise RequestValidationError(error.errors(include_input=False, include_context=False)) from None
        return Question(given, None, {name: text for name, text in texts.items() if name in wrong})


def place(after: str | None) -> tuple[int, ...] | None:
    """Where a page of facts begins."""
    return None if after is None else tuple(map(int, after.split("-")))


def _first_moment(text: str) -> str:
    """The first moment of a day; any other text as it is."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), AMSTERDAM).isoformat()
    except ValueError:
        return text
