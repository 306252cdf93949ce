"""Contracts: each profile in prose beside its text, its versions and what they say otherwise, and the next tariffs."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from iwmo_gateway.contract import indexation, prose
from iwmo_gateway.contract.differences import verschillen
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.contracts import Kept
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import the_gateway
from iwmo_gateway.web.calls import a_contract_reader
from iwmo_gateway.web.console.asking import Question, question
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.contracts import MOST
from iwmo_gateway.web.models import Day, Text
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

Reader = Annotated[Caller, Depends(a_contract_reader)]
TheGateway = Annotated[Gateway, Depends(the_gateway)]
Version = Annotated[int, Path(ge=1, le=MOST)]
_INDEX_LABELS: Final = {"cpi": "Stijging in procenten", "vanaf": "Eerste dag"}
_INDEX_TEXTS: Final = {
    "cpi": "Vul de wijziging van het indexcijfer in procenten in, zoals 3,4.",
    "vanaf": "Vul een datum in, als 2024-01-01.",
}


class Indexed(BaseModel):
    """What an indexation goes by."""

    cpi: Text
    vanaf: Day


@router.get("/contracten", openapi_extra=tells(Action.SEARCH))
def get_contracts(page: ThePage, caller: Reader, gateway: TheGateway) -> Response:
    """The profiles that count, each in its newest version."""
    return page.show("contracten.html", found=contracts.newest_for(gateway, caller))


@router.get("/contracten/{name}", openapi_extra=tells(Action.READ))
def get_contract(page: ThePage, caller: Reader, gateway: TheGateway, name: str) -> Response:
    """A profile in its newest version."""
    return _shown(page, gateway, caller, _found(contracts.kept(gateway, caller, name)))


@router.get("/contracten/{name}/versies/{versie}", openapi_extra=tells(Action.READ))
def get_version(page: ThePage, caller: Reader, gateway: TheGateway, name: str, versie: Version) -> Response:
    """One version of a profile."""
    return _shown(page, gateway, caller, _found(contracts.kept(gateway, caller, name, versie)))


@router.get("/contracten/{name}/versies/{versie}/tekst", openapi_extra=tells(Action.READ))
def get_text(caller: Reader, gateway: TheGateway, name: str, versie: Version) -> Response:
    """One version of a profile as it was written, to keep."""
    return toml_file(name, _found(contracts.kept(gateway, caller, name, versie)).checked.text)


@router.get("/contracten/{name}/verschil", openapi_extra=tells(Action.READ))
def get_difference(
    page: ThePage,
    caller: Reader,
    gateway: TheGateway,
    name: str,
    van: Annotated[int, Query(ge=1, le=MOST)],
    naar: Annotated[int, Query(ge=1, le=MOST)],
) -> Response:
    """What one version of a profile says otherwise than another."""
    old, new = (_found(contracts.kept(gateway, caller, name, versie)) for versie in (van, naar))
    before, after = old.checked.profiel, new.checked.profiel
    found = None if before is None or after is None else list(verschillen(before, after))
    return page.show("contract_verschil.html", old=old, new=new, found=found)


@router.get("/contracten/{name}/indexering", openapi_extra=tells(Action.READ))
def get_indexation(
    request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: TheGateway, name: str
) -> Response:
    """The next year's tariffs, proposed as the text of the next version; nothing is loaded. With `tekst` the file."""
    kept = _found(contracts.kept(gateway, caller, name))
    wanted: dict[str, Any] = {"kept": kept, "labels": _INDEX_LABELS, "voorstel": None, "rows": ()}
    if not request.query_params:
        return page.show("contract_indexering.html", asks=Question({}, None), **wanted)
    asks = question(request, Indexed, _INDEX_TEXTS)
    voorstel = None
    if asks.asked is not None:
        try:
            voorstel = contracts.index(name, kept.checked, asks.asked.cpi.replace(",", "."), asks.asked.vanaf)
        except ConfigurationError as error:
            asks = _faulty(asks, str(error))
    if voorstel is None:
        call.problem = "parameters"
        return page.show("contract_indexering.html", asks.status, asks=asks, **wanted)
    if "tekst" in request.query_params:
        return toml_file(name, voorstel.tekst)
    wanted |= {"voorstel": voorstel, "rows": list(indexation.rows(voorstel)), "columns": indexation.COLUMNS}
    return page.show("contract_indexering.html", asks=asks, **wanted)


def toml_file(name: str, text: str) -> Response:
    """The text of a profile as a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.toml"'}
    return Response(text, headers=headers, media_type="application/toml; charset=utf-8")


def in_prose(profiel: Profiel) -> dict[str, Any]:
    """A profile in words, for templates: what a sentence lists stands behind it."""
    return {
        "uitleg": list(_with_lists(prose.explained(profiel))),
        "columns": prose.COLUMNS,
        "producten": list(prose.rows(profiel)),
        "lijsten": [
            (title, told)
            for title, told in (
                ("Toelichting bij de producten", list(prose.notes(profiel))),
                ("Percelen", list(prose.lots(profiel))),
                ("Wat verder wordt beoordeeld", list(prose.rules(profiel))),
                ("Wat aan een bericht niet te zien is, en dus niet wordt beoordeeld", list(prose.unseen(profiel))),
            )
            if told
        ],
    }


def _with_lists(sentences: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    current: tuple[str, list[str]] | None = None
    for sentence in sentences:
        if sentence.startswith(" ") and current is not None:
            current[1].append(sentence.strip())
            continue
        if current is not None:
            yield current
        current = sentence, []
    if current is not None:
        yield current


def _shown(page: ThePage, gateway: Gateway, caller: Caller, kept: Kept) -> Response:
    profiel = kept.checked.profiel
    told = in_prose(profiel) if profiel else {}
    versions = contracts.history(gateway, caller, kept.contract.name)
    loaded = page.request.query_params.get("geladen")
    return page.show("contract.html", kept=kept, profiel=profiel, told=told, versions=versions[::-1], loaded=loaded)


def _found(kept: Kept | None) -> Kept:
    if kept is None:
        raise ProblemError("niet-gevonden", "Dit contract is er niet, of het noemt uw gemeente niet.")
    return kept


def _faulty(asks: Question[Indexed], told: str) -> Question[Indexed]:
    """The same question with what cannot be, at the field that it is about."""
    field = "cpi" if told.startswith("--cpi") else "vanaf"
    return Question(asks.given, None, {field: told.removeprefix("--cpi: ")})
