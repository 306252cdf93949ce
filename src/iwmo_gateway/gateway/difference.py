"""What judging a kept message again would change: its findings, amounts and return message. Nothing is changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lxml import etree

from iwmo_gateway.gateway.assessing import assess, complete, status_of
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.judging import Occasion, made_answer
from iwmo_gateway.gateway.results import SHOWN
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.standard.xml import Document, local_name
from iwmo_gateway.store import messages, parties
from iwmo_gateway.store.messages import Message, Sealed, Status
from iwmo_gateway.store.replays import Outcome, Settled

_OWN: Final = frozenset(
    {
        "IdentificatieRetour",
        "DagtekeningRetour",
        "BerichtIdentificatie",
        "GemeenteReferentieNummer",
        "RetourDagtekening",
    }
)
"""Where a return message says which one it is, and of which day: never the same twice."""


def shown(gateway: Gateway, message: Message, sealed: Sealed, occasion: Occasion) -> Settled:
    """What judging would make of a message, and in what that differs from its newest judgement."""
    document = gateway.kept_document(message, sealed)
    assessment = assess(gateway, document)
    with gateway.database.reading() as transaction:
        verdict = complete(gateway, transaction, message, assessment, message.received_at).verdict
        found = messages.findings_of(transaction, message.id, message.judgements)
        judgement = messages.newest_judgements(transaction, [message.id]).get(message.id)
        answer = messages.answer_of(transaction, message.id)
        kept = messages.xml_of(transaction, answer.id) if answer is not None else None
        theirs = parties.answers_itself(transaction, message.ontvanger)()
    after = status_of(assessment, verdict)
    silent = after in {Status.INVALID, Status.IN_REVIEW} or document.soort.is_answer or theirs
    says = None if silent else made_answer(gateway, message, document, verdict, occasion)
    detail = _findings(found, verdict.findings)
    was = (judgement.ingediend, judgement.toegekend) if judgement else (None, None)
    settled = verdict.settlement
    wordt = (settled.ingediend, settled.toegekend) if settled else (None, None)
    if (was, wordt) != ((None, None), (None, None)):
        detail["bedragen"] = {"was": _amounts(*was), "wordt": _amounts(*wordt)}
    before = (answer, gateway.keyring.open_xml(answer.id, kept)) if answer is not None and kept is not None else None
    ours = not theirs and (answer is None or answer.own)
    if ours and (before is not None or says is not None):
        detail["retour"] = _retour(gateway, before, says)
    same = after is message.status and not any(detail["per_regel"].values()) and was == wordt
    same = same and not detail.get("retour", {}).get("anders")
    return Settled(Outcome.UNCHANGED if same else Outcome.SHOWN, str(message.status), str(after), detail)


def _findings(found: Sequence[Finding], finds: Sequence[Finding]) -> dict[str, Any]:
    """The findings that go and come: the first of them, and how many there are of each rule."""
    detail: dict[str, Any] = {}
    ways = {"vervallen": _without(found, finds), "nieuw": _without(finds, found)}
    for way, these in ways.items():
        detail[way] = [{"regel": one.regel, "retourcode": one.retourcode, "pad": one.pad} for one in these[:SHOWN]]
    detail["per_regel"] = {way: Counter(one.regel for one in these) for way, these in ways.items()}
    return detail


def _without(these: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
    known = {(one.regel, one.retourcode, one.pad, one.actie) for one in others}
    return [one for one in these if (one.regel, one.retourcode, one.pad, one.actie) not in known]


def _amounts(ingediend: int | None, toegekend: int | None) -> dict[str, int | None]:
    return {"ingediend": ingediend, "toegekend": toegekend}


def _retour(
    gateway: Gateway, before: tuple[Message, bytes | None] | None, after: tuple[Message, bytes] | None
) -> dict[str, Any]:
    """The kind of the return message, its return codes that go and come, and whether anything in it would differ.

    What only tells which one it is, and of which day, does not count. Of one whose bytes were purged only its kind is
    known.
    """
    purged = before is not None and not before[1]
    said, says = _read(gateway, before), _read(gateway, after)
    gone, come = Counter(_codes(said)), Counter(_codes(says))
    kinds = [one[0].soort if one is not None else None for one in (before, after)]
    return {
        "was": kinds[0],
        "wordt": kinds[1],
        "anders": kinds[0] != kinds[1] if purged else _gist(said) != _gist(says),
        "retourcodes": None if purged else {"vervallen": _counted(gone - come), "nieuw": _counted(come - gone)},
    }


def _read(gateway: Gateway, one: tuple[Message, bytes | None] | None) -> Document | None:
    if one is None or not one[1]:
        return None
    return gateway.document_of(one[0], one[1])


def _codes(document: Document | None) -> list[str]:
    return [element.text or "" for element in document.root.iter("{*}RetourCode")] if document is not None else []


def _counted(codes: Counter[str]) -> Mapping[str, int]:
    return dict(sorted(codes.items()))


def _gist(document: Document | None) -> bytes | None:
    if document is None:
        return None
    for element in [one for one in document.root.iter("{*}*") if local_name(one) in _OWN]:
        element.clear()
    return etree.tostring(document.root, method="c14n")
