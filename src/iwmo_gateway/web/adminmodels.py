"""The shapes of the administration: parties, tokens, mandates, and what is told of a wrong one."""

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from iwmo_gateway.errors import Unfit
from iwmo_gateway.gateway.access import DAYS, OVERLAP_DAYS, Issued
from iwmo_gateway.gateway.sealing import Verified
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.mandates import Mandate
from iwmo_gateway.store.parties import DOMAINS, Party, Right, Token, TokenRole, TokenSearch
from iwmo_gateway.store.seals import Ranges
from iwmo_gateway.web.models import UUID_PATTERN, Day, LinksModel, Text
from iwmo_gateway.web.problems import ProblemError

LONGEST_OVERLAP: Final = 365
_NO_CODE: Final = "Vul een CBS-code (4 cijfers) of een AGB-code (8 cijfers) in."
PARTY_FAULTS: Final = {"code": ("code", _NO_CODE), "domains": ("domeinen", "Kies ten minste één domein.")}
TOKEN_FAULTS: Final = {
    "party": ("partij", "Vul een CBS-code (4 cijfers) of een AGB-code (8 cijfers) in, alleen voor een partij."),
    "label": ("label", "Zeg in ten hoogste 80 tekens waarvoor dit token is."),
    "expires_at": ("tot_en_met", "De laatste dag ligt niet voor vandaag."),
    "subject": ("subject", "Dit kenmerk heeft al een token (trek dat eerst in), of telt meer dan 255 tekens."),
    "rights": ("rechten", "Kies ten minste één recht dat bij deze rol hoort."),
    "domains": ("domeinen", "Kies ten minste één domein; een token van een beheerder of auditor is voor beide."),
}
MANDATE_FAULTS: Final = {
    "party": ("partij", _NO_CODE),
    "bureau": ("bureau", "Vul de code van een andere partij in: CBS-code (4 cijfers) of AGB-code (8 cijfers)."),
    "tot_en_met": ("tot_en_met", "De laatste dag ligt niet voor de eerste."),
}
NOT_HERE: Final = (
    "Een token dat zelf tokens mag uitgeven (administer), wordt alleen op de opdrachtregel gemaakt of vervangen."
)
_TOKEN: Final[dict[str, JsonValue]] = {
    "id": "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c",
    "rol": "party",
    "partij": "65656055",
    "label": "their software",
    "rechten": ["read", "send"],
    "domeinen": ["wmo"],
    "gemaakt": "2026-03-02T09:15:31+01:00",
    "geldig_tot": "2027-03-03T00:00:00+01:00",
    "laatst_gebruikt": None,
    "ingetrokken": None,
    "vervangt": None,
    "subject": None,
}
Code = Annotated[str, Field(max_length=8, pattern="^[0-9]+$")]


class PartiesQuery(BaseModel):
    """Which parties are asked for, in the order of their codes."""

    model_config = ConfigDict(extra="forbid")

    code: Code | None = Field(None, description="With what the code begins")
    after: Code | None = Field(None, description="As in `links.next`")
    limit: int = Field(100, ge=1, le=1000)


class PartyModel(BaseModel):
    """A municipality or provider."""

    code: str
    soort: str
    domeinen: list[Domain] = Field(description="In which it takes part")
    antwoordt_zelf: bool = Field(description="It sends the return messages to what it receives; the gateway none")
    bekend_sinds: datetime | None = Field(description="Null: nobody made it known, it only was sent something")


class PartiesModel(BaseModel):
    """A page of parties."""

    partijen: list[PartyModel]
    links: LinksModel


class PartyRequest(BaseModel):
    """What is said of a party; what is left out stays, or is what a new party has."""

    model_config = ConfigDict(extra="forbid")

    domeinen: list[Domain] | None = Field(None, max_length=2)
    antwoordt_zelf: bool | None = None


class TokensQuery(BaseModel):
    """Which tokens are asked for, newest first."""

    model_config = ConfigDict(extra="forbid")

    partij: Code | None = None
    rol: TokenRole | None = None
    geldig: bool | None = Field(None, description="Only those that are good, or only those that are not any more")
    before: str | None = Field(None, pattern=UUID_PATTERN, description="As in `links.next`")
    limit: int = Field(100, ge=1, le=1000)

    @property
    def search(self) -> TokenSearch:
        """The search that this asks for."""
        return TokenSearch(self.partij, self.rol, self.geldig)


class TokenModel(BaseModel):
    """A token, without its text, which is kept nowhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOKEN]})

    id: str
    rol: TokenRole
    partij: str | None
    label: str
    rechten: list[Right]
    domeinen: list[Domain]
    gemaakt: datetime
    geldig_tot: datetime | None = Field(description="Null: made before tokens had an end")
    laatst_gebruikt: datetime | None = Field(description="Noted once in some minutes")
    ingetrokken: datetime | None
    vervangt: str | None = Field(description="The id of the token that this one takes the place of")
    subject: str | None = Field(description="Who the OpenID provider says this is signs in with it; it has no text")


class TokensModel(BaseModel):
    """A page of tokens."""

    tokens: list[TokenModel]
    links: LinksModel


class IssuedModel(TokenModel):
    """A token that was made, with its text, this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOKEN | {"tekst": "iwmo_…"}]})

    tekst: str | None = Field(description="What goes behind `Bearer`; kept nowhere. Null with a subject")


