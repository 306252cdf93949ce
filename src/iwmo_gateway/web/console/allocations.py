"""Allocations: found, and each as a page of all that became of it."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from iwmo_gateway.gateway import care, states
from iwmo_gateway.gateway.care import Toewijzing, Verloop
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.states_of_care import WantedToewijzingen, read_toewijzingen
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.console.asking import PAGE, place, question
from iwmo_gateway.web.console.charts import bars
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.console.words import charted, charted_unit, month_letters
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.statemodels import AskedToewijzingenModel
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_LABELS: Final = {
    "toewijzing_nummer": "Toewijzingsnummer",
    "gemeente": "Gemeente",
    "aanbieder": "Aanbieder",
    "product_categorie": "Productcategorie",
    "product_code": "Productcode",
    "geldig_op": "Geldig op",
    "staat": "Staat",
    "domein": "Domein",
}
_TEXTS: Final = {
    "toewijzing_nummer": "Vul een nummer van hoogstens negen cijfers in.",
    "gemeente": "Vul de vier cijfers van een gemeente in.",
    "aanbieder": "Vul de acht cijfers van een aanbieder in.",
    "product_categorie": "Vul twee cijfers in.",
    "product_code": "Vul een code van vijf tekens in.",
    "geldig_op": "Vul een datum in, als 2023-05-31.",
    "staat": "Kies een van de staten.",
    "domein": "Kies Wmo of Jeugdwet.",
}


@dataclass(frozen=True, slots=True)
class Named:
    """The allocation that an address names, and the year of claims to show.

    `nr` is that of its first version, where its number was used more than once.
    """

    domein: Domain
    gemeente: Annotated[str, Path(pattern="^[0-9]{4}$")]
    nummer: Annotated[int, Path(ge=0, le=999_999_999)]
    jaar: Annotated[int | None, Query(ge=1, le=9999)] = None
    nr: Annotated[int | None, Query(ge=0, lt=2**31)] = None


@router.get("/toewijzingen", openapi_extra=tells(Action.SEARCH))
def get_allocations(
    request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: Annotated[Gateway, Depends(the_gateway)]
) -> Response:
    """Allocations that match, in the order in which they came, a page at a time."""
    asks = question(request, AskedToewijzingenModel, _TEXTS)
    if asks.asked is None:
        call.problem = "parameters"
        return page.show("toewijzingen.html", asks.status, asks=asks, found=(), following=None, labels=_LABELS)
    wanted = WantedToewijzingen(**asks.asked.model_dump(exclude={"after", "limit"}))
    found = states.find(gateway, caller, read_toewijzingen, wanted, after=place(asks.asked.after), limit=PAGE)
    call.shows(source.id for fact in found.facts for source in fact.berichten)
    following = asks.following(found.following and "-".join(map(str, found.following)))
    return page.show("toewijzingen.html", asks=asks, found=found.facts, following=following, labels=_LABELS)


@router.get("/toewijzingen/{domein}/{gemeente}/{nummer}", openapi_extra=tells(Action.READ))
def get_allocation(
    page: ThePage,
    caller: Reader,
    call: TheCall,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    named: Annotated[Named, Depends()],
) -> Response:
    """An allocation: versions, starts and stops, claims against it, and every message about it."""
    known = care.of_number(gateway, caller, named.domein, named.gemeente, named.nummer)
    chosen = [one for one in known if named.nr in {None, one.key[1]}]
    if not chosen:
        raise ProblemError("niet-gevonden", "Deze toewijzing is er niet, of is niet van u.")
    found = care.followed(gateway, caller, chosen[-1], named.jaar)
    call.shows(_messages(found))
    return page.show(
        "toewijzing.html",
        toewijzing=found,
        andere=[one for one in known if one.key != found.feit.key],
        chart=chart(found.verloop),
        productcategorieen=care.meanings(gateway, named.domein, "301", "Categorie"),
        redenen_wijziging=care.meanings(gateway, named.domein, "301", "RedenWijziging"),
        redenen_beeindiging=care.meanings(gateway, named.domein, "307", "RedenBeeindiging"),
    )


def chart(verloop: Verloop) -> str:
    """What is claimed of an allocation against what is allocated, by month."""
    unit = verloop.eenheid
    series = {"Toegewezen": [charted(one.toegewezen, unit) for one in verloop.maanden]}
    series["Gedeclareerd"] = [charted(one.gedeclareerd, unit) for one in verloop.maanden]
    if verloop.marge is not None:
        series["Ten hoogste met de marge"] = [
            None if one.ruimte is None else charted(one.gedeclareerd + one.ruimte, unit) for one in verloop.maanden
        ]
    title = f"Toegewezen en gedeclareerd in {verloop.jaar}"
    return bars(title, [month_letters(one.eerste) for one in verloop.maanden], series, unit=charted_unit(unit))


def _messages(found: Toewijzing) -> list[str]:
    """The messages of which something is shown, each once."""
    shown = [source.id for fact in found.leveringen for source in fact.berichten]
    shown += [source.id for fact in found.regels for source in fact.berichten]
    shown += [version.bericht for version in found.versies]
    return list(dict.fromkeys([*shown, *(one.message.id for one in found.berichten)]))
