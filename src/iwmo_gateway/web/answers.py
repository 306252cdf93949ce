"""From what the gateway says to what goes over HTTP."""

from typing import Any, Final

from fastapi import Response
from pydantic import BaseModel

from iwmo_gateway.gateway.results import SHOWN, Result
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.standard.kinds import is_answer
from iwmo_gateway.store.mailbox import Entry
from iwmo_gateway.store.messages import Event, Judgement, Message, Status
from iwmo_gateway.store.progress import Fase
from iwmo_gateway.web import models
from iwmo_gateway.web.sheets import Cell

_LATER: Final = {
    Status.RECEIVED: "Het bericht is bewaard en wordt straks beoordeeld.",
    Status.FAILED: "Het bericht is bewaard, maar bij ons ging iets mis. De beheerder laat het opnieuw beoordelen.",
    Status.IN_REVIEW: "Regels van deze declaratie zijn aangehouden tot de gemeente erover besluit; "
    "het antwoord komt met het laatste besluit.",
}

_PURGED: Final = "De bewaartermijn is voorbij: de inhoud van dit bericht is opgeruimd."

_JUDGED_IN_A_SECOND: Final = 2_000_000
"""Bytes of a message: a hint for who asks again, no promise."""


def summary(result: Result) -> models.SummaryModel:
    """A result without its findings."""
    return models.SummaryModel(**_summary(result.message, result.judgement))


ROW_NAMES: Final = (
    *("id", "soort", "release", "afzender", "ontvanger", "identificatie", "dagtekening", "received_at", "status"),
    *("bevindingen_totaal", "retour", "ingediend", "toegekend", "antwoord_op"),
)
"""The names above a list of messages in a spreadsheet."""


def row(result: Result) -> list[Cell]:
    """A message in a spreadsheet; amounts in euro cents."""
    told = summary(result).model_dump(mode="json")
    told["retour"] = (told["retour"] or {}).get("soort")
    told |= told["bedragen"] or {"ingediend": None, "toegekend": None}
    return [told[name] for name in ROW_NAMES]


def full(result: Result, *, operator: bool = False) -> models.ResultModel:
    """A result with its findings; an operator is told what went wrong with us."""
    return models.ResultModel(
        **_summary(result.message, result.judgement),
        fout=result.message.error if operator else None,
        voortgang=_voortgang(result),
        bevindingen=[models.FindingModel.model_validate(finding) for finding in result.findings],
    )


def validation(said: tuple[Message, Verdict]) -> models.ValidationModel:
    """What would be said of a message."""
    message, verdict = said
    amounts = verdict.settlement
    return models.ValidationModel(
        soort=message.soort,
        release=message.release,
        status=message.status,
        bedragen=models.BedragenModel(ingediend=amounts.ingediend, toegekend=amounts.toegekend) if amounts else None,
        bevindingen=findings(list(verdict.findings[:SHOWN])),
        bevindingen_totaal=len(verdict.findings),
    )


def as_json(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A model as the answer to a call."""
    return Response(model.model_dump_json(), status, headers, media_type="application/json")


def findings(found: list[Finding]) -> list[models.FindingModel]:
    """Findings as they are told."""
    return [models.FindingModel.model_validate(finding) for finding in found]


def entry(waits: Entry) -> models.EntryModel:
    """A mailbox entry as it is listed."""
    return models.EntryModel(
        nr=waits.nr,
        id=waits.message,
        soort=waits.soort,
        afzender=waits.afzender,
        received_at=waits.received_at.astimezone(AMSTERDAM),
        antwoord_op=waits.answers,
        vervangt=waits.replaces,
    )


def story(judged: list[Judgement], happened: list[Event]) -> models.StoryModel:
    """What happened to a message."""
    return models.StoryModel(
        oordelen=[
            models.OordeelModel(
                nr=one.nr,
                at=one.at.astimezone(AMSTERDAM),
                received_at=one.received_at.astimezone(AMSTERDAM),
                status=one.status,
                bevindingen_totaal=one.bevindingen,
                retour=_retour(one),
                bedragen=_bedragen(one),
                versies=_versies(one),
            )
            for one in judged
        ],
        gebeurtenissen=[
            models.EventModel(
                at=e.at.astimezone(AMSTERDAM), event=e.event, actor=e.actor, detail=dict(e.detail) if e.detail else None
            )
            for e in happened
        ],
    )


def where(result: Result) -> dict[str, str]:
    """The headers of a message that was sent: where its result is, and when to ask for it."""
    return {"Location": f"/v1/berichten/{result.message.id}", **patience(result)}


def patience(result: Result) -> dict[str, str]:
    """The header that says of a message that waits after how many seconds it is worth asking again."""
    message = result.message
    if message.status is not Status.RECEIVED:
        return {}
    return {"Retry-After": str(1 + message.size // _JUDGED_IN_A_SECOND)}


def _voortgang(result: Result) -> models.VoortgangModel | None:
    if result.message.status is not Status.RECEIVED:
        return None
    at = result.progress
    return models.VoortgangModel(
        fase=at.fase if at else Fase.WACHT, regels=at.regels if at else None, gedaan=at.gedaan if at else 0
    )


def _summary(message: Message, judgement: Judgement | None) -> dict[str, Any]:
    return {
        "id": message.id,
        "soort": message.soort,
        "release": message.release,
        "afzender": message.afzender,
        "ontvanger": message.ontvanger,
        "identificatie": message.identificatie,
        "dagtekening": message.dagtekening,
        "received_at": message.received_at.astimezone(AMSTERDAM),
        "status": message.status,
        "bevindingen_totaal": judgement.bevindingen if judgement else 0,
        "retour": _retour(judgement) if judgement else None,
        "bedragen": _bedragen(judgement) if judgement else None,
        "versies": _versies(judgement) if judgement else None,
        "oordelen": judgement.nr if judgement else 0,
        "antwoord_op": message.answers,
        "antwoord_door": _awaited(message, judgement),
        "toelichting": _PURGED if message.purged_at else _LATER.get(message.status),
    }


def _awaited(message: Message, judgement: Judgement | None) -> str | None:
    """Who is still to answer: a receiver that answers for itself."""
    answered = judgement is None or judgement.retour is not None or message.status is Status.INVALID
    held = message.status is Status.IN_REVIEW and not message.forwarded
    return None if answered or held or is_answer(message.soort) else message.ontvanger


def _retour(judgement: Judgement) -> models.RetourModel | None:
    if judgement.retour is None or judgement.retour_soort is None:
        return None
    return models.RetourModel(id=judgement.retour, soort=judgement.retour_soort)


def _bedragen(judgement: Judgement) -> models.BedragenModel | None:
    if judgement.ingediend is None or judgement.toegekend is None:
        return None
    return models.BedragenModel(ingediend=judgement.ingediend, toegekend=judgement.toegekend)


def _versies(judgement: Judgement) -> models.VersiesModel:
    return models.VersiesModel(
        xsd=judgement.xsd,
        regels=judgement.regels,
        contract=list(judgement.contract),
        codelijsten=list(judgement.codelijsten),
    )
