"""The rules of a contract: what each is about, what a profile may say of it, and what a fault does.

A profile chooses which of them hold, with which terms, from which article, and what is done where one is broken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Actie = Literal["reject", "signal", "review"]
"""Refused with a return code; accepted, and told; or held until the municipality decides (lines of claims only)."""


@dataclass(frozen=True, slots=True)
class Regelsoort:
    """One rule that a profile may use: in Dutch words with its terms, the terms it needs, and where it is judged.

    `acties` are what a fault may do: only lines of claims can be held. `mag` are terms that it may have besides, each
    with the sentence that it adds. `blind` is what no message shows, and what is not judged therefore.
    """

    zin: str
    nodig: frozenset[str]
    acties: tuple[str, ...]
    mag: Mapping[str, str] = field(default_factory=dict)
    blind: str | None = None


_CLAIM: Final = ("reject", "signal", "review")
_OTHER: Final = ("reject", "signal")
_STOPPED: Final = ("signal", "review")
"""A claim is never refused for a missing or different stop (OP364)."""

REGELS: Final[Mapping[str, Regelsoort]] = {
    "contract-maand": Regelsoort(
        "Een declaratie gaat over één kalendermaand.",
        frozenset(),
        _OTHER,
    ),
    "contract-indienen": Regelsoort(
        "Een declaratie komt binnen {termijn} na afloop van de zorgperiode binnen.",
        frozenset({"maanden"}),
        _CLAIM,
    ),
    "contract-vervallen": Regelsoort(
        "Wat later dan {termijn} na afloop van de zorgperiode komt, wordt niet meer in behandeling genomen.",
        frozenset({"maanden"}),
        _CLAIM,
    ),
    "contract-correctie": Regelsoort(
        "Een correctie, een nieuwe debetregel voor wat al eerder is gedeclareerd, komt binnen {weken} weken na afloop "
        "van de zorgperiode binnen. Een credit is nooit te laat.",
        frozenset({"weken"}),
        _CLAIM,
    ),
    "contract-opzegging": Regelsoort(
        "Na een stop, tijdelijk of definitief, is de eerste volledige kalendermaand zonder zorg de laatste die nog mag "
        "worden gedeclareerd.",
        frozenset(),
        _STOPPED,
        blind="Op welke dag een client heeft opgezegd: wat telt is de einddatum van de gemelde stop (307). Zonder "
        "gemelde stop wordt niets gezegd.",
    ),
    "contract-inbegrepen": Regelsoort(
        "In {producten} is per eenheid {inbegrepen} inbegrepen: dat wordt niet nog eens gedeclareerd als {bij}.",
        frozenset({"producten", "bij", "inbegrepen"}),
        _CLAIM,
        blind="Op welke dagen {bij} is geleverd, en dus of het inbegrepen was; wat in een ander bericht is "
        "gedeclareerd, telt niet mee.",
    ),
    "contract-marge": Regelsoort(
        "Een aanbieder mag binnen {maanden} aaneengesloten maanden van een kalenderjaar afwijken van het volume per "
        "maand, als het totaal van die maanden past in wat ervoor is toegewezen (eenheid {eenheden}).",
        frozenset({"maanden", "eenheden"}),
        _CLAIM,
    ),
    "contract-startmelding": Regelsoort(
        "De melding dat de zorg begint (305) komt binnen voor de dag waarop zij begint.",
        frozenset(),
        _OTHER,
        blind="Of zorg spoedeisend was, en zonder beschikking mocht beginnen.",
    ),
    "contract-levering": Regelsoort(
        "De zorg begint binnen {weken} weken na de ingangsdatum van de toewijzing of, als die later is, haar "
        "ontvangst. Een nieuwe start na een onderbreking telt niet.",
        frozenset({"weken"}),
        _OTHER,
        blind="Of een latere begindatum met de client is afgesproken.",
    ),
    "contract-samen": Regelsoort(
        "{producten} wordt alleen toegewezen naast {bij} in dezelfde tijd, bij welke aanbieder ook.",
        frozenset({"producten", "bij"}),
        _OTHER,
    ),
    "contract-perceel": Regelsoort(
        "Een client heeft in dezelfde tijd producten uit één perceel, bij welke aanbieder ook; een product zonder "
        "perceel telt niet mee. Van het ene perceel naar het volgende gaan mag.",
        frozenset(),
        _OTHER,
        mag={"producten": "{producten} mag naast een ander perceel."},
    ),
}
"""Every rule that a profile may use, by its code."""

TERMS: Final = ("maanden", "weken", "eenheden", "producten", "bij", "inbegrepen")
"""The terms that some rule needs."""


def misused(said: Mapping[str, Any], codes: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """What is wrong with a rule in a profile beyond the form of its keys: the key, and what is wrong.

    `codes` are the return codes of each release.
    """
    soort = REGELS.get(str(said.get("regel")))
    if soort is None:
        return
    name, actie = said["regel"], said.get("actie")
    for term in TERMS:
        if term in soort.nodig and not said.get(term):
            yield "regel", f"{name} heeft {term} nodig"
        elif term not in soort.nodig and term not in soort.mag and term in said:
            yield term, f"{name} kent geen {term}"
    if actie in {"reject", "signal", "review"} and actie not in soort.acties:
        yield "actie", f"{actie} kan niet bij {name}; verwacht {' of '.join(soort.acties)}"
    for code in _texts(said, "producten") & _texts(said, "bij"):
        yield "bij", f"{code} kan niet in producten en in bij staan: {name} zou nooit kunnen kloppen"
    told = said.get("retourcodes")
    if actie == "reject" and not told:
        yield "actie", f"{name} keurt af, en heeft dan retourcodes nodig: per release een code uit haar codelijst"
    if actie != "reject" and told:
        yield "retourcodes", f"{name} keurt niet af (actie {actie}), en heeft dan geen retourcodes"
    for release, code in told.items() if isinstance(told, dict) else ():
        if release not in codes:
            yield "retourcodes", f"{release} is geen release; verwacht een van {', '.join(codes)}"
        elif code not in codes[release]:
            yield "retourcodes", f"{code} staat niet in de codelijst van release {release}"


def _texts(said: Mapping[str, Any], key: str) -> set[str]:
    found = said.get(key)
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()
