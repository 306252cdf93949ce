"""The shapes of facts as they go over HTTP, and of what may be asked of them."""

from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.states_of_care import LeveringFeit, LeveringStaat, ToewijzingFeit, ToewijzingStaat
from iwmo_gateway.store.states_of_claims import DeclaratieFeit, RegelFeit, RegelStaat
from iwmo_gateway.store.states_of_requests import VerzoekFeit, VerzoekStaat
from iwmo_gateway.web.models import UUID_PATTERN, Day, LinksModel, Moment, Text
from iwmo_gateway.web.sheets import Cell, Format

_COUNT: Final = "[0-9]{1,18}"
"""A number that a database surely counts to."""
Place = Annotated[str, Field(pattern=f"^{_COUNT}$")]
PlaceOfVersion = Annotated[str, Field(pattern=f"^{_COUNT}-[0-9]{{1,9}}$")]
PlaceInside = Annotated[str, Field(pattern=f"^{_COUNT}-{_COUNT}$")]
Received = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(AMSTERDAM))]
Tijd = Annotated[
    time,
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$"}, mode="serialization"),
]
"""A time of the day in Amsterdam. It tells no zone, which the format `time` of a JSON schema asks for."""
Nummer = Annotated[int, Field(ge=0, le=999_999_999)]
_AFTER: Final = "Only what comes behind this place; links.next has it filled in"


class AskedModel(BaseModel):
    """What may be asked of every kind of fact."""

    model_config = ConfigDict(extra="forbid")

    gemeente: Text | None = Field(None, examples=["0384"])
    aanbieder: Text | None = Field(None, examples=["42420001"])
    domein: Domain | None = None
    gewijzigd_sinds: Moment | None = Field(
        None, description="A message that makes or changes it was judged at this moment or later"
    )
    limit: int = Field(50, ge=1, le=100)


class AskedToewijzingenModel(AskedModel):
    """What may be asked of allocations."""

    toewijzing_nummer: Nummer | None = None
    product_categorie: Text | None = None
    product_code: Text | None = None
    referentie_aanbieder: Text | None = None
    geldig_op: Day | None = Field(None, description="Its period holds this day")
    staat: ToewijzingStaat | Literal["alle"] = "geldig"
    after: PlaceOfVersion | None = Field(None, description=_AFTER)


class AskedLeveringenModel(AskedModel):
    """What may be asked of deliveries."""

    toewijzing_nummer: Nummer | None = None
    product_categorie: Text | None = None
    product_code: Text | None = None
    begonnen_vanaf: Day | None = Field(None, description="Begindatum is this day or later")
    begonnen_tot_en_met: Day | None = Field(None, description="Begindatum is this day or earlier")
    staat: LeveringStaat | Literal["alle"] | None = Field(None, description="If left out, all but the deleted ones")
    after: Place | None = Field(None, description=_AFTER)


class AskedVerzoekenModel(AskedModel):
    """What may be asked of requests."""

    soort: Text | None = Field(None, examples=["WMO315"])
    referentie_aanbieder: Text | None = None
    staat: VerzoekStaat | Literal["alle"] = "alle"
    after: Place | None = Field(None, description=_AFTER)


class AskedDeclaratiesModel(AskedModel):
    """What may be asked of claims."""

    soort: Text | None = Field(None, examples=["WMO323"])
    declaratie_nummer: Text | None = Field(None, description="DeclaratieNummer, or invoice number")
    periode_vanaf: Day | None = Field(None, description="DeclaratiePeriode begins on this day or later")
    periode_tot_en_met: Day | None = Field(None, description="DeclaratiePeriode ends on this day or earlier")
    status: Literal["accepted", "partly_accepted", "refused", "in_review"] | None = None
    after: Place | None = Field(None, description=_AFTER)


class AskedRegelsModel(AskedModel):
    """What may be asked of claim lines."""

    soort: Text | None = Field(None, examples=["WMO323"])
    declaratie: str | None = Field(None, pattern=UUID_PATTERN, description="The id of the claim")
    toewijzing_nummer: Nummer | None = None
    referentie_nummer: Text | None = None
    product_categorie: Text | None = None
    product_code: Text | None = None
    staat: RegelStaat | Literal["alle"] = "alle"
    formaat: Format | None = Field(None, description="As `Accept`, for where no header can be given")
    after: PlaceInside | None = Field(None, description=_AFTER)


