"""The code lists that live outside the schemas: municipalities and product codes, each a TOML file with a validity."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.standard.kinds import Domain


@dataclass(frozen=True, slots=True)
class Codelists:
    """What codes there are.

    `gemeenten` maps a CBS code to the first day on which the municipality no longer existed, None while it does.
    `producten` maps a domain and a product code to its category; a domain without a list is not in `product_domains`.
    """

    gemeenten: Mapping[str, date | None]
    producten: Mapping[tuple[Domain, str], str]
    product_domains: frozenset[Domain]

    def gemeente_existed(self, code: str, days: Iterable[date]) -> bool:
        """Whether the code is on the list of today, or was on it on one of these days (TR378)."""
        if code not in self.gemeenten:
            return False
        gone = self.gemeenten[code]
        return gone is None or any(day < gone for day in days)

    def product_fits(self, domain: Domain, categorie: str, code: str) -> bool:
        """Whether the list has the code under this category; true for a domain of which no list is known (TR381)."""
        return domain not in self.product_domains or self.producten.get((domain, code)) == categorie


def load_codelists(folder: Path) -> Codelists:
    """Read `gemeenten.toml` and `productcodes.toml`.

    Raises ConfigurationError for a file that is missing or does not read as a code list.
    """
    gemeenten = _toml(folder / "gemeenten.toml")
    products = _toml(folder / "productcodes.toml")
    try:
        lists = {domain: products[domain.value] for domain in Domain if domain.value in products}
        return Codelists(
            gemeenten=dict.fromkeys(gemeenten["bestaand"])
            | {code: entry["per"] for code, entry in gemeenten["opgeheven"].items()},
            producten={
                (domain, code): categorie
                for domain, categories in lists.items()
                for categorie, codes in categories.items()
                for code in codes
            },
            product_domains=frozenset(lists),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"The code lists in {folder} do not have the expected tables: {error}") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The code list {path} cannot be read: {error}") from error
