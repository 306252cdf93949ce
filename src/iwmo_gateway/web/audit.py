"""The call of /v1/audit: the audit trail, for who has to answer for it."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from iwmo_gateway.gateway import audit, sealing
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.audit import Action, Deed, Outcome, Wanted
from iwmo_gateway.web import adminmodels, answers
from iwmo_gateway.web.access import Overseer
from iwmo_gateway.web.api import MOST, TheGateway
from iwmo_gateway.web.models import UUID_PATTERN, LinksModel, Moment, Text
from iwmo_gateway.web.paging import page_of
from iwmo_gateway.web.problems import ProblemError, documented
from iwmo_gateway.web.sheets import MEDIA_TYPES, Format, sheet, wanted_format
from iwmo_gateway.web.trail import TheCall

_ROW: Final[dict[str, JsonValue]] = {
    "nr": 4711,
    "at": "2026-03-02T09:15:31.482190+01:00",
    "actor": "operator:night shift",
    "token": "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c",
    "partij": None,
    "actie": "fetch",
    "wat": "berichten/{id}/xml",
    "bericht": "0197a3c2-61f4-7c02-8f7b-2b7c3d9e4f5a",
    "berichten": [],
    "uitkomst": "ok",
    "code": None,
    "request": "9f2c61d05be84a37",
    "adres": "10.0.4.17",
}

MOST_SEALS: Final = 2**31 - 1

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class AuditQuery(BaseModel):
    """What may be asked of the trail; everything that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    bericht: str | None = Field(None, pattern=UUID_PATTERN, description="The id of a message: who did what with it")
    actor: Text | None = Field(None, description="As it stands in the trail", examples=["65656055"])
    vanaf: Moment | None = Field(None, description="The first moment, with its zone")
    tot: Moment | None = Field(None, description="The first moment that does not count, with its zone")
    formaat: Format | None = Field(None, description="As `Accept`, for where no header can be given")
    after: int = Field(0, ge=0, le=MOST, description="As in `links.next`")
    limit: int = Field(100, ge=1, le=1000)


class DeedModel(BaseModel):
    """Something that somebody did or looked at."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    nr: int = Field(description="Counts up, not without gaps")
    at: datetime
    actor: str = Field(description="A party, a token's role and label, or the command line; `onbekend` without a token")
    token: str | None = Field(description="The id of the token")
    partij: str | None = Field(description="On whose behalf")
    actie: Action
    wat: str = Field(description="The path below /v1, or the words of a command")
    bericht: str | None = Field(description="The message that it was about")
    berichten: list[str] = Field(description="The messages, where there are several")
    uitkomst: Outcome
    code: str | None = Field(description="The code of the problem that it ended in")
    request: str | None = Field(description="The correlation id, as in `X-Request-Id` and in the log")
    adres: str | None = Field(description="The network address, or user and machine of the command line")


class AuditModel(BaseModel):
    """A page of the trail, oldest first."""

    audit: list[DeedModel]
    links: LinksModel


@router.get(
    "",
    response_model=AuditModel,
    responses={
        200: {"content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES}},
        **documented("token", "IB008", "parameters"),
    },
)
def get_audit(
    request: Request,
    gateway: TheGateway,
    caller: Overseer,
    call: TheCall,
    asked: Annotated[AuditQuery, Query()],
) -> Response:
    """Who looked at or did what to which message, oldest first. This look is written down too.

    As CSV or XLSX the next page stands in the `Link` header.
    """
    wanted = Wanted(asked.bericht, asked.actor, asked.vanaf, asked.tot)
    if asked.bericht is not None:
        call.shows([asked.bericht])
    found = audit.find(gateway, wanted, after=asked.after, limit=asked.limit + 1)
    some, link = page_of("/v1/audit", asked, found, after=lambda deed: told(deed).nr)
    page = [told(deed) for deed in some]
    kind = wanted_format(request, asked.formaat)
    if kind == "json":
        return answers.as_json(AuditModel(audit=page, links=LinksModel(next=link)))
    return sheet(kind, "audit", [*DeedModel.model_fields], [[*row_of(one).values()] for one in page], link)


@router.get(
    "/verification",
    response_model=adminmodels.VerificationModel,
    responses=documented("token", "IB008", "parameters"),
)
def get_verification(
    gateway: TheGateway,
    caller: Overseer,
    head: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="Of a seal: must be there")] = None,
    after: Annotated[int, Query(ge=0, le=MOST_SEALS, description="As in `links.next`")] = 0,
) -> Response:
    """Hold rows of the trail against their seals: what was changed, is missing or came in later. `links.next` goes on
    where this call stopped.
    """
    before = sealing.sealed_as(gateway, after) if after else None
    if after and before is None:
        raise ProblemError("parameters", verwacht="het nummer van een zegel, als in links.next")
    found = sealing.verify_some(gateway, bytes.fromhex(head) if head else None, before)
    link = None
    if found.last is not None:
        sought = f"&head={head}" if head and not found.expected_seen else ""
        link = f"/v1/audit/verification?after={found.last}{sought}"
    return answers.as_json(adminmodels.verification(found, link))


def told(deed: Deed) -> DeedModel:
    """A deed as it is told."""
    return DeedModel(
        nr=deed.id or 0,
        at=deed.at.astimezone(AMSTERDAM),
        actor=deed.actor,
        token=deed.token,
        partij=deed.party,
        actie=deed.action,
        wat=deed.what,
        bericht=deed.message,
        berichten=list(deed.messages or ()),
        uitkomst=deed.outcome,
        code=deed.problem,
        request=deed.request,
        adres=deed.address,
    )


def row_of(told: DeedModel) -> dict[str, Any]:
    """A row of a table."""
    return told.model_dump(mode="json") | {"berichten": " ".join(told.berichten)}
