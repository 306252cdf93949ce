"""Contract profiles: checking a file, loading it as the next version, and showing what was loaded.

The texts of errors are Dutch here: they are for the officer who wrote the profile.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final

from iwmo_gateway.contract.differences import Verschil, verschillen
from iwmo_gateway.contract.indexation import Voorstel, propose
from iwmo_gateway.contract.profile import MAX_NAME, NAME, Profiel, parse_profiel
from iwmo_gateway.contract.source import ProfielFault, text_of
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.shipped import shipped
from iwmo_gateway.store import contracts
from iwmo_gateway.store.contracts import Contract
from iwmo_gateway.store.database import Transaction

_PERCENTAGE: Final = re.compile(r"-?[0-9]{1,2}(\.[0-9]{1,4})?")
_MOST: Final = 25
"""The largest change in percent that is taken; what is beyond it is rather an index figure, or a slip."""


class Obstacle(StrEnum):
    """Why a right profile is not loaded all the same."""

    NOT_ONLY_YOURS = "not only yours"
    NOT_YOUR_DOMAIN = "not your domain"
    OVERLAP = "overlap"
    NO_FORMER = "no former"


@dataclass(frozen=True, slots=True)
class Declined:
    """A right profile that was not loaded, and why, in Dutch."""

    why: Obstacle
    tekst: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that should be a profile: the profile with version 0, or what is wrong with it."""

    text: str
    profiel: Profiel | None
    faults: tuple[ProfielFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Voorproef:
    """A right profile beside what is loaded under its name: why it would not be loaded, and what it says otherwise.

    `versie` and `tekst` are of the newest version that the caller may see, 0 and None where there is none;
    `verschillen` is None too where that one is no profile any more.
    """

    profiel: Profiel
    declined: Declined | None
    versie: int
    tekst: str | None
    verschillen: tuple[Verschil, ...] | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A version as it was loaded: what it says, for whom, and which versions of its name the caller may see.

    One that this version of the gateway does not take any more has faults and no profile.
    """

    contract: Contract
    gemeenten: tuple[str, ...]
    versies: tuple[int, ...]
    checked: Checked


def shipped_names() -> list[str]:
    """The profiles that travel with the gateway."""
    return sorted(path.stem for path in shipped("contracts").glob("*.toml"))


def file_of(wanted: str) -> Path:
    """The file of a profile: that file itself (`….toml`), or the name of a shipped one.

    Raises ConfigurationError for what is neither.
    """
    if wanted.endswith(".toml"):
        return Path(wanted)
    if wanted not in shipped_names():
        raise ConfigurationError(
            f"{wanted} is geen .toml-bestand en geen meegeleverd profiel; "
            f"meegeleverd zijn: {', '.join(shipped_names()) or 'geen'}"
        )
    return shipped("contracts") / f"{wanted}.toml"


def check_file(path: Path) -> Checked:
    """Check the profile in a file, which it is named after. Raises ConfigurationError for one that cannot be read."""
    try:
        body = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} bestaat niet") from error
    except OSError as error:
        raise ConfigurationError(f"{path} kan niet worden gelezen: {error.strerror}") from error
    return check(path.stem, body)


def check(name: str, body: bytes) -> Checked:
    """Check the profile in the bytes of a file."""
    text = text_of(body)
    if isinstance(text, ProfielFault):
        return Checked("", None, (text,))
    found = parse_profiel(text, name)
    return Checked(text, found) if isinstance(found, Profiel) else Checked(text, None, found)


def index(name: str, checked: Checked, cpi: str, vanaf: date) -> Voorstel:
    """Propose the next version of a right profile: its tariffs indexed with a percentage, for a year from a day on.

    Nothing is loaded. Raises ConfigurationError for what cannot be indexed, and for a proposal that is no profile.
    """
    percentage = Decimal(cpi) if _PERCENTAGE.fullmatch(cpi) else None
    if percentage is None or abs(percentage) > _MOST:
        raise ConfigurationError(
            f"--cpi: verwacht de wijziging in procenten, van -{_MOST} tot en met {_MOST}, met een punt, zoals 3.4; "
            f"gevonden {cpi[:40]}"
        )
    voorstel = propose(checked.text, _right(checked), percentage, vanaf)
    wrong = check(name, voorstel.tekst.encode()).faults
    if wrong:
        told = "; ".join(str(fault) for fault in wrong)
        raise ConfigurationError(f"Het voorstel zou geen goed profiel zijn: {told}")
    return voorstel


def load(gateway: Gateway, caller: Caller, checked: Checked) -> tuple[Contract, bool]:
    """Make a profile count from now on, as the next version of its name; False beside it if it did so already.

    Raises ConfigurationError for a text that is no profile, and for one that would share a day of a municipality with
    another profile: two contracts cannot hold at once.
    """
    loaded = take(gateway, caller, checked.text, _right(checked))
    if isinstance(loaded, Declined):
        raise ConfigurationError(loaded.tekst)
    return loaded


def take(gateway: Gateway, caller: Caller, text: str, profiel: Profiel) -> tuple[Contract, bool] | Declined:
    """Make a profile of this text count from now on; False beside it if it did so already.

    A municipality loads what is about nobody else: neither the profile, nor the version that it would replace.
    """
    if other := _not_your_domain(caller, profiel):
        return other
    digest = hashlib.sha256(text.encode()).digest()
    with gateway.database.writing() as transaction:
        # Versions are counted and neighbours looked for by one at a time.
        gateway.database.lock(transaction, "contracts")
        newest = contracts.newest_of(transaction, profiel.name)
        if newest is not None and newest.digest == digest and _sees(transaction, caller, newest):
            return newest, False
        declined = _declined(transaction, caller, profiel, newest)
        if declined:
            return declined
        contract = Contract(
            name=profiel.name,
            version=newest.version + 1 if newest else 1,
            domain=profiel.domein,
            vanaf=profiel.vanaf,
            tot_en_met=profiel.tot_en_met,
            digest=digest,
            loaded_at=caller.at,
            loaded_by=caller.actor,
        )
        contracts.add(transaction, contract, text, profiel.gemeenten)
    return contract, True


def compared(gateway: Gateway, caller: Caller, checked: Checked) -> Voorproef:
    """What would become of a right profile if it were loaded now. Nothing is.

    Raises ConfigurationError for a text that is no profile.
    """
    profiel = _right(checked)
    with gateway.database.reading() as transaction:
        newest = contracts.newest_of(transaction, profiel.name)
        seen = newest is not None and newest.domain in caller.domains and _sees(transaction, caller, newest)
        declined = _declined(transaction, caller, profiel, newest)
        if newest is None or not seen:
            return Voorproef(profiel, declined, 0, None, None)
        text = contracts.text_of(transaction, newest.name, newest.version)
    former = parse_profiel(text, newest.name, newest.version)
    if not isinstance(former, Profiel):
        return Voorproef(profiel, declined, newest.version, text, None)
    return Voorproef(profiel, declined, newest.version, text, tuple(verschillen(former, profiel)))


def history(gateway: Gateway, caller: Caller, name: str) -> list[Contract]:
    """The versions of a profile that a caller may see, oldest first."""
    with gateway.database.reading() as transaction:
        found = contracts.versions_of(transaction, name, caller.party)
        return [one for one in found if one.domain in caller.domains]


def _declined(transaction: Transaction, caller: Caller, profiel: Profiel, newest: Contract | None) -> Declined | None:
    """Why a right profile cannot be loaded as things stand."""
    return (
        _not_your_domain(caller, profiel)
        or _not_only_yours(transaction, caller, profiel, newest)
        or _overlap(profiel, contracts.in_the_way(transaction, profiel))
        or _no_former(profiel, newest)
    )


def _not_your_domain(caller: Caller, profiel: Profiel) -> Declined | None:
    if profiel.domein in caller.domains:
        return None
    return Declined(Obstacle.NOT_YOUR_DOMAIN, f"Een profiel voor {profiel.domein} is niet voor dit token.")


def _no_former(profiel: Profiel, newest: Contract | None) -> Declined | None:
    """An objection keeps a version that there is."""
    versions = newest.version if newest else 0
    for bezwaar in profiel.aanbieders.bezwaren:
        if bezwaar.versie > versions:
            told = f"aanbieder {bezwaar.agb} houdt versie {bezwaar.versie}, maar {profiel.name} heeft er {versions}"
            return Declined(Obstacle.NO_FORMER, told)
    return None


def listed(gateway: Gateway) -> list[tuple[Contract, list[str]]]:
    """Every loaded version with its municipalities, by name and then by version."""
    with gateway.database.reading() as transaction:
        gemeenten = contracts.gemeenten_of(transaction)
        return [(one, gemeenten[one.name, one.version]) for one in contracts.all_contracts(transaction)]


def newest_for(gateway: Gateway, caller: Caller) -> list[tuple[Contract, tuple[str, ...]]]:
    """The newest version of every profile that a caller may see, by name, with its municipalities."""
    with gateway.database.reading() as transaction:
        found = contracts.newest_of_all(transaction, caller.party)
        seen = (one for one in found if one.domain in caller.domains)
        return [(one, contracts.gemeenten_in(transaction, one)) for one in seen]


def kept(gateway: Gateway, caller: Caller, name: str, version: int | None = None) -> Kept | None:
    """A version of a profile, the newest if not told; None where there is none that the caller may see.

    A municipality sees the versions that name it: those are the ones that its messages were judged by.
    """
    if len(name) > MAX_NAME or not NAME.fullmatch(name):
        return None
    with gateway.database.reading() as transaction:
        versions = [
            one for one in contracts.versions_of(transaction, name, caller.party) if one.domain in caller.domains
        ]
        newest = contracts.newest_of(transaction, name)
        wanted = version or (newest.version if newest else None)
        contract = next((one for one in versions if one.version == wanted), None)
        if contract is None:
            return None
        text = contracts.text_of(transaction, name, contract.version)
        found = parse_profiel(text, name, contract.version)
        checked = Checked(text, found) if isinstance(found, Profiel) else Checked(text, None, found)
        gemeenten = contracts.gemeenten_in(transaction, contract)
        return Kept(contract, gemeenten, tuple(one.version for one in versions), checked)


def shown(gateway: Gateway, wanted: str) -> Profiel:
    """A loaded profile by `name`, which is its newest version, or by `name/version`.

    Raises ConfigurationError where there is none.
    """
    with gateway.database.reading() as transaction:
        contract = _wanted(transaction, wanted)
        return contracts.kept_profiel(transaction, contract.name, contract.version)


def shown_text(gateway: Gateway, wanted: str) -> str:
    """The same as it was written, also where this version of the gateway does not take it any more."""
    with gateway.database.reading() as transaction:
        contract = _wanted(transaction, wanted)
        return contracts.text_of(transaction, contract.name, contract.version)


def _right(checked: Checked) -> Profiel:
    if checked.profiel is None:
        raise ConfigurationError("\n".join(f"regel {fault.regelnummer}: {fault}" for fault in checked.faults))
    return checked.profiel


def _wanted(transaction: Transaction, wanted: str) -> Contract:
    name, slash, number = wanted.partition("/")
    contract = None
    if not slash:
        contract = contracts.newest_of(transaction, name)
    elif re.fullmatch("[1-9][0-9]{0,8}", number):
        contract = contracts.version_of(transaction, name, int(number))
    if contract is None:
        raise ConfigurationError(f"{wanted} is niet geladen; `iwmo-gateway contract show` noemt wat dat wel is")
    return contract


def _sees(transaction: Transaction, caller: Caller, contract: Contract) -> bool:
    return caller.party is None or caller.party in contracts.gemeenten_in(transaction, contract)


def _not_only_yours(
    transaction: Transaction, caller: Caller, profiel: Profiel, newest: Contract | None
) -> Declined | None:
    if caller.party is None:
        return None
    others = [one for one in profiel.gemeenten if one != caller.party]
    if others:
        told = f"Het profiel noemt ook {', '.join(others)}; een gemeente laadt alleen een profiel van zichzelf."
        return Declined(Obstacle.NOT_ONLY_YOURS, told)
    if newest is not None and contracts.gemeenten_in(transaction, newest) != (caller.party,):
        told = f"De naam {profiel.name} is in gebruik voor een profiel dat niet alleen van u is; kies een andere naam."
        return Declined(Obstacle.NOT_ONLY_YOURS, told)
    return None


def _overlap(profiel: Profiel, others: list[tuple[Contract, str]]) -> Declined | None:
    if not others:
        return None
    told = "; ".join(
        f"{other.identity} geldt voor {gemeente} van {other.vanaf} t/m {other.tot_en_met}" for other, gemeente in others
    )
    return Declined(
        Obstacle.OVERLAP,
        f"{profiel.name} geldt van {profiel.vanaf} t/m {profiel.tot_en_met} en overlapt een ander profiel: {told}. "
        "Voor een gemeente geldt op een dag maar één profiel; pas van een van beide de periode of de gemeenten aan",
    )
