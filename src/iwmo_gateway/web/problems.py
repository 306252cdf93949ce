"""Problems (RFC 9457): the catalogue of codes, and what is wrong as an answer."""

from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import JSONResponse

from iwmo_gateway.gateway.receive import Denial, Refused
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
        Kind("IB008", 403, "Dit token heeft niet de rol die hiervoor nodig is",
             "Gebruik een token van een partij om te zenden en op te halen, en dat van een beheerder om te herhalen."),
        Kind("IB009", 403, "U mag niet voor deze afzender indienen",
             "Zet uw eigen code als Afzender in het bericht, of gebruik het token van die partij."),
        Kind("contract-gemeenten", 403, "Dit profiel is niet alleen van uw gemeente",
             "Noem alleen uw eigen CBS-code onder gemeenten; een profiel van meer gemeenten laadt de beheerder."),
        Kind("niet-gevonden", 404, "Dit is er niet, of niet voor u",
             "Controleer het id of nummer; een bericht van een ander is hier niet te zien."),
        Kind("methode", 405, "Deze methode bestaat hier niet", "Zie /v1/openapi.json voor wat er kan."),
        Kind("IB012", 413, "Het bericht is te groot",
             "Verdeel het over meer berichten; wat een bericht ten hoogste mag tellen, staat onder verwacht."),
        Kind("mediatype", 415, "Dit soort inhoud wordt niet aangenomen",
             "Stuur één bericht als application/xml of text/xml, een contractprofiel als application/toml."),
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
        Kind("contract-onjuist", 422, "Het contractprofiel klopt niet",
             "Verbeter wat onder errors staat en stuur het hele profiel opnieuw; wat er al gold, geldt nog."),
        Kind("rente-onbekend", 422, "Het rentepercentage van die dag is niet bekend",
             "Reken tot een dag waarvan het bekend is; een nieuwe versie van de gateway kent nieuwere percentages."),
        Kind("IB019", 409, "Dit bericht is al beantwoord",
             "Een bericht krijgt één retourbericht; wat al is verzonden, staat bij het bericht zelf."),
        Kind("al-besloten", 409, "Over deze regel is al besloten",
             "Een besluit staat vast; wat besloten is, staat in de gebeurtenissen van het bericht."),
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
_DENIED: Final = {Denial.NOT_THE_SENDER: "IB009", Denial.NO_PARTY: "IB008"}


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, code: str, detail: str | None = None, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.more = more

    def response(self, headers: dict[str, str] | None = None) -> JSONResponse:
        """The problem as an answer."""
        return problem(self.code, self.detail, headers, **self.more)


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
    kind = CATALOGUE[code]
    body = {
        "type": f"/v1/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail or kind.title,
        "code": code,
        "remedie": kind.remedy,
        **{name: value for name, value in more.items() if value is not None},
    }
    return JSONResponse(body, kind.status, headers, media_type="application/problem+json")


def refusal(refused: Refused) -> JSONResponse:
    """A message that was not taken, and why: what was expected, what was found, and where."""
    code = _UNREADABLE[refused.why.problem] if isinstance(refused.why, Unreadable) else _DENIED[refused.why]
    return problem(
        code, refused.tekst, verwacht=refused.verwacht, gevonden=refused.gevonden, regelnummer=refused.regelnummer
    )
