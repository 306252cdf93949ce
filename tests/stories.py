"""Messages of every kind for stories: the fixtures and `tests.claims` with other values.

Unless it is told otherwise, each is about one client, allocation 1 and guidance (02A16). `op` is the Dagtekening. The
Identificatie is the teller's business (`tests.telling`), and so is iJw.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from tests.cases import FIXTURES
from tests.claims import Line, Terms, allocation, claim, invoice, month
from tests.integration.test_http_builders import with_values

Product = tuple[str, str]
BEGELEIDING: Product = ("02", "02A16")
DAGBESTEDING: Product = ("07", "07A12")
VERVOER: Product = ("08", "08A04")

VERWIJDERD, VERLENGD, VERKORT = "13", "04", "05"
"""Values of RedenWijziging."""

VOLGENS_PLAN, TIJDELIJK = "19", "20"
"""Values of RedenBeeindiging."""

AFGEWEZEN, IN_ONDERZOEK = "1", "2"
"""Values of VerzoekAntwoord."""

UURTARIEF = 6000


def product(
    nummer: int = 1,
    wat: Product = BEGELEIDING,
    *,
    begin: str = "2023-01-01",
    eind: str | None = "2023-12-31",
    op: str = "2022-12-01",
    tijd: str = "10:00:00",
    reden: str | None = None,
    volume: int = 4,
    bsn: str = Terms.bsn,
) -> Terms:
    """One allocated product: four hours (or parts of a day, or pieces) a week, the whole of 2023."""
    categorie, code = wat
    return Terms(
        nummer,
        bsn,
        categorie,
        code,
        date.fromisoformat(begin),
        date.fromisoformat(eind) if eind else None,
        volume,
        eenheid={"02": "04", "07": "16", "08": "84"}[categorie],
        reden=reden,
        made_at=datetime.fromisoformat(f"{op}T{tijd}"),
    )


def toewijzing(*producten: Terms, verzoek: str | None = None) -> bytes:
    """A 301 of 3.2 with these products (or the usual one), each in answer to a request if one is named."""
    body = allocation(*(producten or (product(),))).decode()
    if verzoek:
        body = _after(body, "ToewijzingNummer", "ReferentieAanbieder", verzoek)
    return body.encode()


def toewijzing_2_3(one: Terms, *, verzoek: str | None = None) -> bytes:
    """A 301 of 2.3 with this product, whose end is named."""
    text = _fixture("toewijzing-op-verzoek-2.3")
    if verzoek is None:
        text = re.sub(r"\s*<\w+:ReferentieAanbieder>[^<]*</\w+:ReferentieAanbieder>", "", text)
    else:
        text = with_values(text, {"ReferentieAanbieder": verzoek}).decode()
    if one.reden:
        text = _after(text, "Einddatum", "RedenWijziging", one.reden)
    values = {
        "Dagtekening": one.made_at.date(),
        "Bsn": one.bsn,
        "ToewijzingNummer": one.nummer,
        "Categorie": one.categorie,
        "Code": one.code,
        "Toewijzingsdatum": one.made_at.date(),
        "Toewijzingstijd": one.made_at.time().isoformat(),
        "Ingangsdatum": one.begin,
        "Einddatum": one.end,
        "Volume": one.volume,
        "Eenheid": one.eenheid,
        "Frequentie": one.frequentie,
    }
    return _filled(text, **values)


def start(nummer: int = 1, *, begin: str, op: str | None = None, status: str = "1", release: str = "3.2") -> bytes:
    """A 305: the delivery began on `begin`. Dated like it."""
    return _filled(
        _fixture(f"start-{release}"),
        Dagtekening=op or begin,
        ToewijzingNummer=nummer,
        ToewijzingIngangsdatum="2023-01-01",
        Begindatum=begin,
        StatusAanlevering=status,
    )


def start_verwijderd(nummer: int = 1, *, begin: str, op: str, release: str = "3.2") -> bytes:
    """A 305 that deletes a start."""
    return start(nummer, begin=begin, op=op, status="3", release=release)


def start_gecorrigeerd(nummer: int = 1, *, van: str, naar: str, op: str) -> bytes:
    """A 305 that starts on `naar` and deletes the start on `van`, in this order."""
    right, wrong = start(nummer, begin=naar, op=op).decode(), start_verwijderd(nummer, begin=van, op=op).decode()
    klasse = re.compile(r"\s*<(\w+:StartProduct)>.*</\1>", re.DOTALL)
    deletion = klasse.search(wrong)
    assert deletion
    return klasse.sub(lambda first: first[0] + deletion[0], right).encode()


def stop(
    nummer: int = 1,
    *,
    begin: str,
    eind: str,
    reden: str = VOLGENS_PLAN,
    op: str | None = None,
    status: str = "1",
    release: str = "3.2",
) -> bytes:
    """A 307: the delivery that began on `begin` ended on `eind`. Dated like the end."""
    return _filled(
        _fixture(f"stop-{release}"),
        Dagtekening=op or eind,
        ToewijzingNummer=nummer,
        ToewijzingIngangsdatum="2023-01-01",
        Begindatum=begin,
        RedenBeeindiging=reden,
        Einddatum=eind,
        StatusAanlevering=status,
    )


def stop_verwijderd(nummer: int = 1, *, begin: str, eind: str, op: str, reden: str = VOLGENS_PLAN) -> bytes:
    """A 307 that deletes a stop."""
    return stop(nummer, begin=begin, eind=eind, reden=reden, op=op, status="3")


def verzoek(referentie: str, *, op: str, vanaf: str = "2023-03-06", release: str = "3.2") -> bytes:
    """A 315: a request for guidance up to the end of 2023."""
    return _filled(
        _fixture(f"aanvraag-{release}"),
        Dagtekening=op,
        ReferentieAanbieder=referentie,
        ToewijzingIngangsdatum=vanaf,
        ToewijzingEinddatum="2023-12-31",
    )


def wijzigingsverzoek(
    referentie: str,
    *,
    ongewijzigd: Sequence[int] = (),
    gewijzigd: Sequence[int] = (),
    nieuw: Sequence[Product] = (),
    op: str,
    vanaf: str = "2023-03-06",
) -> bytes:
    """A 317: these allocations stay, of these six a week are asked from `vanaf`, and these products come new then."""
    text = _filled(_fixture_of("heel/goed-317-alles-gevuld"), Dagtekening=op, ReferentieAanbieder=referentie).decode()
    unchanged = [{"ToewijzingNummer": nummer} for nummer in ongewijzigd]
    changed = [{"ToewijzingNummer": nummer, "GewensteIngangsdatum": vanaf} for nummer in gewijzigd]
    new = [{"Categorie": categorie, "Code": code, "GewensteIngangsdatum": vanaf} for categorie, code in nieuw]
    text = _repeated(text, "OngewijzigdProduct", "OngewijzigdeProducten", unchanged)
    text = _repeated(text, "TeWijzigenProduct", "TeWijzigenProducten", changed)
    return _repeated(text, "NieuwProduct", "NieuweProducten", new).encode()


def antwoord(referentie: str, wat: str, *, op: str) -> bytes:
    """A 319: the request is looked into, or refused because it does not fit the budget."""
    name = {IN_ONDERZOEK: "antwoord-onderzoek-3.2", AFGEWEZEN: "antwoord-afgewezen-3.2"}[wat]
    return _filled(_fixture(name), Dagtekening=op, ReferentieAanbieder=referentie)


def regel(
    referentie: str,
    uren: int = 10,
    *,
    maand: str = "2023-02",
    nummer: int = 1,
    van: str | None = None,
    tot: str | None = None,
    credit_van: str | None = None,
) -> Line:
    """A line of a claim: so many hours of guidance in a month, or from and up to a day in it, at 60.00 an hour."""
    first, last = month(date.fromisoformat(f"{maand}-01"))
    begin, end = van or first, tot or last
    return Line(referentie, nummer, begin, end, uren, tarief=UURTARIEF, vorige=credit_van)


def declaratie(*regels: Line, maand: str = "2023-02", op: str | None = None) -> bytes:
    """A 323 over a month, dated on the first day after it."""
    first = date.fromisoformat(f"{maand}-01")
    return claim(*regels, maand=first, dagtekening=op or month(first)[1] + timedelta(days=1))


def factuur(*regels: Line, maand: str = "2023-02", op: str | None = None) -> bytes:
    """A 303 of 2.3 over a month, a declaration, dated on the first day after it."""
    first = date.fromisoformat(f"{maand}-01")
    return invoice(*regels, maand=first, dagtekening=op or month(first)[1] + timedelta(days=1))


def _fixture(name: str) -> str:
    return _fixture_of(f"vooraf/{name}")


def _fixture_of(path: str) -> str:
    return (FIXTURES / f"{path}.xml").read_text(encoding="utf-8")


def _filled(text: str, **values: object) -> bytes:
    return with_values(text, {name: str(value) for name, value in values.items()})


def _after(text: str, name: str, new: str, value: str) -> str:
    """The message with an element behind every element of this name."""
    return re.sub(rf"<(\w+):{name}>[^<]*</\w+:{name}>", rf"\g<0><\1:{new}>{value}</\1:{new}>", text)


def _repeated(text: str, name: str, holder: str, values: Sequence[Mapping[str, object]]) -> str:
    """The message with the first class of this name once for each of these, and without its holder for none."""
    if not values:
        return re.sub(rf"\s*<\w+:{holder}>.*</\w+:{holder}>", "", text, flags=re.DOTALL)
    first = re.search(rf"\s*<\w+:{name}>.*?</\w+:{name}>", text, flags=re.DOTALL)
    assert first, f"there is no {name} in the message"
    filled = "".join(_filled(first[0], **one).decode() for one in values)
    return re.sub(
        rf"(<\w+:{holder}>).*(\s*</\w+:{holder}>)", lambda held: held[1] + filled + held[2], text, flags=re.DOTALL
    )
