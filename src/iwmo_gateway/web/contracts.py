"""The calls of /v1/contracts: contract profiles, read and loaded by a municipality's own administrators."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.contracts import Declined, Kept, Obstacle
from iwmo_gateway.web import answers
from iwmo_gateway.web.api import TheGateway
from iwmo_gateway.web.calls import a_contract_reader, a_contract_writer, contract_body, wants_toml
from iwmo_gateway.web.contractmodels import ContractListModel, ContractModel, full, listed
from iwmo_gateway.web.problems import ProblemError, documented, problem

_EXAMPLE: Final = 'naam = "Overeenkomst Wmo 2023"\ndomein = "wmo"\ngemeenten = ["0340"]\n# …'
_TOML: Final[dict[str, Any]] = {"application/toml": {"schema": {"type": "string"}, "example": _EXAMPLE}}
DECLINED: Final = {
    Obstacle.NOT_ONLY_YOURS: "contract-gemeenten",
    Obstacle.NOT_YOUR_DOMAIN: "IB008",
    Obstacle.OVERLAP: "contract-overlap",
    Obstacle.NO_FORMER: "contract-versie",
}
MOST: Final = 2**31 - 1
"""The highest version that a database counts to."""
MOST_TOLD: Final = 1000
"""More faults than anybody reads; a text full of them would give an answer fifty times its size."""

Reader = Annotated[Caller, Depends(a_contract_reader)]
Name = Annotated[str, Path(description="The name of the profile, as that of its file", examples=["rhenen-wmo-2023"])]

router = APIRouter(prefix="/v1/contracts", tags=["contracten"])


@router.get("", response_model=ContractListModel, responses=documented("token", "IB008"))
def get_contracts(gateway: TheGateway, caller: Reader) -> Response:
    """The contract profiles that count, each in its newest version. A municipality sees those that name it."""
    found = contracts.newest_for(gateway, caller)
    return answers.as_json(ContractListModel(contracten=[listed(*one) for one in found]))


@router.get(
    "/{name}",
    response_model=ContractModel,
    responses={200: {"content": _TOML}, **documented("token", "IB008", "niet-gevonden")},
)
def get_contract(request: Request, gateway: TheGateway, caller: Reader, name: Name) -> Response:
    """A profile in its newest version, as data and explained; with `Accept: application/toml` as it was written."""
    return _told(request, contracts.kept(gateway, caller, name))


@router.get(
    "/{name}/versies/{versie}",
    response_model=ContractModel,
    responses={200: {"content": _TOML}, **documented("token", "IB008", "niet-gevonden", "parameters")},
)
def get_contract_version(
    request: Request, gateway: TheGateway, caller: Reader, name: Name, versie: Annotated[int, Path(ge=1, le=MOST)]
) -> Response:
    """One version of a profile: that which a result names in `versies.contract`."""
    return _told(request, contracts.kept(gateway, caller, name, versie))


@router.put(
    "/{name}",
    response_model=ContractModel,
    status_code=201,
    responses={
        200: {"model": ContractModel, "description": "The newest version says this already; nothing was changed"},
        **documented(
            "token",
            "IB008",
            "contract-gemeenten",
            "contract-overlap",
            "contract-versie",
            "IB012",
            "mediatype",
            "contract-onjuist",
        ),
    },
    openapi_extra={"requestBody": {"required": True, "content": _TOML}},
)
def put_contract(
    gateway: TheGateway,
    caller: Annotated[Caller, Depends(a_contract_writer)],
    body: Annotated[bytes, Depends(contract_body)],
    name: Name,
) -> Response:
    """Load a profile as the next version of its name; messages are judged by it from then on.

    A version is never changed. A profile with a fault is refused as a whole, with every fault and its line.
    """
    checked = contracts.check(name, body)
    if checked.profiel is None:
        told = f"Het profiel heeft {len(checked.faults)} fout(en)."
        errors = [asdict(fault) for fault in checked.faults[:MOST_TOLD]]
        return problem("contract-onjuist", told, errors=errors, meer=len(checked.faults) > MOST_TOLD)
    taken = contracts.take(gateway, caller, checked.text, checked.profiel)
    if isinstance(taken, Declined):
        return problem(DECLINED[taken.why], taken.tekst)
    contract, new = taken
    where = {"Location": f"/v1/contracts/{name}/versies/{contract.version}"}
    kept = contracts.kept(gateway, caller, name, contract.version)
    return answers.as_json(full(_found(kept)), 201 if new else 200, where)


def _told(request: Request, kept: Kept | None) -> Response:
    found = _found(kept)
    if wants_toml(request):
        return Response(found.checked.text, media_type="application/toml; charset=utf-8")
    return answers.as_json(full(found))


def _found(kept: Kept | None) -> Kept:
    if kept is None:
        raise ProblemError("niet-gevonden")
    return kept
