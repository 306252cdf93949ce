"""What a rule says: the page that a finding links to."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Response

from iwmo_gateway.contract.regels import REGELS
from iwmo_gateway.rules.rulebook import PublishedRule, rulebook
from iwmo_gateway.rules.verdict import LEVELS
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import Checker
from iwmo_gateway.web.console import advice
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.console.reading import retour_words
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_TEXTS: Final = {code: rule.tekst for level in LEVELS for code, rule in level.rules.items()}
_SCHEMA: Final = "XSD"


@dataclass(frozen=True, slots=True)
class Code:
    """The return code of a rule in a release, and what it means."""

    release: str
    code: str | None
    words: str


@router.get("/regels/{code}", openapi_extra=tells(Action.READ))
def get_rule(code: str, page: ThePage, caller: Checker) -> Response:
    """What a rule says, of which messages, and with which return codes."""
    rule = rulebook().get(code)
    if rule is None and code != _SCHEMA:
        raise ProblemError("niet-gevonden")
    codes = [_code(rule, release) for release in rule.releases] if rule else []
    contract = REGELS.get(code)
    return page.show(
        "regel.html",
        code=code,
        rule=rule,
        tekst=_TEXTS.get(code, ""),
        codes=codes,
        contract=contract,
        remedy=advice.remedy_of_rule(code),
    )


def _code(rule: PublishedRule, release: str) -> Code:
    code = rule.retourcode(release)
    words = retour_words(release).get(code or "", "")
    return Code(release, code, "" if words == _TEXTS.get(rule.code) else words)