class TokenRequest(BaseModel):
    """A token that is asked for."""

    model_config = ConfigDict(extra="forbid")

    rol: TokenRole = TokenRole.PARTY
    partij: Text | None = None
    label: Text
    rechten: list[Right] | None = Field(None, description="Without it all of the role, but for `administer`")
    domeinen: list[Domain] = Field(sorted(DOMAINS))
    subject: Text | None = Field(None, description="Of the OpenID provider (`sub`); the token then has no text")
    tot_en_met: Day | None = Field(None, description=f"The last day; without it {DAYS} days from now")


class RotationRequest(BaseModel):
    """How a token is replaced."""

    model_config = ConfigDict(extra="forbid")

    tot_en_met: Day | None = Field(None, description=f"The last day of the new one; without it {DAYS} days from now")
    overlap: int = Field(OVERLAP_DAYS, ge=0, le=LONGEST_OVERLAP, description="Days that the old one stays good")


class MandatesQuery(BaseModel):
    """Which mandates are asked for, newest first."""

    model_config = ConfigDict(extra="forbid")

    partij: Code | None = Field(None, description="Who gave it or has it")
    before: str | None = Field(None, pattern=UUID_PATTERN, description="As in `links.next`")
    limit: int = Field(100, ge=1, le=1000)


class MandateModel(BaseModel):
    """`bureau` acts for `partij`."""

    id: str
    partij: str
    bureau: str
    vanaf: date
    tot_en_met: date | None
    gemaakt: datetime
    gemaakt_door: str
    ingetrokken: datetime | None
    ingetrokken_door: str | None


class MandatesModel(BaseModel):
    """A page of mandates."""

    machtigingen: list[MandateModel]
    links: LinksModel


class MandateRequest(BaseModel):
    """A mandate that is asked for."""

    model_config = ConfigDict(extra="forbid")

    partij: Text
    bureau: Text
    vanaf: Day | None = Field(None, description="Without it today")
    tot_en_met: Day | None = Field(None, description="Without it until it is revoked")


class FaultModel(BaseModel):
    """What does not fit at a seal: numbers of rows, as ranges with both ends."""

    zegel: int
    tekst: str
    veranderd: Ranges
    weg: Ranges
    erbij: Ranges


class VerificationModel(BaseModel):
    """What verifying the trail found."""

    zegels: int
    regels: int
    fouten: list[FaultModel]
    laat: list[int] = Field(description="Seals that were made more than a day after their oldest row")
    hash: str | None = Field(description="Of the newest seal that was looked at, to keep elsewhere")
    onverzegeld: int = Field(description="Rows that are not sealed yet; told with the last seals")
    oudste_onverzegeld: datetime | None
    links: LinksModel = Field(description="`next` verifies the seals that follow, if there are more")


def party(one: Party) -> PartyModel:
    """A party as it is told."""
    return PartyModel(
        code=one.code,
        soort=one.kind,
        domeinen=sorted(one.domains),
        antwoordt_zelf=one.answers_itself,
        bekend_sinds=_local(one.registered_at),
    )


def token(one: Token) -> TokenModel:
    """A token as it is told."""
    return TokenModel(
        id=one.id,
        rol=one.role,
        partij=one.party,
        label=one.label,
        rechten=sorted(one.rights),
        domeinen=sorted(one.domains),
        gemaakt=one.created_at.astimezone(AMSTERDAM),
        geldig_tot=_local(one.expires_at),
        laatst_gebruikt=_local(one.last_used_at),
        ingetrokken=_local(one.revoked_at),
        vervangt=one.replaces,
        subject=one.subject,
    )


def issued(made: Issued) -> IssuedModel:
    """A token that was made, with its text."""
    return IssuedModel(**token(made.token).model_dump(), tekst=made.text if made.token.subject is None else None)


def mandate(one: Mandate) -> MandateModel:
    """A mandate as it is told."""
    return MandateModel(
        id=one.id,
        partij=one.party,
        bureau=one.bureau,
        vanaf=one.vanaf,
        tot_en_met=one.tot_en_met,
        gemaakt=one.created_at.astimezone(AMSTERDAM),
        gemaakt_door=one.created_by,
        ingetrokken=_local(one.revoked_at),
        ingetrokken_door=one.revoked_by,
    )


def verification(found: Verified, link: str | None) -> VerificationModel:
    """What verifying found, as it is told."""
    return VerificationModel(
        zegels=found.seals,
        regels=found.rows,
        fouten=[
            FaultModel(
                zegel=fault.seal, tekst=fault.told, veranderd=fault.changed, weg=fault.missing, erbij=fault.added
            )
            for fault in found.faults
        ],
        laat=found.late,
        hash=found.head,
        onverzegeld=found.unsealed,
        oudste_onverzegeld=_local(found.oldest_unsealed),
        links=LinksModel(next=link),
    )


def unfit(error: Unfit, told: dict[str, tuple[str, str]]) -> ProblemError:
    """What was found wrong with what was asked, at its fields."""
    errors = [{"veld": f"body.{told[name][0]}", "tekst": told[name][1]} for name in error.faults]
    return ProblemError("parameters", errors=errors)


def _local(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(AMSTERDAM)
