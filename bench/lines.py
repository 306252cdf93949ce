"""Claims to send: a provider with clients and their allocations, and a 323 over all of them for every two months.

Every client has ten lines in a claim: five products (in hours, in minutes of allocated hours, in dagdelen) in each of
two months; twenty where a provider claims four months at once. The municipality has a contract, so that tariffs and
amounts are judged as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from bench.traffic import AANBIEDERS, BSNS, RECEIVED_AT, VOORAF
from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Refused, receive
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole

GEMEENTE: Final = "0340"
CLAIMS: Final = 12
"""How many claims a provider can make: two years, two months each."""
LINES_OF_CLIENT: Final = 10
"""With two months in a claim."""
CLAIMED_AT: Final = datetime.combine(date(2025, 1, 8), datetime.min.time(), AMSTERDAM)
_CONTRACT: Final = "rhenen-wmo-2023"
_DEADLINES: Final = re.compile(
    r'^\[\[regels\]\]\nregel = "contract-(?:indienen|vervallen|correctie)".*?(?=^\[)', re.MULTILINE | re.DOTALL
)
_LAST_DAY: Final = ("2023-12-31", "2024-12-31")


@dataclass(frozen=True, slots=True)
class _Product:
    """What is allocated a week, and what a line claims of it; `tarief` and `bedrag` in euro cents."""

    categorie: str
    code: str
    toegewezen: int
    toegewezen_in: str
    geleverd: int
    geleverd_in: str
    tarief: int
    bedrag: int


_PRODUCTS: Final = (
    _Product("02", "02A03", 4, "04", geleverd=600, geleverd_in="01", tarief=77, bedrag=46_460),
    _Product("02", "02A16", 4, "04", geleverd=10, geleverd_in="04", tarief=6_000, bedrag=60_000),
    _Product("02", "02A19", 4, "04", geleverd=10, geleverd_in="04", tarief=7_920, bedrag=79_200),
    _Product("07", "07A11", 3, "16", geleverd=8, geleverd_in="16", tarief=3_448, bedrag=27_584),
    _Product("07", "07A12", 3, "16", geleverd=8, geleverd_in="16", tarief=4_657, bedrag=37_256),
)
_TOO_MUCH: Final = replace(_PRODUCTS[-1], geleverd=60, bedrag=279_420)
"""More dagdelen than were allocated for any month."""


def load_contract(gateway: Gateway) -> None:
    """Have the shipped contract of Rhenen hold for two years, but for its deadlines: claims come long afterwards."""
    text = _DEADLINES.sub("", contracts.file_of(_CONTRACT).read_text(encoding="utf-8").replace(*_LAST_DAY))
    operator = Caller(TokenRole.OPERATOR, None, "bench", datetime.now(UTC))
    contracts.load(gateway, operator, contracts.check(_CONTRACT, text.encode()))


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider with clients of its own, that claims so many months at once; `number` tells it from the others."""

    number: int
    clients: int
    months: int = 2

    @property
    def lines(self) -> int:
        """How many lines a claim has."""
        return self.clients * self.months * len(_PRODUCTS)

    @property
    def caller(self) -> Caller:
        """The provider, calling now."""
        code = AANBIEDERS[self.number]
        return Caller(TokenRole.PARTY, code, code, datetime.now(UTC))

    def allocate(self, gateway: Gateway) -> None:
        """Have the gateway take a 301 for every client."""
        gemeente = Caller(TokenRole.PARTY, GEMEENTE, GEMEENTE, datetime.now(UTC))
        for client in range(self.clients):
            taken = receive(gateway, gemeente, self._toewijzing(client), RECEIVED_AT)
            if isinstance(taken, Refused) or taken.result.message.status is not Status.ACCEPTED:
                raise SystemExit(f"An allocation that should be accepted is not: {taken}")

    def claim(self, number: int, *, refused: bool) -> bytes:
        """The claim with this number over its months; if so asked the last line of every client is refused."""
        months = tuple(_month(self.months * number + index) for index in range(self.months))
        before, after = _around("declaratie-rhenen", "wmo323:Clienten")
        products = [product for _ in months for product in _PRODUCTS]
        if refused:
            products[-1] = _TOO_MUCH
        values = {
            "42420001": AANBIEDERS[self.number],
            "VD-16": f"C{number}",
            "VD16": f"C{number}",
            "2023-02-01": str(months[-1][0]),
            "2023-02-28": str(months[-1][1]),
            "2023-03-01": str(months[-1][1] + timedelta(days=1)),
            "60000": str(self.clients * sum(product.bedrag for product in products)),
        }
        clients = (
            _CLIENT.format(bsn=_bsn(client), lines="".join(self._lines(number, client, months, products)))
            for client in range(self.clients)
        )
        return (_filled(before, values) + "".join(clients) + after).encode()

    def _lines(
        self, claim: int, client: int, months: tuple[tuple[date, date], ...], products: list[_Product]
    ) -> Iterator[str]:
        for index, product in enumerate(products):
            begin, end = months[index // len(_PRODUCTS)]
            yield _LINE.format(
                reference=f"{claim}-{client * len(products) + index}",
                nummer=self._allocation(client, index % len(_PRODUCTS)),
                begin=begin,
                end=end,
                product=product,
            )

    def _toewijzing(self, client: int) -> bytes:
        before, after = _around("toewijzing-rhenen-omvang", "wmo301:ToegewezenProducten")
        values = {
            "42420001": AANBIEDERS[self.number],
            "999912008": _bsn(client),
            "V32-46": f"A{self.number}-{client}",
        }
        products = (
            _ALLOCATION.format(nummer=self._allocation(client, index), product=product, last=_LAST_DAY[1])
            for index, product in enumerate(_PRODUCTS)
        )
        return (_filled(before, values) + "".join(products) + after).encode()

    def _allocation(self, client: int, index: int) -> int:
        return 200_000_000 + self.number * 1_000_000 + client * len(_PRODUCTS) + index


def one_client(lines: int) -> bytes:
    """A 323 with one client of so many lines, all in minutes, no two alike: level 2 finds nothing."""
    before, after = _around("declaratie-rhenen", "wmo323:Clienten")
    begin, end = _month(1)
    product = _PRODUCTS[0]
    body = "".join(
        _LINE.format(reference=f"1-{line}", nummer=200_000_000 + line, begin=begin, end=end, product=product)
        for line in range(lines)
    )
    values = {"60000": str(lines * product.bedrag)}
    return (_filled(before, values) + _CLIENT.format(bsn=_bsn(0), lines=body) + after).encode()


def _bsn(client: int) -> str:
    return BSNS[client % len(BSNS)]


def _month(number: int) -> tuple[date, date]:
    """The first and last day of a month, counted from January 2023."""
    first = date(2023 + number // 12, number % 12 + 1, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@cache
def _around(fixture: str, element: str) -> tuple[str, str]:
    """What stands around the content of an element of a fixture. Lines are not indented: 25 MB is the most."""
    text = re.sub(r"\n\s+", "\n", (VOORAF / f"{fixture}-3.2.xml").read_text(encoding="utf-8"))
    before, opening, rest = text.partition(f"<{element}>\n")
    _, closing, after = rest.rpartition(f"</{element}>\n")
    return before + opening, closing + after


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A fixture's text with other values, by the values that it has."""
    return re.sub(r">([^<>\n]+)<", lambda found: f">{values.get(found[1], found[1])}<", text)


_ALLOCATION: Final = """\
<wmo301:ToegewezenProduct>
<wmo301:ToewijzingNummer>{nummer}</wmo301:ToewijzingNummer>
<wmo301:Product>
<iwmo:Categorie>{product.categorie}</iwmo:Categorie>
<iwmo:Code>{product.code}</iwmo:Code>
</wmo301:Product>
<wmo301:Toewijzingsdatum>2022-12-20</wmo301:Toewijzingsdatum>
<wmo301:Toewijzingstijd>10:15:00</wmo301:Toewijzingstijd>
<wmo301:Ingangsdatum>2023-01-01</wmo301:Ingangsdatum>
<wmo301:Einddatum>{last}</wmo301:Einddatum>
<wmo301:Omvang>
<iwmo:Volume>{product.toegewezen}</iwmo:Volume>
<iwmo:Eenheid>{product.toegewezen_in}</iwmo:Eenheid>
<iwmo:Frequentie>2</iwmo:Frequentie>
</wmo301:Omvang>
</wmo301:ToegewezenProduct>
"""
_CLIENT: Final = """\
<wmo323:Client>
<wmo323:Bsn>{bsn}</wmo323:Bsn>
<wmo323:Prestaties>
{lines}</wmo323:Prestaties>
</wmo323:Client>
"""
_LINE: Final = """\
<wmo323:Prestatie>
<wmo323:ProductReferentie>
<iwmo:ReferentieNummer>{reference}</iwmo:ReferentieNummer>
</wmo323:ProductReferentie>
<wmo323:ToewijzingNummer>{nummer}</wmo323:ToewijzingNummer>
<wmo323:ProductCategorie>{product.categorie}</wmo323:ProductCategorie>
<wmo323:ProductCode>{product.code}</wmo323:ProductCode>
<wmo323:ProductPeriode>
<iwmo:Begindatum>{begin}</iwmo:Begindatum>
<iwmo:Einddatum>{end}</iwmo:Einddatum>
</wmo323:ProductPeriode>
<wmo323:GeleverdVolume>{product.geleverd}</wmo323:GeleverdVolume>
<wmo323:Eenheid>{product.geleverd_in}</wmo323:Eenheid>
<wmo323:ProductTarief>{product.tarief}</wmo323:ProductTarief>
<wmo323:IngediendBedrag>
<iwmo:Bedrag>{product.bedrag}</iwmo:Bedrag>
<iwmo:DebetCredit>D</iwmo:DebetCredit>
</wmo323:IngediendBedrag>
</wmo323:Prestatie>
"""
