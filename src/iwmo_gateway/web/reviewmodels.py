"""The shapes of reviews: the claim lines that wait for their municipality, and what it decides."""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from iwmo_gateway.contract.terms import working_days_between
from iwmo_gateway.gateway.review import Decided, Uitkomst
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.reviews import Besluit, Decision, Review
from iwmo_gateway.web.models import UUID_PATTERN, LinksModel, RetourModel, Text
from iwmo_gateway.web.statemodels import PeriodeModel, ProductModel

AT_ONCE: Final = 1000
"""How many lines one call may decide on."""
_MOST: Final = 2**63 - 1

_REVIEW: Final[dict[str, JsonValue]] = {
    "id": 12,
    "bericht": "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c",
    "soort": "WMO323",
    "release": "3.2",
    "domein": "wmo",
    "gemeente": "0340",
    "aanbieder": "65656055",
    "identificatie": "ZA2305020001",
    "declaratie_nummer": "D2302",
    "referentie_nummer": "R2302-1",
    "toewijzing_nummer": 650101,
    "product": {"categorie": "02", "code": "02A16"},
    "periode": {"begindatum": "2023-02-01", "einddatum": "2023-02-28"},
    "volume": 10,
    "eenheid": "04",
    "tarief": 6000,
    "bedrag": 60000,
    "pad": "/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie[1]",
    "regelnummer": 33,
    "bevindingen": [
        {
            "regel": "contract-vervallen",
            "artikel": "bijlage 8, 8.10",
            "tekst": "De regel komt voordat de gemeente hem volgens het contract niet meer in behandeling neemt.",
            "verwacht": "ontvangen op of voor 2023-04-30",
            "gevonden": "ontvangen op 2023-05-02",
        }
    ],
    "received_at": "2023-05-02T10:00:00+02:00",
    "uiterlijk": "2023-05-16",
    "te_laat": False,
    "werkdagen_over": 10,
}


def _a_place(text: str) -> str:
    """Refuses what no link of ours says."""
    place_of(text)
    return text


def place_of(text: str) -> tuple[date, int]:
    """The place that was written as this text. Raises ValueError for any other text."""
    day, _, number = text.partition("_")
    if not (number.isascii() and number.isdigit()) or int(number) > _MOST:
        raise ValueError("no place")
    return date.fromisoformat(day), int(number)


class ReviewsQuery(BaseModel):
    """What may be asked of the lines that wait; everything that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    gemeente: Text | None = Field(None, examples=["0340"])
    aanbieder: Text | None = Field(None, examples=["65656055"])
    bericht: str | None = Field(None, pattern=UUID_PATTERN, description="The id of the claim")
    declaratie_nummer: Text | None = Field(None, max_length=12, description="DeclaratieNummer, or invoice number")
    te_laat: bool | None = Field(None, description="Only what is overdue, or only what is not")
    after: Annotated[str, AfterValidator(_a_place)] | None = Field(None, description="As in `links.next`")
    limit: int = Field(100, ge=1, le=1000)


class ReasonModel(BaseModel):
    """Why a line is held."""

    regel: str
    artikel: str | None = Field(description="Where the contract says it")
    tekst: str
    verwacht: str | None
    gevonden: str | None


class ReviewModel(BaseModel):
    """A line that waits for its municipality. Amounts in euro cents; about whom it is stands in the claim alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REVIEW]})

    id: int
    bericht: str = Field(description="The id of the claim")
    soort: str
    release: str
    domein: str
    gemeente: str
    aanbieder: str
    identificatie: str | None
    declaratie_nummer: str | None
    referentie_nummer: str
    toewijzing_nummer: int | None
    product: ProductModel
    periode: PeriodeModel
    volume: int
    eenheid: str
    tarief: int | None
    bedrag: int
    pad: str
    regelnummer: int
    bevindingen: list[ReasonModel]
    received_at: datetime
    uiterlijk: date = Field(description="The last day on which the claim is answered in time")
    te_laat: bool
    werkdagen_over: int = Field(description="Working days until `uiterlijk`; below zero since then")


class ReviewsModel(BaseModel):
    """A page of lines that wait on a day (`peildatum`), the nearest due day first."""

    peildatum: date
    reviews: list[ReviewModel]
    links: LinksModel


