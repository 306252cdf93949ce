"""The shapes of contract profiles, with an example for the documentation."""

from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from iwmo_gateway.contract.prose import explained, lots, notes, rules, unseen
from iwmo_gateway.gateway.contracts import Kept
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.contracts import Contract

_LISTED: Final[dict[str, JsonValue]] = {
    "profiel": "rhenen-wmo-2023",
    "versie": 1,
    "contract": "rhenen-wmo-2023/1",
    "domein": "wmo",
    "gemeenten": ["0340"],
    "vanaf": "2023-01-01",
    "tot_en_met": "2023-12-31",
    "geladen_op": "2022-12-01T10:00:00+01:00",
    "geladen_door": "0340",
}


class ContractSummaryModel(BaseModel):
    """One version of a contract profile."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LISTED]})

    profiel: str = Field(description="The name of its file")
    versie: int
    contract: str = Field(description="How results name it, in `versies.contract`")
    domein: Domain
    gemeenten: list[str]
    vanaf: date
    tot_en_met: date
    geladen_op: datetime
    geladen_door: str = Field(description="A party, or an operator with the label of its token")


class ContractListModel(BaseModel):
    """The newest version of each profile, by name."""

    contracten: list[ContractSummaryModel]


class FoutModel(BaseModel):
    """What is wrong on a line of a profile."""

    model_config = ConfigDict(from_attributes=True)

    regelnummer: int
    tekst: str
    artikel: str | None = Field(description="Of the product, rule or table that the line belongs to")


class ContractModel(ContractSummaryModel):
    """A version with what it says: as data, and in Dutch."""

    versies: list[int] = Field(description="The versions of this name that you may see")
    uitleg: list[str] = Field(description="The agreement in Dutch, a sentence or two each; tariffs are in `inhoud`")
    niet_beoordeeld: list[str] = Field(description="What was agreed but no message shows, in Dutch")
    inhoud: dict[str, Any] | None = Field(
        description="The keys of the TOML, tariffs as `cents` (euro cents); null if this gateway takes it no more"
    )
    fouten: list[FoutModel] = Field(description="Empty, but for a text that this gateway does not take any more")


def listed(contract: Contract, gemeenten: tuple[str, ...]) -> ContractSummaryModel:
    """A version without what it says."""
    return ContractSummaryModel(**_summary(contract, gemeenten))


def full(kept: Kept) -> ContractModel:
    """A version with what it says."""
    profiel = kept.checked.profiel
    return ContractModel(
        **_summary(kept.contract, kept.gemeenten),
        versies=list(kept.versies),
        uitleg=[*explained(profiel), *notes(profiel), *lots(profiel), *rules(profiel)] if profiel else [],
        niet_beoordeeld=[*unseen(profiel)] if profiel else [],
        inhoud=profiel.model_dump(mode="json", exclude={"name", "version"}) if profiel else None,
        fouten=[FoutModel.model_validate(fault) for fault in kept.checked.faults],
    )


def _summary(contract: Contract, gemeenten: tuple[str, ...]) -> dict[str, Any]:
    return {
        "profiel": contract.name,
        "versie": contract.version,
        "contract": contract.identity,
        "domein": contract.domain,
        "gemeenten": list(gemeenten),
        "vanaf": contract.vanaf,
        "tot_en_met": contract.tot_en_met,
        "geladen_op": contract.loaded_at.astimezone(AMSTERDAM),
        "geladen_door": contract.loaded_by,
    }
