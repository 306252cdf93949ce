"""Level 3 of deliveries: the 305 and 307 against allocations, and against the starts and stops before them.

`docs/decisions/009` says how each sentence of the standard is read. Deletions are taken before first deliveries.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Historie, Levering, Stop, levering_of, newest_stop, stop_of
from iwmo_gateway.standard.berichten import Leveringsbericht
from iwmo_gateway.standard.leveringen import Startbericht, StartProduct, Stopbericht, StopProduct

deliveries: Final = Level("deliveries", frozenset({3}))

P = TypeVar("P", StartProduct, StopProduct)


@deliveries.rule("TR019", berichten="305 307")
def levering_hoort_bij_toewijzing(bericht: Leveringsbericht, historie: Historie) -> Faults:
    """De start of stop hoort bij een geldige toewijzing aan deze aanbieder voor deze client."""
    parties = historie.clienten[bericht.client.bsn], bericht.header.afzender
    for product in bericht.producten:
        if product.status_aanlevering != "1" or product.toewijzing_nummer is None:
            continue
        current = historie.current(product.toewijzing_nummer)
        if current is None or (current.client, current.aanbieder) != parties:
            yield Fault(
                product,
                "het ToewijzingNummer van een toewijzing van deze gemeente aan u voor deze client",
                f"ToewijzingNummer {product.toewijzing_nummer}",
            )


@deliveries.rule("TR063", berichten="305 307")
def verwijderde_aanlevering_is_eerder_gemeld(bericht: Leveringsbericht, historie: Historie) -> Faults:
    """Een start of stop kan alleen verwijderd worden als hij eerder met dezelfde sleutel is gemeld."""
    if isinstance(bericht, Startbericht):
        for start in _deletions(bericht.start_producten):
            if levering_of(start) not in historie.starts:
                yield Fault(start, "een eerder gemelde start met dezelfde sleutel", _key_text(levering_of(start)))
        return
    for stop in _deletions(bericht.stop_producten):
        if stop_of(stop) not in historie.stops:
            yield Fault(stop, "een eerder gemelde stop met dezelfde sleutel", _stop_text(stop_of(stop)))


@deliveries.rule("TR071", berichten="305")
def gestopte_start_niet_verwijderd(bericht: Startbericht, historie: Historie) -> Faults:
    """Een start waarvan de zorg al gestopt is, kan niet meer verwijderd worden."""
    for start in _deletions(bericht.start_producten):
        if newest_stop(historie.stops, levering_of(start)) is not None:
            yield Fault(start, "een levering die niet gestopt is", _key_text(levering_of(start)))


@deliveries.rule("TR074", berichten="305 307")
def aanlevering_is_niet_eerder_gemeld(bericht: Leveringsbericht, historie: Historie) -> Faults:
    """Een start of stop met dezelfde sleutel is niet al eerder gemeld."""
    if isinstance(bericht, Startbericht):
        starts = historie.starts - {levering_of(start) for start in _deletions(bericht.start_producten)}
        for start in _first_deliveries(bericht.start_producten):
            if levering_of(start) in starts:
                yield Fault(start, "een start die nog niet gemeld is", _key_text(levering_of(start)))
        return
    stops = _remaining(bericht, historie)
    for stop in _first_deliveries(bericht.stop_producten):
        if stop_of(stop) in stops:
            yield Fault(stop, "een stop die nog niet gemeld is", _stop_text(stop_of(stop)))


@deliveries.rule("TR326", berichten="305")
def levering_loopt_niet_al(bericht: Startbericht, historie: Historie) -> Faults:
    """Een start kan pas gemeld worden als er geen lopende levering voor dezelfde toewijzing is."""
    deleted = {levering_of(start) for start in _deletions(bericht.start_producten)}
    running = {
        levering.subject: levering
        for levering in historie.starts - deleted
        if newest_stop(historie.stops, levering) is None
    }
    for start in _first_deliveries(bericht.start_producten):
        levering = levering_of(start)
        if levering.subject in running:
            since = running[levering.subject].begindatum
            yield Fault(start, "eerst een stop van de lopende levering", f"een levering die loopt sinds {since}")
        running.setdefault(levering.subject, levering)


@deliveries.rule("TR382", berichten="307")
def stop_hoort_bij_start(bericht: Stopbericht, historie: Historie) -> Faults:
    """Een stop hoort bij een gemelde start met hetzelfde ToewijzingNummer, product en dezelfde begindatum."""
    for stop in _first_deliveries(bericht.stop_producten):
        levering = levering_of(stop)
        if not any(levering.continues(start) for start in historie.starts):
            yield Fault(stop, _started_text(levering, historie), _key_text(levering))


@deliveries.rule("TR413", berichten="307")
def niet_twee_keer_tijdelijk_gestopt(bericht: Stopbericht, historie: Historie) -> Faults:
    """Een levering die tijdelijk gestopt is, wordt niet nog eens tijdelijk gestopt."""
    for stop, earlier in _after_others(bericht, historie):
        if earlier.temporary and stop_of(stop).temporary:
            yield Fault(stop, "een definitieve stop, of eerst een nieuwe start", _stop_text(stop_of(stop)))


@deliveries.rule("TR414", berichten="307")
def stop_niet_voor_eerdere_stop(bericht: Stopbericht, historie: Historie) -> Faults:
    """De einddatum ligt niet voor die van een eerdere stop van dezelfde levering."""
    for stop, earlier in _after_others(bericht, historie):
        if stop.einddatum < earlier.einddatum:
            yield Fault(stop, f"Einddatum op of na {earlier.einddatum}", f"Einddatum {stop.einddatum}")


@deliveries.rule("TR415", berichten="307")
def levering_niet_al_gestopt(bericht: Stopbericht, historie: Historie) -> Faults:
    """Een levering die definitief gestopt is, wordt niet nog eens gestopt."""
    for stop, earlier in _after_others(bericht, historie):
        if not earlier.temporary:
            yield Fault(stop, "een levering die niet definitief gestopt is", f"gestopt op {earlier.einddatum}")


def _remaining(bericht: Stopbericht, historie: Historie) -> list[Stop]:
    deleted = {stop_of(stop) for stop in _deletions(bericht.stop_producten)}
    return [stop for stop in historie.stops if stop not in deleted]


def _after_others(bericht: Stopbericht, historie: Historie) -> Iterator[tuple[StopProduct, Stop]]:
    """Each first delivery of a stop, with the newest stop of the same delivery before it."""
    stops = _remaining(bericht, historie)
    for stop in _first_deliveries(bericht.stop_producten):
        fact = stop_of(stop)
        newest = newest_stop(stops, fact.levering)
        if newest is not None:
            yield stop, newest
        stops.append(fact)


def _first_deliveries(products: Iterable[P]) -> Iterator[P]:
    return (product for product in products if product.status_aanlevering == "1")


def _deletions(products: Iterable[P]) -> Iterator[P]:
    return (product for product in products if product.deletes)


def _started_text(levering: Levering, historie: Historie) -> str:
    """What could be stopped here: the starts of the same allocation or product, as they were told."""
    started = sorted(
        (start for start in historie.starts if start.subject == levering.subject), key=lambda start: start.begindatum
    )
    if not started:
        return "eerst een start (305) met dezelfde sleutel"
    return "de sleutel van een gemelde start: " + "; of ".join(_key_text(start) for start in started)


def _key_text(levering: Levering) -> str:
    parts = {
        "ToewijzingNummer": levering.toewijzing_nummer,
        "Categorie": levering.categorie,
        "Code": levering.code,
        "Begindatum": levering.begindatum,
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None)


def _stop_text(stop: Stop) -> str:
    return f"{_key_text(stop.levering)}, RedenBeeindiging {stop.reden}, Einddatum {stop.einddatum}"
