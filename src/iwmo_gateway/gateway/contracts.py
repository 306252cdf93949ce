"""Contract profiles: checking a file, loading it as the next version, and showing what was loaded.

The texts of errors are Dutch here: they are for the officer who wrote the profile.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from iwmo_gateway.contract.indexation import Voorstel, propose
from iwmo_gateway.contract.profile import Profiel, parse_profiel
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


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that should be a profile: the profile with version 0, or what is wrong with it."""

    text: str
    profiel: Profiel | None
    faults: tuple[ProfielFault, ...] = ()


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
        told = "; ".join(fault.tekst for fault in wrong)
        raise ConfigurationError(f"Het voorstel zou geen goed profiel zijn: {told}")
    return voorstel


def load(gateway: Gateway, caller: Caller, checked: Checked) -> tuple[Contract, bool]:
    """Make a profile count from now on, as the next version of its name; False beside it if it did so already.

    Raises ConfigurationError for a text that is no profile, and for one that would share a day of a municipality with
    another profile: two contracts cannot hold at once.
    """
    profiel = _right(checked)
    digest = hashlib.sha256(checked.text.encode()).digest()
    with gateway.database.writing() as transaction:
        # Versions are counted and neighbours looked for by one at a time.
        gateway.database.lock(transaction, "contracts")
        newest = contracts.newest_of(transaction, profiel.name)
        if newest is not None and newest.digest == digest:
            return newest, False
        _refuse_second(profiel, contracts.in_the_way(transaction, profiel))
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
        contracts.add(transaction, contract, checked.text, profiel.gemeenten)
    return contract, True


def listed(gateway: Gateway) -> list[tuple[Contract, list[str]]]:
    """Every loaded version with its municipalities, by name and then by version."""
    with gateway.database.reading() as transaction:
        gemeenten = contracts.gemeenten_of(transaction)
        return [(one, gemeenten[one.name, one.version]) for one in contracts.all_contracts(transaction)]


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
        raise ConfigurationError("\n".join(f"regel {fault.regelnummer}: {fault.tekst}" for fault in checked.faults))
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


def _refuse_second(profiel: Profiel, others: list[tuple[Contract, str]]) -> None:
    if others:
        told = "; ".join(
            f"{other.identity} geldt voor {gemeente} van {other.vanaf} t/m {other.tot_en_met}"
            for other, gemeente in others
        )
        raise ConfigurationError(
            f"{profiel.name} geldt van {profiel.vanaf} t/m {profiel.tot_en_met} en overlapt een ander profiel: {told}. "
            "Voor een gemeente geldt op een dag maar één profiel; pas van een van beide de periode of de gemeenten aan"
        )
