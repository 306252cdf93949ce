"""What a search form of the console asks: read from the address, with the fault at its field where it cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)
PAGE: Final = 50
"""How many rows a page shows."""
FILE: Final = 1000
"""The most rows of a file, as of a page of the API."""


@dataclass(frozen=True, slots=True)
class Question(Generic[ModelT]):
    """What was filled in; what is asked by it, or else what is wrong with which field."""

    given: Mapping[str, str]
    asked: ModelT | None
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """Of the page that shows it."""
        return 400 if self.faults else 200

    def following(self, after: Any) -> dict[str, str] | None:
        """The same question, behind this place; None where there is no more."""
        return None if after is None else {**self.given, "after": str(after)}

    def file(self, kind: str) -> dict[str, str]:
        """The same question, answered by a file."""
        return {**self.given, "formaat": kind}

    @property
    def begin(self) -> dict[str, str]:
        """The same question, from the first page."""
        return {name: value for name, value in self.given.items() if name != "after"}

    @property
    def filled(self) -> bool:
        """Whether anything was filled in, but for the page."""
        return bool(self.begin)


def question(request: Request, model: type[ModelT], texts: Mapping[str, str]) -> Question[ModelT]:
    """What the address asks; a field that was left empty does not count.

    `texts` says of each field of the form what belongs there. Raises RequestValidationError for what no form of ours
    sends.
    """
    given = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    try:
        return Question(given, model.model_validate(given))
    except ValidationError as error:
        wrong = {str(one["loc"][0]) if one["loc"] else "" for one in error.errors()}
        if not wrong <= texts.keys():
            raise RequestValidationError(error.errors(include_input=False, include_context=False)) from None
        return Question(given, None, {name: text for name, text in texts.items() if name in wrong})


def place(after: str | None) -> tuple[int, ...] | None:
    """Where a page of facts begins."""
    return None if after is None else tuple(map(int, after.split("-")))
