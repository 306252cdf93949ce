"""The shapes of what goes over HTTP about replays."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from iwmo_gateway.gateway.replay import AT_ONCE, CONCURRENCY, PREVIEW_HOLDS, Account, Action, Progress
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.differences import Difference
from iwmo_gateway.store.replays import Item, Outcome, ReplayStatus
from iwmo_gateway.web.models import UUID_PATTERN, BedragenModel, FilterModel, LinksModel, Text

_BY_IDS: Final[dict[str, JsonValue]] = {
    "ids": ["0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c"],
    "reason": "301 kwam na de 305",
    "dry_run": True,
}
_BY_FILTER: Final[dict[str, JsonValue]] = {
    "filter": {"status": "failed", "ontvangen_vanaf": "2023-02-01T00:00:00+01:00"},
    "reason": "fout hersteld in 0.1.1",
}


class ReplayRequest(BaseModel):
    """Which messages to judge again, and why: `ids`, or a `filter` with the keys of the search of messages."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_BY_IDS, _BY_FILTER]})

    ids: list[Annotated[str, Field(pattern=UUID_PATTERN)]] | None = Field(None, min_length=1, max_length=AT_ONCE)
    filter: FilterModel | None = None
    reason: Text = Field(min_length=3, max_length=500)
    dry_run: bool = Field(False, description="Only show what would differ")
    force: bool = Field(False, description="Also where the return message was fetched already")
    concurrency: int = Field(CONCURRENCY, ge=1, le=16, description="How many are in hand at the same time")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) is (self.filter is None):
            raise ValueError("wants either ids or a filter")
        if self.filter is not None and not self.filter.model_dump(exclude_none=True):
            raise ValueError("a filter wants at least one key")
        return self


class ReplayChange(BaseModel):
    """What to do with a replay."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"action": "start"}]})

    action: Action


class ReplayItemsQuery(BaseModel):
    """Which messages of a replay to list."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(-1, ge=-1, le=2**31 - 1, description="Only what has a higher number")
    outcome: Outcome | None = None
    limit: int = Field(100, ge=1, le=1000)


class ReplaysQuery(BaseModel):
    """Which replays to list."""

    model_config = ConfigDict(extra="forbid")

    before: str | None = Field(None, pattern=UUID_PATTERN, description="Only what is older than this replay")
    limit: int = Field(20, ge=1, le=100)


class ReplayItemModel(BaseModel):
    """One message of a replay, and what came of it; without an outcome it still waits."""

    nr: int
    id: str
    soort: str | None
    afzender: str | None
    ontvanger: str | None
    outcome: Outcome | None
    status_before: str | None = Field(description="Its status when it was selected, and then when it was judged")
    status_after: str | None
    detail: dict[str, Any] | None


class SelectedModel(BaseModel):
    """How many messages of one kind and status were selected."""

    soort: str
    status: str
    count: int


class ChangedModel(BaseModel):
    """How many messages went from one status to another; in a dry run: would go."""

    status_before: str | None
    status_after: str
    count: int


class HistoryModel(BaseModel):
    """Who did what with a replay."""

    at: datetime
    action: Action
    actor: str


class AmountsDifferenceModel(BaseModel):
    """The amounts of all claims together, in signed euro cents."""

    was: BedragenModel
    wordt: BedragenModel


class DifferenceModel(BaseModel):
    """What a dry run shows of all its messages together: findings by rule, amounts, return messages that differ."""

    vervallen: dict[str, int]
    nieuw: dict[str, int]
    bedragen: AmountsDifferenceModel
    retour_anders: int


class ReplaySummaryModel(BaseModel):
    """A replay, and how far it is."""

    id: str
    status: ReplayStatus
    created_at: datetime
    expires_at: datetime | None = Field(description="Until when a preview can be started")
    finished_at: datetime | None
    actor: str
    reason: str
    dry_run: bool
    force: bool
    concurrency: int
    filter: dict[str, Any] | None
    total: int
    more: bool = Field(description="The filter finds more than one replay holds: these are the oldest")
    done: int
    outcomes: dict[Outcome, int]


class ReplayModel(ReplaySummaryModel):
    """A replay with what was selected, what came of it, and the first 100 of its messages."""

    selection: list[SelectedModel]
    changes: list[ChangedModel]
    history: list[HistoryModel]
    difference: DifferenceModel | None = Field(description="Of a dry run")
    berichten: list[ReplayItemModel]
    links: LinksModel


class ReplaysModel(BaseModel):
    """A page of replays, newest first."""

    replays: list[ReplaySummaryModel]
    links: LinksModel


class ReplayItemsModel(BaseModel):
    """A page of the messages of a replay, in the order in which they are judged."""

    berichten: list[ReplayItemModel]
    links: LinksModel


def summary(told: Progress) -> ReplaySummaryModel:
    """A replay as it is listed."""
    return ReplaySummaryModel(**_summary(told))


def account(told: Account, shown: int) -> ReplayModel:
    """A replay with its first `shown` messages; it may hold one more, which tells that there is a next page."""
    replay = told.progress.replay
    page, link = told.items[:shown], None
    if len(told.items) > shown:
        link = f"/v1/replays/{replay.id}/items?after={page[-1].nr}"
    return ReplayModel(
        **_summary(told.progress),
        selection=[SelectedModel(**one) for one in replay.selection],
        changes=[
            ChangedModel(status_before=before, status_after=after, count=count)
            for before, after, count in told.statuses
        ],
        history=[_history(one) for one in replay.history],
        difference=_difference(told.difference) if told.difference else None,
        berichten=[item(one) for one in page],
        links=LinksModel(next=link),
    )


def item(one: Item) -> ReplayItemModel:
    """A message of a replay as it is told."""
    return ReplayItemModel(
        nr=one.nr,
        id=one.message,
        soort=one.soort,
        afzender=one.afzender,
        ontvanger=one.ontvanger,
        outcome=one.outcome,
        status_before=one.status_before,
        status_after=one.status_after,
        detail=dict(one.detail) if one.detail else None,
    )


def _summary(told: Progress) -> dict[str, Any]:
    replay = told.replay
    preview = replay.status in {ReplayStatus.PREVIEW, ReplayStatus.EXPIRED}
    return {
        "id": replay.id,
        "status": replay.status,
        "created_at": replay.created_at.astimezone(AMSTERDAM),
        "expires_at": (replay.created_at + PREVIEW_HOLDS).astimezone(AMSTERDAM) if preview else None,
        "finished_at": replay.finished_at.astimezone(AMSTERDAM) if replay.finished_at else None,
        "actor": replay.actor,
        "reason": replay.reason,
        "dry_run": replay.dry_run,
        "force": replay.force,
        "concurrency": replay.concurrency,
        "filter": dict(replay.filter) if replay.filter is not None else None,
        "total": replay.total,
        "more": replay.more,
        "done": told.done,
        "outcomes": dict(sorted(told.outcomes.items())),
    }


def _history(entry: Mapping[str, Any]) -> HistoryModel:
    at = datetime.fromisoformat(entry["at"]).astimezone(AMSTERDAM)
    return HistoryModel(at=at, action=entry["action"], actor=entry["actor"])


def _difference(found: Difference) -> DifferenceModel:
    was, wordt = (
        BedragenModel(ingediend=ingediend, toegekend=toegekend)
        for ingediend, toegekend in zip(found.ingediend, found.toegekend, strict=True)
    )
    return DifferenceModel(
        vervallen=dict(found.vervallen),
        nieuw=dict(found.nieuw),
        bedragen=AmountsDifferenceModel(was=was, wordt=wordt),
        retour_anders=found.retour,
    )
