"""Loading a contract profile: every fault first, then what it would change, and only then the load itself."""

from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.contracts import Declined
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import the_gateway
from iwmo_gateway.web.calls import CONTRACT_LIMIT, a_contract_writer
from iwmo_gateway.web.console.contracts import in_prose
from iwmo_gateway.web.console.forms import TheUpload, file_of, text_of
from iwmo_gateway.web.console.page import Page, ThePage
from iwmo_gateway.web.contracts import DECLINED, MOST_TOLD
from iwmo_gateway.web.problems import CATALOGUE
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import Call, TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

Writer = Annotated[Caller, Depends(a_contract_writer)]
TheGateway = Annotated[Gateway, Depends(the_gateway)]
_LABELS: Final = {"naam": "Naam", "tekst": "Tekst", "bestand": "Bestand"}
_FORM: Final = "contract_laden.html"


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form holds: the name of a profile, its text, and of which version its difference was seen."""

    naam: str
    body: bytes = b""
    versie: str = ""
    adapt: bool = False

    @property
    def tekst(self) -> str:
        """The text as it is shown; the check tells where it is none."""
        return self.body.decode("utf-8-sig", errors="replace")

    @property
    def faults(self) -> dict[str, str]:
        """What is missing, or too much."""
        found = {}
        if not self.naam:
            found["naam"] = "Geef het profiel een naam: kleine letters, cijfers en streepjes, zoals rhenen-wmo-2024."
        if not self.tekst.strip():
            found["tekst"] = "Kies een bestand, of plak de tekst van het profiel."
        elif len(self.body) > CONTRACT_LIMIT:
            found["tekst"] = f"Het profiel is te groot: ten hoogste {CONTRACT_LIMIT // 1024} kB."
        return found


async def what_is_filled_in(form: TheUpload) -> Filled:
    """A file takes the place of the text, and gives its name where none was filled in."""
    chosen = form.get("bestand")
    body = await file_of(form, "bestand")
    naam = text_of(form, "naam")
    if body and not naam and isinstance(chosen, UploadFile):
        naam = (chosen.filename or "").removesuffix(".toml")
    body = body or str(form.get("tekst", "")).replace("\r\n", "\n").encode()
    return Filled(naam, body, text_of(form, "versie"), text_of(form, "stap") == "aanpassen")


@router.get("/contracten-laden", openapi_extra=tells(Action.READ))
def get_form(page: ThePage, caller: Writer, gateway: TheGateway, request: Request) -> Response:
    """The form to load a profile; with `naam` filled in with what is loaded under that name."""
    kept = contracts.kept(gateway, caller, request.query_params.get("naam", ""))
    filled = Filled(kept.contract.name, kept.checked.text.encode()) if kept else Filled("")
    return page.show(_FORM, filled=filled, faults={}, labels=_LABELS, checked=None)


@router.post("/contracten-laden", openapi_extra=tells(Action.VALIDATE))
async def post_check(
    page: ThePage,
    caller: Writer,
    call: TheCall,
    gateway: TheGateway,
    filled: Annotated[Filled, Depends(what_is_filled_in)],
) -> Response:
    """Check a profile, and show what it would change: nothing is loaded."""
    if filled.adapt:
        return page.show(_FORM, filled=filled, faults={}, labels=_LABELS, checked=None)
    return await run_in_threadpool(_checked, page, caller, call, gateway, filled, load=False)


@router.post("/contracten/{name}/laden", openapi_extra=tells(Action.LOAD))
async def post_load(
    page: ThePage,
    caller: Writer,
    call: TheCall,
    gateway: TheGateway,
    name: str,
    filled: Annotated[Filled, Depends(what_is_filled_in)],
) -> Response:
    """Load a profile as the next version of its name, if what it changes is what was shown."""
    return await run_in_threadpool(_checked, page, caller, call, gateway, replace(filled, naam=name), load=True)


def _checked(page: Page, caller: Caller, call: Call, gateway: Gateway, filled: Filled, *, load: bool) -> Response:
    if filled.faults:
        call.problem = "parameters"
        return page.show(_FORM, 400, filled=filled, faults=filled.faults, labels=_LABELS, checked=None)
    checked = contracts.check(filled.naam, filled.body)
    if checked.profiel is None:
        call.problem = "contract-onjuist"
        told = {"told": checked.faults[:MOST_TOLD], "lines": filled.tekst.split("\n")}
        status = CATALOGUE[call.problem].status
        return page.show(_FORM, status, filled=filled, faults={}, labels=_LABELS, checked=checked, **told)
    seen = contracts.compared(gateway, caller, checked)
    changed = load and filled.versie != str(seen.versie)
    if changed:
        call.problem = "contract-intussen"
    elif load:
        taken = contracts.take(gateway, caller, checked.text, checked.profiel)
        if not isinstance(taken, Declined):
            contract, new = taken
            where = f"/contracten/{contract.name}/versies/{contract.version}"
            return page.go(where, geladen="ja" if new else "al")
        call.problem = DECLINED[taken.why]
        seen = replace(seen, declined=taken)
    status = CATALOGUE[call.problem].status if call.problem else 200
    told = in_prose(checked.profiel)
    return page.show("contract_nakijken.html", status, filled=filled, seen=seen, told=told, changed=changed)