class DecisionRequest(BaseModel):
    """A decision on one line. To refuse it takes a return code of the claim's release and a reason."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"besluit": "approve"},
                {"besluit": "refuse", "retourcode": "9321", "reason": "Te laat ingediend, zonder bericht vooraf."},
            ]
        },
    )

    besluit: Besluit
    retourcode: Text | None = Field(None, pattern="^[0-9]{4}$")
    reason: Text | None = Field(None, min_length=3, max_length=500, description="Told to the provider: name nobody")

    @model_validator(mode="after")
    def _refused_with_a_reason(self) -> "DecisionRequest":
        told = [name for name in ("retourcode", "reason") if getattr(self, name) is not None]
        if self.besluit is Besluit.REFUSE and len(told) < 2:
            raise ValueError("refuse needs retourcode and reason")
        if self.besluit is Besluit.APPROVE and self.retourcode is not None:
            raise ValueError("approve has no retourcode")
        return self

    def decision(self, review: int) -> Decision:
        """As a decision on this line."""
        return Decision(review, self.besluit, self.retourcode, self.reason)


class LineDecisionRequest(DecisionRequest):
    """A decision on the line with this id."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": 12, "besluit": "approve"}]},
    )

    id: int = Field(ge=1, le=_MOST)


class DecisionsRequest(BaseModel):
    """Decisions on many lines."""

    model_config = ConfigDict(extra="forbid")

    besluiten: list[LineDecisionRequest] = Field(min_length=1, max_length=AT_ONCE)


class DecidedModel(BaseModel):
    """A decision as it is kept, and where its claim stands."""

    id: int
    besluit: Besluit
    retourcode: str | None
    reason: str | None
    decided_at: datetime
    decided_by: str
    bericht: str = Field(description="The id of the claim")
    status: str = Field(description="Of the claim: in_review until the last line is decided")
    te_besluiten: int = Field(description="How many lines of the claim still wait")
    retour: RetourModel | None = Field(description="The answer to the claim, if this was the last decision")


class OutcomeModel(BaseModel):
    """What came of one decision: what is kept, or the problem that it ended in."""

    id: int
    besloten: DecidedModel | None
    problem: Literal["niet-gevonden", "al-besloten", "parameters"] | None
    detail: str | None


class OutcomesModel(BaseModel):
    """What came of many decisions, in the order in which they were asked."""

    besluiten: list[OutcomeModel]


PROBLEMS: Final[dict[Uitkomst, tuple[Literal["niet-gevonden", "al-besloten", "parameters"], str]]] = {
    Uitkomst.ONBEKEND: ("niet-gevonden", "Deze aangehouden regel is er niet, of is niet voor u."),
    Uitkomst.AL_BESLOTEN: ("al-besloten", "Over deze regel is al besloten."),
    Uitkomst.RETOURCODE: (
        "parameters",
        "Deze retourcode staat niet in de codelijst van de release van de declaratie, of zegt niet wat er mis is.",
    ),
}
"""The problem that an outcome is, and its text."""


def review(line: Review, today: date) -> ReviewModel:
    """A line that waits, as it is told on this day."""
    return ReviewModel(
        id=line.id,
        bericht=line.message,
        soort=line.soort,
        release=line.release,
        domein=line.domain,
        gemeente=line.gemeente,
        aanbieder=line.aanbieder,
        identificatie=line.identificatie,
        declaratie_nummer=line.declaratie_nummer,
        referentie_nummer=line.referentie_nummer,
        toewijzing_nummer=line.toewijzing_nummer,
        product=ProductModel(categorie=line.categorie, code=line.code),
        periode=PeriodeModel(begindatum=line.begindatum, einddatum=line.einddatum),
        volume=line.volume,
        eenheid=line.eenheid,
        tarief=line.tarief,
        bedrag=line.bedrag,
        pad=line.pad,
        regelnummer=line.regelnummer,
        bevindingen=[ReasonModel.model_validate(why) for why in line.bevindingen],
        received_at=line.received_at.astimezone(AMSTERDAM),
        uiterlijk=line.uiterlijk,
        te_laat=line.uiterlijk < today,
        werkdagen_over=working_days_between(today, line.uiterlijk),
    )


def decided(done: Decided) -> DecidedModel | None:
    """A decision that is kept; None for one that is not."""
    line = done.review
    if done.uitkomst is not Uitkomst.BESLOTEN or line is None or line.decided_at is None or done.status is None:
        return None
    answered = done.retour is not None and done.retour_soort is not None
    return DecidedModel(
        id=line.id,
        besluit=done.asked.besluit,
        retourcode=line.retourcode,
        reason=line.reason,
        decided_at=line.decided_at.astimezone(AMSTERDAM),
        decided_by=line.decided_by or "",
        bericht=line.message,
        status=done.status,
        te_besluiten=done.left,
        retour=RetourModel(id=done.retour or "", soort=done.retour_soort or "") if answered else None,
    )


def outcome(done: Decided) -> OutcomeModel:
    """What came of one of many decisions."""
    kept = decided(done)
    problem, detail = (None, None) if kept is not None else PROBLEMS[done.uitkomst]
    return OutcomeModel(id=done.asked.review, besloten=kept, problem=problem, detail=detail)
