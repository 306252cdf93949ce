"""Problems (RFC 9457): the catalogue of codes, and what is wrong as an answer."""

from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import JSONResponse

from iwmo_gateway.gateway import metrics
from iwmo_gateway.gateway.receive import Denial, Refused
from iwmo_gateway.standard.archives import ArchiveProblem, Unpackable
from iwmo_gateway.standard.xml import Unreadable, XmlProblem
from iwmo_gateway.web.models import ProblemModel


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: the chain's IB code where one fits, its HTTP status, and what to do about it (Dutch)."""

    code: str
    status: int
    title: str
    remedy: str


CATALOGUE: Final = {
    kind.code: kind
    for kind in (
        Kind("token", 401, "Het token ontbreekt of is niet geldig",
             "Stuur Authorization: Bearer <token> mee. Is het token ingetrokken, vraag de beheerder om een nieuw."),
        Kind("token-verlopen", 401, "Het token is verlopen",
             "Gebruik het token dat ervoor in de plaats kwam, of vraag de beheerder om een nieuw."),
        Kind("aanmelden", 403, "Aanmelden met OpenID Connect is niet gelukt",
             "Probeer het opnieuw; wie niet bekend is, geeft zijn kenmerk aan de beheerder."),
        Kind("te-vaak", 429, "Te veel aanroepen",
             "Wacht het aantal seconden in Retry-After; haal de mailbox op met wait in plaats van steeds opnieuw."),
        Kind("IB008", 403, "Dit token heeft niet de rol, het recht of het domein dat hiervoor nodig is",
             "Gebruik een token dat dit mag: verwacht zegt welk. De beheerder geeft tokens uit."),
        Kind("IB009", 403, "U mag niet namens deze partij handelen",
             "Zet uw eigen code als Afzender, gebruik het token van die partij, of laat haar u machtigen."),
        Kind("IB010", 403, "De ontvanger is hier niet aangesloten",
             "Controleer de code van de ontvanger; is die juist, vraag de beheerder of deze partij is aangesloten."),
        Kind("IB011", 403, "De ontvanger doet niet mee in dit domein",
             "Controleer de ontvanger en of het bericht bij de Wmo of bij de Jeugdwet hoort."),
        Kind("contract-gemeenten", 403, "Dit profiel is niet alleen van uw gemeente",
             "Noem alleen uw eigen CBS-code onder gemeenten; een profiel van meer gemeenten laadt de beheerder."),
        Kind("niet-gevonden", 404, "Dit is er niet, of niet voor u",
             "Controleer het id of nummer; een bericht van een ander is hier niet te zien."),
        Kind("opgeruimd", 410, "De inhoud van dit bericht is opgeruimd",
             "De bewaartermijn is voorbij; het resultaat is er nog wel."),
        Kind("methode", 405, "Deze methode bestaat hier niet", "Zie /v1/openapi.json voor wat er kan."),
        Kind("IB012", 413, "Het bericht is te groot",
             "Verdeel het over meer berichten; wat een bericht ten hoogste mag tellen, staat onder verwacht."),
        Kind("mediatype", 415, "Dit soort inhoud wordt niet aangenomen",
             "Stuur één bericht als application/xml of text/xml, meer samen als application/zip, een contractprofiel "
             "als application/toml."),
        Kind("geen-http", 400, "De aanroep is geen geldige HTTP",
             "Controleer regel, headers en lengte van de aanroep; een token hoort in de header Authorization."),
        Kind("leeg", 400, "Er is geen bericht meegestuurd", "Zet het XML-bericht in de body."),
        Kind("geen-xml", 400, "Het bericht is geen welgevormde XML",
             "Controleer of het bericht volledig is en op de genoemde regel goed is opgebouwd."),
        Kind("tekencodering", 400, "De tekencodering klopt niet",
             "Schrijf het bericht in de codering die de XML-declaratie noemt: UTF-8, UTF-16 of ISO-8859-1."),
        Kind("dtd", 400, "Een DTD of entiteit is niet toegestaan", "Verwijder DOCTYPE en entiteiten uit het bericht."),
        Kind("te-diep", 400, "Het bericht is te diep genest", "Controleer of elk element op tijd wordt afgesloten."),
        Kind("attributen", 400, "Een element heeft te veel attributen",
             "Laat attributen weg: geen bericht van de standaard heeft ze nodig."),
        Kind("ontvangst-moment", 400, "X-Received-At is hier niet toegestaan of niet leesbaar",
             "Laat de header weg, of gebruik een sandbox en een moment als 2023-05-06T10:00:00+02:00."),
        Kind("parameters", 400, "De vraag bevat een parameter of veld dat niet klopt",
             "Zie /v1/openapi.json voor de velden en hun vorm."),
        Kind("contract-versie", 409, "Een bezwaar houdt een versie die er niet is",
             "Noem onder bezwaren een versie van dit profiel die al geladen is."),
        Kind("contract-overlap", 409, "Op die dagen geldt al een ander profiel",
             "Pas de periode van een van beide aan, of laad het onder de naam van het profiel dat er al is."),
        Kind("contract-intussen", 409, "Intussen is een andere versie van dit profiel geladen",
             "Bekijk het verschil met die versie en laad het dan."),
        Kind("contract-onjuist", 422, "Het contractprofiel klopt niet",
             "Verbeter wat onder errors staat en stuur het hele profiel opnieuw; wat er al gold, geldt nog."),
        Kind("rente-onbekend", 422, "Het rentepercentage van die dag is niet bekend",
             "Reken tot een dag waarvan het bekend is; een nieuwe versie van de gateway kent nieuwere percentages."),
        Kind("formulier", 400, "Dit formulier kwam niet van een pagina van uw sessie",
             "Ga terug, laad de pagina opnieuw en vul het formulier nog eens in."),
        Kind("te-traag", 408, "De body is niet op tijd binnen",
             "Stuur het bericht opnieuw; hoe lang het zenden mag duren, staat onder verwacht."),
        Kind("IB901", 400, "Dit is geen geldig ZIP-bestand",
             "Maak een ZIP van alleen XML-bestanden: geen mappen, elk bestand een eigen naam, opgeslagen of deflate."),
        Kind("IB902", 422, "Het ZIP-bestand bevat te veel bestanden", "Verdeel de berichten over meer ZIP-bestanden."),
        Kind("IB903", 422, "Het ZIP-bestand heeft een wachtwoord", "Maak de ZIP opnieuw, zonder wachtwoord."),
        Kind("IB904", 413, "Een bestand in het ZIP-bestand is te groot",
             "Verdeel het bericht over meer berichten, of de berichten over meer ZIP-bestanden."),
        Kind("IB905", 422, "Het ZIP-bestand bevat te weinig bestanden", "Zet ten minste één bericht in de ZIP."),
        Kind("IB019", 409, "Dit bericht is al beantwoord",
             "Een bericht krijgt één retourbericht; wat al is verzonden, staat bij het bericht zelf."),
        Kind("al-besloten", 409, "Over deze regel is al besloten",
             "Een besluit staat vast; wat besloten is, staat in de gebeurtenissen van het bericht."),
        Kind("replay-status", 409, "Dat kan niet met een replay in deze status",
             "Zie onder detail welke status hij heeft; wat geëindigd is, begint u opnieuw met POST /v1/replays."),
        Kind("IB004", 422, "Deze berichtsoort of release wordt niet ondersteund",
             "Controleer de namespace van het element Bericht; die zegt welk bericht en welke release het is."),
        Kind("IB014", 422, "Het bericht voldoet niet aan het schema",
             "Verbeter wat onder errors staat en stuur het opnieuw; het is bewaard, maar telt niet als verzonden."),
        Kind("fout", 500, "Er ging bij ons iets mis",
             "Stuur hetzelfde bericht opnieuw: wat al bewaard was, wordt niet nog eens verwerkt."),
        Kind("niet-beschikbaar", 503, "De gateway kan nu niets bewaren", "Probeer het over enkele seconden opnieuw."),
    )
}  # fmt: skip

