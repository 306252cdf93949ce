"""The shapes of what goes over HTTP, with examples for the documentation."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.progress import Fase
from iwmo_gateway.store.search import Search

UUID_PATTERN: Final = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"


_FINDING: Final[dict[str, JsonValue]] = {
    "regel": "TR019",
    "niveau": 3,
    "retourcode": "9019",
    "klasse": "StartProduct",
    "pad": "/Bericht/Client/StartProducten/StartProduct[1]",
    "regelnummer": 33,
    "tekst": "De start of stop hoort bij een geldige toewijzing aan deze aanbieder voor deze client.",
    "verwacht": "het ToewijzingNummer van een toewijzing van deze gemeente aan u voor deze client",
    "gevonden": "ToewijzingNummer 300201",
    "actie": "reject",
}
_RESULT: Final[dict[str, JsonValue]] = {
    "id": "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c",
    "soort": "WMO305",
    "release": "3.2",
    "afzender": "65656055",
    "ontvanger": "0340",
    "identificatie": "START0002",
    "dagtekening": "2023-02-06",
    "received_at": "2023-02-06T10:00:00+01:00",
    "status": "rejected",
    "bevindingen": [_FINDING],
    "bevindingen_totaal": 1,
    "retour": {"id": "0197a3c2-5e12-7c02-8f4b-3d1c9e7a5b60", "soort": "WMO306"},
    "bedragen": None,
    "versies": {"xsd": "iwmo-3.2/1.0.0", "regels": "0.1.0", "contract": [], "codelijsten": ["gemeenten/2026"]},
    "oordelen": 1,
}


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("has no place in UTC") from None


def _written(value: object) -> object:
    """Refuses a number, which pydantic would count in seconds since 1970."""
    if isinstance(value, str) and not _YEAR.match(value):
        raise ValueError("should begin as 2023-02-01 does")
    return value


_YEAR: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Day = Annotated[date, BeforeValidator(_written)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]


class FindingModel(BaseModel):
    """One fault: what, where, by which rule, expected and found. `gevonden` of a personal element is masked."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_FINDING]})

    regel: str
    niveau: int = Field(description="1 schema, 2 content, 3 against earlier messages, 4 against outside sources")
    retourcode: str | None
    klasse: str
    pad: str
    regelnummer: int
    tekst: str
    verwacht: str | None
    gevonden: str | None
    actie: str = Field(
        description="reject; signal: told, but accepted; review: the line is held until the municipality decides"
    )
    artikel: str | None = Field(None, description="Where the contract says it")


class RetourModel(BaseModel):
    """The return message, to be read at /v1/berichten/{id}/xml."""

    id: str
    soort: str


class VersiesModel(BaseModel):
    """What judged the message."""

    xsd: str
    regels: str
    contract: list[str]
    codelijsten: list[str]


class BedragenModel(BaseModel):
    """What a claim asks and what is approved of it, in euro cents; below zero where credits outweigh debits."""

    ingediend: int
    toegekend: int


class SummaryModel(BaseModel):
    """A message and where it stands."""

    id: str
    soort: str
    release: str
    afzender: str
    ontvanger: str | None
    identificatie: str | None
    dagtekening: date | None
    received_at: datetime
    status: str
    bevindingen_totaal: int
    retour: RetourModel | None
    bedragen: BedragenModel | None = Field(None, description="Of a claim that passed its schema")
    versies: VersiesModel | None
    oordelen: int
    antwoord_op: str | None = None
    antwoord_door: str | None = Field(None, description="The party that sends the return message, if it has not yet")
    toelichting: str | None = Field(
        None, description="Why there is no judgement or no answer yet, or that its bytes were purged"
    )


class VoortgangModel(BaseModel):
    """How far the judging of a message is: what is being done, and how many lines of a claim were judged."""

    fase: Fase = Field(description="wacht, leest, controleert (levels 1, 2), beoordeelt (3, 4), boekt (is written)")
    regels: int | None = Field(description="Lines of the claim, once they were read; null for any other message")
    gedaan: int = Field(description="Lines judged, reckoned by the rules that have run over the message")


