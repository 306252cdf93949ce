"""The rules of a contract: what each is about, what a profile may say of it, and what a fault does.

A profile chooses which of them hold, with which terms, from which article, and what is done where one is broken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Actie = Literal["reject", "signal", "review"]
"""Refused with a return code; accepted, and told; or held until the municipality decides (lines of claims only)."""


@dataclass(frozen=True, slots=True)
class Regelsoort:
    """One rule that a profile may use: in Dutch words with its terms, the terms it needs, and where it is judged.

    `acties` are what a fault may do: only lines of claims can be held.
    """

    zin: str
    nodig: frozenset[str]
    acties: frozenset[str]


_CLAIM: Final = frozenset({"reject", "signal", "review"})
_OTHER: Final = frozenset({"reject", "signal"})

REGELS: Final[Mapping[str, Regelsoort]] = {
    "contract-indienen": Regelsoort(
        "Een declaratie komt binnen {maanden} maand(en) na afloop van de zorgperiode binnen.",
        frozenset({"maanden"}),
        _CLAIM,
    ),
    "contract-vervallen": Regelsoort(
        "Wat later dan {maanden} maand(en) na afloop van de zorgperiode komt, wordt niet meer in behandeling genomen.",
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
        "Na een stop mag nog de eerste volledige maand zonder zorg worden gedeclareerd, en daarna niets meer.",
        frozenset(),
        _CLAIM,
    ),
    "contract-inbegrepen": Regelsoort(
        "In {producten} is {bij} inbegrepen.",
        frozenset({"producten", "bij"}),
        _CLAIM,
    ),
    "contract-marge": Regelsoort(
        "Een aanbieder mag binnen {maanden} aaneengesloten maanden van een kalenderjaar afwijken van het volume per "
        "maand, als het totaal van die maanden past in wat ervoor is toegewezen (eenheid {eenheden}).",
        frozenset({"maanden", "eenheden"}),
        _CLAIM,
    ),
    "contract-startmelding": Regelsoort(
        "Een start wordt gemeld voordat de zorg begint.",
        frozenset(),
        _OTHER,
    ),
    "contract-levering": Regelsoort(
        "De zorg begint binnen {weken} weken na de toewijzing: na haar ingangsdatum of, als die later is, haar "
        "ontvangst. Spoedeisende zorg mag zonder beschikking beginnen; aan een bericht is dat niet te zien.",
        frozenset({"weken"}),
        _OTHER,
    ),
    "contract-samen": Regelsoort(
        "{producten} wordt alleen toegewezen naast {bij}.",
        frozenset({"producten", "bij"}),
        _OTHER,
    ),
    "contract-perceel": Regelsoort(
        "Een client heeft producten uit één perceel tegelijk; een product zonder perceel mag ernaast.",
        frozenset(),
        _OTHER,
    ),
}
"""Every rule that a profile may use, by its code."""

TERMS: Final = ("maanden", "weken", "eenheden", "producten", "bij")
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
        elif term not in soort.nodig and term in said:
            yield term, f"{name} kent geen {term}"
    if actie in {"reject", "signal", "review"} and actie not in soort.acties:
        yield "actie", f"{name} gaat niet over declaratieregels; {actie} kan daar niet, verwacht reject of signal"
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