class SourceModel(BaseModel):
    """A message that made a fact, to be read at /v1/berichten/{id}; its XML alone tells about whom it is."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    soort: str
    identificatie: str | None
    received_at: Received
    rol: str = Field(description="What it did")
    bepalend: bool = Field(description="The present state follows from it")


class ProductModel(BaseModel):
    """A product: a category, or a code in it."""

    categorie: str | None
    code: str | None


class OmvangModel(BaseModel):
    """A size, in the codes of the standard."""

    volume: int
    eenheid: str
    frequentie: str | None


class PeriodeModel(BaseModel):
    """A period; both days belong to it."""

    begindatum: date
    einddatum: date


class FeitModel(BaseModel):
    """What every fact tells."""

    domein: str
    gemeente: str
    aanbieder: str
    berichten: list[SourceModel] = Field(description="What made it so, newest first")


_BERICHT: Final[dict[str, JsonValue]] = {
    "id": "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c",
    "soort": "WMO301",
    "identificatie": "TOEWIJZING01",
    "received_at": "2023-02-06T10:00:00+01:00",
    "rol": "versie",
    "bepalend": True,
}
_TOEWIJZING: Final[dict[str, JsonValue]] = {
    "domein": "wmo",
    "gemeente": "0384",
    "aanbieder": "42420001",
    "berichten": [_BERICHT],
    "toewijzing_nummer": 700001,
    "product": {"categorie": "02", "code": "02A16"},
    "toewijzingsdatum": "2023-02-05",
    "toewijzingstijd": "10:15:00",
    "ingangsdatum": "2023-02-01",
    "einddatum": "2023-12-31",
    "omvang": {"volume": 4, "eenheid": "04", "frequentie": "2"},
    "budget": None,
    "reden_wijziging": None,
    "referentie_aanbieder": None,
    "staat": "geldig",
    "versies": 1,
}


class ToewijzingModel(FeitModel):
    """An allocation as its newest version has it: the latest Toewijzingsdatum and Toewijzingstijd."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOEWIJZING]})

    toewijzing_nummer: int
    product: ProductModel | None
    toewijzingsdatum: date
    toewijzingstijd: Tijd
    ingangsdatum: date
    einddatum: date | None
    omvang: OmvangModel | None
    budget: int | None = Field(description="Euro cents")
    reden_wijziging: str | None
    referentie_aanbieder: str | None
    staat: ToewijzingStaat
    versies: int = Field(description="How many there are")


class LeveringModel(FeitModel):
    """A delivery: of an allocation, or of a product without one, from a day on."""

    toewijzing_nummer: int | None
    product: ProductModel | None
    begindatum: date
    staat: LeveringStaat
    einddatum: date | None = Field(description="Of its newest stop that counts")
    reden_beeindiging: str | None = Field(description="Of its newest stop that counts; 20 is for a while")


class VerzoekModel(FeitModel):
    """A request for an allocation (315) or for a change (317)."""

    referentie_aanbieder: str
    soort: str
    dagtekening: date | None
    staat: VerzoekStaat
    toewijzing_nummers: list[int] = Field(description="The allocations that carry its reference")


class RegelsModel(BaseModel):
    """The lines of a claim by state."""

    goedgekeurd: int = 0
    afgekeurd: int = 0
    gecrediteerd: int = 0
    aangehouden: int = 0


class DeclaratieModel(FeitModel):
    """A claim that counts as sent. Amounts in euro cents, below zero where credits outweigh debits."""

    id: str = Field(description="Of its message")
    soort: str
    declaratie_nummer: str
    periode: PeriodeModel
    status: str
    ingediend: int
    toegekend: int
    regels: RegelsModel


class RedenModel(BaseModel):
    """Why a line is refused or held, or what a signal tells of it or its client."""

    model_config = ConfigDict(from_attributes=True)

    regel: str
    retourcode: str | None
    tekst: str
    verwacht: str | None
    gevonden: str | None
    actie: str
    artikel: str | None


class RegelModel(FeitModel):
    """A line of a claim. Amounts in euro cents; `bedrag` and `btw` of a credit are below zero."""

    declaratie: str = Field(description="The id of the claim")
    declaratie_nummer: str
    soort: str
    referentie_nummer: str
    vorig_referentie_nummer: str | None
    toewijzing_nummer: int | None
    product: ProductModel
    periode: PeriodeModel
    volume: int
    eenheid: str
    tarief: int | None
    bedrag: int
    btw: int
    credit: bool = Field(description="It takes back an earlier line, if it is approved")
    staat: RegelStaat
    redenen: list[RedenModel] = Field(description="Of the newest judgement of the claim")


class ToewijzingenModel(BaseModel):
    """A page of allocations, in the order in which they first came."""

    toewijzingen: list[ToewijzingModel]
    links: LinksModel


class LeveringenModel(BaseModel):
    """A page of deliveries, in the order in which they were first started."""

    leveringen: list[LeveringModel]
    links: LinksModel


class VerzoekenModel(BaseModel):
    """A page of requests, in the order in which they came."""

    verzoeken: list[VerzoekModel]
    links: LinksModel


class DeclaratiesModel(BaseModel):
    """A page of claims, in the order in which they were booked."""

    declaraties: list[DeclaratieModel]
    links: LinksModel


class RegelsPageModel(BaseModel):
    """A page of claim lines, in the order in which their claims were booked."""

    regels: list[RegelModel]
    links: LinksModel


