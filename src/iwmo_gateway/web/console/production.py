"""The production account with its charts, what is to be paid by when, and what is to be paid back."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from iwmo_gateway.gateway import payments, production, reclaims
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.production import Account
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web import paymentmodels, productionmodels, reclaimmodels
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.console.asking import FILE, PAGE, question
from iwmo_gateway.web.console.charts import bars
from iwmo_gateway.web.console.files import file
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.paymentmodels import BetalingenQuery, BetalingModel
from iwmo_gateway.web.productionmodels import ProductieModel, ProductieQuery
from iwmo_gateway.web.reclaimmodels import TerugvorderingenQuery, TerugvorderingModel
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

TheGateway = Annotated[Gateway, Depends(the_gateway)]
RowT = TypeVar("RowT")
_BARS: Final = 12
"""How many bars stand beside each other; the tables have all."""
_LABELS: Final = {
    "jaar": "Jaar van de zorg",
    "gemeente": "Gemeente",
    "aanbieder": "Aanbieder",
    "domein": "Domein",
    "ontvangen_vanaf": "Ontvangen vanaf",
    "ontvangen_tot": "Ontvangen vóór",
    "tot": "Terugbetaald op",
}
_TEXTS: Final = {
    "jaar": "Vul een jaar in van 2015 tot en met 2100.",
    "gemeente": "Vul de vier cijfers van een gemeente in.",
    "aanbieder": "Vul de acht cijfers van een aanbieder in.",
    "domein": "Kies Wmo of Jeugdwet.",
    "ontvangen_vanaf": "Vul een datum in, als 2023-02-01.",
    "ontvangen_tot": "Vul een datum in, als 2023-03-01.",
    "tot": "Vul een datum in, als 2023-06-01.",
}


@router.get("/productie", openapi_extra=tells(Action.REPORT))
def get_production(request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: TheGateway) -> Response:
    """The account of a year of care by provider and product; or as a file, with `formaat`."""
    asks = question(request, ProductieQuery, _TEXTS, {"jaar": str(day_of(caller.at).year), **_own(caller)})
    if asks.asked is None:
        call.problem = "parameters"
    wanted = asks.asked
    if wanted is None or wanted.gemeente is None:
        return page.show("productie.html", asks.status, asks=asks, accounts=None, labels=_LABELS)
    accounts = production.accounts(gateway, caller, wanted.domein, wanted.gemeente, wanted.jaar)
    if wanted.formaat in {"csv", "xlsx"}:
        told = ProductieModel(
            jaar=wanted.jaar,
            gemeente=wanted.gemeente,
            domein=wanted.domein,
            aanbieders=productionmodels.accounts_of(accounts),
        )
        name = f"productieverantwoording-{wanted.gemeente}-{wanted.jaar}"
        return file(wanted.formaat, name, productionmodels.ROW_NAMES, productionmodels.rows_of(told))
    return page.show("productie.html", asks=asks, accounts=accounts, charts=_charts(accounts), labels=_LABELS)


@router.get("/productie/betalingen", openapi_extra=tells(Action.REPORT))
def get_payments(request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: TheGateway) -> Response:
    """What is to be paid of each claim, and by when, a page at a time; or as a file, with `formaat`."""
    asks = question(request, BetalingenQuery, _TEXTS)
    if asks.asked is None:
        call.problem = "parameters"
        return page.show("betalingen.html", asks.status, asks=asks, found=(), following=None, labels=_LABELS)
    wanted, kind = asks.asked, asks.asked.formaat or "json"
    limit = PAGE if kind == "json" else FILE
    found = payments.due(gateway, caller, _asked(wanted), after=wanted.after, limit=limit + 1)
    shown = [paymentmodels.payment(one) for one in found[:limit]]
    call.shows(one.bericht for one in shown)
    if kind != "json":
        rows = ([*one.model_dump(mode="json").values()] for one in shown)
        return file(kind, "betalingen", [*BetalingModel.model_fields], rows)
    following = asks.following(_next([one.claim.id for one in found], limit))
    today = day_of(caller.at)
    return page.show("betalingen.html", asks=asks, found=shown, following=following, labels=_LABELS, today=today)


@router.get("/productie/terugvorderingen", openapi_extra=tells(Action.REPORT))
def get_reclaims(request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: TheGateway) -> Response:
    """What is to be paid back, with interest, a page at a time; or as a file, with `formaat`."""
    asks = question(request, TerugvorderingenQuery, _TEXTS, {"tot": str(day_of(caller.at))})
    if asks.asked is None:
        call.problem = "parameters"
        return page.show("terugvorderingen.html", asks.status, asks=asks, found=(), following=None, labels=_LABELS)
    wanted, kind = asks.asked, asks.asked.formaat or "json"
    limit = PAGE if kind == "json" else FILE
    tot = wanted.tot or day_of(caller.at)
    found = reclaims.due(gateway, caller, _asked(wanted), tot, after=wanted.after, limit=limit + 1)
    shown = [reclaimmodels.reclaim(one) for one in found[:limit]]
    call.shows(one.bericht for one in shown)
    if kind != "json":
        return file(kind, "terugvorderingen", [*TerugvorderingModel.model_fields], map(reclaimmodels.row_of, shown))
    following = asks.following(_next([one.credit.id for one in found], limit))
    return page.show("terugvorderingen.html", asks=asks, found=shown, following=following, labels=_LABELS)


def _own(caller: Caller) -> dict[str, str]:
    """A municipality asks of itself."""
    return {"gemeente": caller.party} if caller.party is not None and len(caller.party) == 4 else {}


def _asked(wanted: BetalingenQuery) -> payments.Asked:
    return payments.Asked(
        wanted.gemeente, wanted.aanbieder, wanted.domein, wanted.ontvangen_vanaf, wanted.ontvangen_tot
    )


def _next(numbers: Sequence[int], limit: int) -> int | None:
    """The number behind which the next page begins, where one more was found than is shown."""
    return numbers[limit - 1] if len(numbers) > limit else None


def _charts(accounts: Sequence[Account]) -> list[tuple[str, Markup]]:
    """What was approved, refused and held by provider and by product, the largest first, in euros."""
    by_provider = {one.aanbieder: (one.toegekend, one.afgekeurd, one.aangehouden) for one in accounts}
    sums: dict[str, Counter[int]] = {}
    for product in (product for account in accounts for product in account.producten):
        amounts = (product.toegekend, product.afgekeurd, product.aangehouden)
        sums.setdefault(product.code, Counter()).update(dict(enumerate(amounts)))
    by_product = {code: (found[0], found[1], found[2]) for code, found in sums.items()}
    return [
        (title, _chart(title, amounts))
        for title, amounts in (("Bedrag per aanbieder", by_provider), ("Bedrag per product", by_product))
        if amounts
    ]


def _chart(title: str, amounts: dict[str, tuple[int, int, int]]) -> Markup:
    largest = sorted(amounts.items(), key=lambda one: -sum(one[1]))[:_BARS]
    series = {
        name: [round(cents[nr] / 100, 2) for _, cents in largest]
        for nr, name in enumerate(("Toegekend", "Afgekeurd", "Aangehouden"))
        if any(cents[nr] for _, cents in largest) or nr == 0
    }
    return bars(title, [label for label, _ in largest], series, unit="euro")