_UNREADABLE: Final = {
    XmlProblem.EMPTY: "leeg",
    XmlProblem.TOO_LARGE: "IB012",
    XmlProblem.NOT_XML: "geen-xml",
    XmlProblem.ENCODING: "tekencodering",
    XmlProblem.DTD: "dtd",
    XmlProblem.TOO_DEEP: "te-diep",
    XmlProblem.TOO_MANY_ATTRIBUTES: "attributen",
    XmlProblem.UNKNOWN_KIND: "IB004",
}
_UNPACKABLE: Final = {
    ArchiveProblem.NO_ZIP: "IB901",
    ArchiveProblem.TOO_MANY: "IB902",
    ArchiveProblem.PASSWORD: "IB903",
    ArchiveProblem.TOO_LARGE: "IB904",
    ArchiveProblem.EMPTY: "IB905",
}
_DENIED: Final = {
    Denial.NOT_THE_SENDER: "IB009",
    Denial.NO_PARTY: "IB008",
    Denial.NOT_THIS_DOMAIN: "IB008",
    Denial.UNKNOWN_RECEIVER: "IB010",
    Denial.RECEIVER_NOT_IN_DOMAIN: "IB011",
}


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self, code: str, detail: str | None = None, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.headers = headers
        self.more = more

    def response(self) -> JSONResponse:
        """The problem as an answer."""
        return problem(self.code, self.detail, self.headers, **self.more)

    def model(self) -> ProblemModel:
        """The problem as a part of an answer."""
        return ProblemModel(**_told(self.code, self.detail, **self.more))


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The problems of a call, for its documentation."""
    kinds = [CATALOGUE[code] for code in codes]
    return {
        status: {
            "model": ProblemModel,
            "description": "; ".join(f"{kind.code}: {kind.title}" for kind in kinds if kind.status == status),
        }
        for status in sorted({kind.status for kind in kinds})
    }


def problem(code: str, detail: str | None = None, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """A problem as an answer: its kind, what is the matter in this case, and what to do about it."""
    body = _told(code, detail, **more)
    return JSONResponse(body, body["status"], headers, media_type="application/problem+json")


def refusal(refused: Refused) -> ProblemError:
    """A message that was not taken, and why: what was expected, what was found, and where."""
    code = _UNREADABLE[refused.why.problem] if isinstance(refused.why, Unreadable) else _DENIED[refused.why]
    return ProblemError(
        code, refused.tekst, verwacht=refused.verwacht, gevonden=refused.gevonden, regelnummer=refused.regelnummer
    )


def not_unpacked(found: Unpackable) -> ProblemError:
    """A ZIP, or a file in one, that was not taken, and why."""
    return ProblemError(_UNPACKABLE[found.problem], found.tekst, verwacht=found.verwacht, gevonden=found.gevonden)


def _told(code: str, detail: str | None, **more: Any) -> dict[str, Any]:
    metrics.count_problem(code)
    kind = CATALOGUE[code]
    return {
        "type": f"/v1/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail or kind.title,
        "code": code,
        "remedie": kind.remedy,
        **{name: value for name, value in more.items() if value is not None},
    }