def toewijzing(fact: ToewijzingFeit) -> ToewijzingModel:
    """An allocation as it is told."""
    omvang = None
    if fact.volume is not None and fact.eenheid is not None:
        omvang = OmvangModel(volume=fact.volume, eenheid=fact.eenheid, frequentie=fact.frequentie)
    return ToewijzingModel(
        **_shared(fact),
        toewijzing_nummer=fact.toewijzing_nummer,
        product=_product(fact.categorie, fact.code),
        toewijzingsdatum=fact.toewijzingsdatum,
        toewijzingstijd=fact.toewijzingstijd,
        ingangsdatum=fact.ingangsdatum,
        einddatum=fact.einddatum,
        omvang=omvang,
        budget=fact.budget,
        reden_wijziging=fact.reden_wijziging,
        referentie_aanbieder=fact.referentie_aanbieder,
        staat=fact.staat,
        versies=fact.versies,
    )


def levering(fact: LeveringFeit) -> LeveringModel:
    """A delivery as it is told."""
    return LeveringModel(
        **_shared(fact),
        toewijzing_nummer=fact.toewijzing_nummer,
        product=_product(fact.categorie, fact.code),
        begindatum=fact.begindatum,
        staat=fact.staat,
        einddatum=fact.einddatum,
        reden_beeindiging=fact.reden_beeindiging,
    )


def verzoek(fact: VerzoekFeit) -> VerzoekModel:
    """A request as it is told."""
    return VerzoekModel(
        **_shared(fact),
        referentie_aanbieder=fact.referentie_aanbieder,
        soort=fact.soort,
        dagtekening=fact.dagtekening,
        staat=fact.staat,
        toewijzing_nummers=list(fact.toewijzing_nummers),
    )


def declaratie(fact: DeclaratieFeit) -> DeclaratieModel:
    """A claim as it is told."""
    return DeclaratieModel(
        **_shared(fact),
        id=fact.id,
        soort=fact.soort,
        declaratie_nummer=fact.declaratie_nummer,
        periode=PeriodeModel(begindatum=fact.begindatum, einddatum=fact.einddatum),
        status=fact.status,
        ingediend=fact.ingediend,
        toegekend=fact.toegekend,
        regels=RegelsModel(**fact.regels),
    )


def regel(fact: RegelFeit) -> RegelModel:
    """A claim line as it is told."""
    return RegelModel(
        **_shared(fact),
        declaratie=fact.declaratie,
        declaratie_nummer=fact.declaratie_nummer,
        soort=fact.soort,
        referentie_nummer=fact.referentie_nummer,
        vorig_referentie_nummer=fact.vorig_referentie_nummer,
        toewijzing_nummer=fact.toewijzing_nummer,
        product=ProductModel(categorie=fact.categorie, code=fact.code),
        periode=PeriodeModel(begindatum=fact.begindatum, einddatum=fact.einddatum),
        volume=fact.volume,
        eenheid=fact.eenheid,
        tarief=fact.tarief,
        bedrag=fact.bedrag,
        btw=fact.btw,
        credit=fact.credit,
        staat=fact.staat,
        redenen=[RedenModel.model_validate(reason) for reason in fact.redenen],
    )


REGEL_COLUMNS: Final = (
    "domein", "gemeente", "aanbieder", "soort", "declaratie", "declaratie_nummer", "referentie_nummer",
    "vorig_referentie_nummer", "toewijzing_nummer", "product_categorie", "product_code", "begindatum", "einddatum",
    "volume", "eenheid", "tarief", "bedrag", "btw", "credit", "staat", "redenen",
)  # fmt: skip


def regel_row(told: RegelModel) -> dict[str, Cell]:
    """A claim line as a row of a spreadsheet: the reasons in one cell."""
    why = "; ".join(
        " ".join(filter(None, (one.regel, one.retourcode, one.artikel and f"({one.artikel})", one.tekst, one.gevonden)))
        for one in told.redenen
    )
    return {
        "domein": told.domein,
        "gemeente": told.gemeente,
        "aanbieder": told.aanbieder,
        "soort": told.soort,
        "declaratie": told.declaratie,
        "declaratie_nummer": told.declaratie_nummer,
        "referentie_nummer": told.referentie_nummer,
        "vorig_referentie_nummer": told.vorig_referentie_nummer,
        "toewijzing_nummer": told.toewijzing_nummer,
        "product_categorie": told.product.categorie,
        "product_code": told.product.code,
        "begindatum": str(told.periode.begindatum),
        "einddatum": str(told.periode.einddatum),
        "volume": told.volume,
        "eenheid": told.eenheid,
        "tarief": told.tarief,
        "bedrag": told.bedrag,
        "btw": told.btw,
        "credit": told.credit,
        "staat": told.staat,
        "redenen": why or None,
    }


def _shared(fact: ToewijzingFeit | LeveringFeit | VerzoekFeit | DeclaratieFeit | RegelFeit) -> dict[str, Any]:
    return {
        "domein": fact.domein,
        "gemeente": fact.gemeente,
        "aanbieder": fact.aanbieder,
        "berichten": [SourceModel.model_validate(source) for source in fact.berichten],
    }


def _product(categorie: str | None, code: str | None) -> ProductModel | None:
    return None if categorie is None and code is None else ProductModel(categorie=categorie, code=code)