class ResultModel(SummaryModel):
    """The result of a message: its newest judgement with the first 100 findings."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RESULT]})

    voortgang: VoortgangModel | None = Field(None, description="Of a message that is not judged yet (received)")
    bevindingen: list[FindingModel]
    fout: str | None = Field(None, description="What went wrong with us, if it waits for that; for operators alone")


class ValidationModel(BaseModel):
    """What the gateway would say of a message; `bevindingen` holds the first 100."""

    soort: str
    release: str
    status: str = Field(
        description="accepted, rejected, or invalid (fails the schema); a claim also partly_accepted, refused, or "
        "in_review (lines of it are held)"
    )
    bedragen: BedragenModel | None = None
    bevindingen: list[FindingModel]
    bevindingen_totaal: int


class FilterModel(BaseModel):
    """What messages may be found by; everything that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    zoek: Text | None = Field(
        None,
        max_length=36,
        description="A number of any kind: identification, claim number, ToewijzingNummer, ReferentieAanbieder, "
        "ReferentieNummer, or id",
    )
    soort: Text | None = Field(None, examples=["WMO305"])
    status: Status | None = None
    retour: bool | None = Field(None, description="Only return messages, or none of them")
    partij: Text | None = Field(None, description="Sender or receiver", examples=["65656055"])
    ontvangen_vanaf: Moment | None = Field(None, examples=["2023-02-01T00:00:00+01:00"])
    ontvangen_tot: Moment | None = None
    identificatie: Text | None = Field(None, max_length=12)
    declaratie_nummer: Text | None = Field(None, max_length=12, description="DeclaratieNummer, or invoice number")
    toewijzing_nummer: int | None = Field(None, ge=0, le=999_999_999)
    regel: Text | None = Field(None, examples=["TR019"])
    retourcode: Text | None = Field(None, examples=["9019"])
    tekst: Text | None = Field(None, min_length=3, max_length=100, description="Part of the text of a finding")

    @property
    def search(self) -> Search:
        """The search that this asks for."""
        return Search(
            soort=self.soort,
            status=self.status,
            party=self.partij,
            received_from=self.ontvangen_vanaf,
            received_until=self.ontvangen_tot,
            identificatie=self.identificatie,
            declaratie_nummer=self.declaratie_nummer,
            toewijzing_nummer=self.toewijzing_nummer,
            regel=self.regel,
            retourcode=self.retourcode,
            text=self.tekst,
            number=self.zoek,
            answers=self.retour,
        )


class SearchModel(FilterModel):
    """What a search may ask for."""

    formaat: Literal["json", "csv", "xlsx"] | None = Field(
        None, description="As `Accept`, for where no header can be given"
    )
    before: str | None = Field(None, pattern=UUID_PATTERN, description="Only what is older than this message")
    limit: int = Field(50, ge=1, le=100)


class LinksModel(BaseModel):
    """Where the next page is; null on the last one."""

    next: str | None


class SummariesModel(BaseModel):
    """A page of messages, newest first."""

    berichten: list[SummaryModel]
    links: LinksModel


class FindingsModel(BaseModel):
    """A page of findings, in the order of the document."""

    bevindingen: list[FindingModel]
    links: LinksModel


class EntryModel(BaseModel):
    """One message that waits. `vervangt` is an answer that was fetched before and no longer holds."""

    nr: int
    id: str
    soort: str
    afzender: str
    received_at: datetime
    antwoord_op: str | None
    vervangt: str | None


class MailboxModel(BaseModel):
    """What waits for the calling party, oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "berichten": [
                        {
                            "nr": 12,
                            "id": "0197a3c2-5e12-7c02-8f4b-3d1c9e7a5b60",
                            "soort": "WMO306",
                            "afzender": "0340",
                            "received_at": "2023-02-06T10:00:00+01:00",
                            "antwoord_op": "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c",
                            "vervangt": None,
                        }
                    ],
                    "links": {"next": None},
                }
            ]
        }
    )

    berichten: list[EntryModel]
    links: LinksModel


class OordeelModel(BaseModel):
    """One judging of a message."""

    nr: int
    at: datetime
    received_at: datetime
    status: str
    bevindingen_totaal: int
    retour: RetourModel | None
    bedragen: BedragenModel | None
    versies: VersiesModel


class EventModel(BaseModel):
    """Something that happened to a message."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    event: str
    actor: str
    detail: dict[str, Any] | None


class StoryModel(BaseModel):
    """Every judgement of a message and all that happened to it, oldest first."""

    oordelen: list[OordeelModel]
    gebeurtenissen: list[EventModel]


class ProblemModel(BaseModel):
    """A problem (RFC 9457); more fields where they help: verwacht, gevonden, regelnummer, errors, id."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedie: str


class FileModel(BaseModel):
    """What came of one file of a ZIP: the result of its message, or a problem."""

    bestand: str
    status: int = Field(description="The HTTP status that the message would have got by itself")
    resultaat: ResultModel | None = None
    probleem: ProblemModel | None = None


class ZipModel(BaseModel):
    """What came of each file of a ZIP, in the order of the archive."""

    resultaten: list[FileModel]
