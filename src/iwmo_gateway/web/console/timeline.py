"""The story of a message: all that happened to it, in the order in which it did."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from iwmo_gateway.gateway.related import Related
from iwmo_gateway.store.messages import Event, Judgement, Message
from iwmo_gateway.store.related import Replayed, Stay
from iwmo_gateway.web.console.page import STATUS

_WORDS: Final = {
    "received": "Ontvangen",
    "repeated": "Nog eens ontvangen",
    "answered": "Beantwoord",
    "fault": "Fout bij ons",
}
_MORE: Final = {
    "repeated": "Precies dezelfde bytes: niets gebeurt twee keer.",
    "fault": "Het wordt vanzelf opnieuw geprobeerd, als dat kan helpen.",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened, who did it, and what else there is to tell of it.

    `message` is another message that it is about, `replay` a replay; `judgement` that which was given.
    """

    at: datetime
    what: str
    who: str = ""
    more: str = ""
    message: str | None = None
    replay: str | None = None
    judgement: Judgement | None = None

    @property
    def bad(self) -> bool:
        """Whether it went wrong."""
        return self.what == _WORDS["fault"]


def of(message: Message, around: Related) -> list[Happened]:
    """The story of a message, oldest first."""
    judged = {judgement.nr: judgement for judgement in around.judgements}
    story = [_of_event(event, judged) for event in around.events]
    for stay in around.stays:
        story += _of_stay(stay, message)
    story += [_of_replay(replay) for replay in around.replays]
    if message.purged_at is not None:
        story.append(Happened(message.purged_at, "Inhoud opgeruimd", more="De bewaartermijn is voorbij."))
    return sorted(story, key=lambda one: one.at)


def _of_event(event: Event, judged: dict[int, Judgement]) -> Happened:
    detail: Mapping[str, Any] = event.detail or {}
    happened = Happened(event.at, _WORDS.get(event.event, event.event), event.actor, _MORE.get(event.event, ""))
    match event.event:
        case "judged":
            judgement = judged.get(detail.get("oordeel", 0))
            again = "Opnieuw beoordeeld" if judgement is not None and judgement.nr > 1 else "Beoordeeld"
            what = f"{again}: {STATUS.get(detail.get('status', ''), '')}"
            happened = replace(happened, what=what, judgement=judgement)
        case "answered":
            more = "Vervangt een antwoord dat al was opgehaald." if detail.get("vervangt") else ""
            happened = replace(happened, more=more, message=detail.get("retour"))
        case "forwarded":
            happened = replace(happened, what=f"Doorgestuurd naar {detail.get('aan', '')}")
        case "decided":
            happened = replace(happened, what=_decided(detail), more=detail.get("reden") or "")
    return happened


def _decided(detail: Mapping[str, Any]) -> str:
    word = "toegekend" if detail.get("besluit") == "approve" else f"afgewezen ({detail.get('retourcode')})"
    return f"Besloten over een aangehouden regel: {word}"


def _of_stay(stay: Stay, message: Message) -> Iterator[Happened]:
    about = "" if stay.message == message.id else "Antwoord "
    other = None if stay.message == message.id else stay.message
    for at, word in ((stay.fetched_at, "opgehaald"), (stay.acknowledged_at, "bevestigd")):
        if at is not None:
            yield Happened(at, f"{about}{word}".capitalize(), stay.party, message=other)
    if stay.withdrawn_at is not None:
        more = f"Het stond nog niet opgehaald in de mailbox van {stay.party}."
        yield Happened(stay.withdrawn_at, f"{about}teruggenomen".capitalize(), "gateway", more, message=other)


def _of_replay(replay: Replayed) -> Happened:
    kind = "In een proefreplay" if replay.dry_run else "In een replay"
    return Happened(replay.created_at, kind, more=replay.reason, replay=replay.replay)
