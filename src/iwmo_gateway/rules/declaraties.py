"""What earlier claims left, as far as a claim can touch it: its lines, its numbers, and what is claimed already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Regel:
    """A line as it was claimed: what a credit must repeat of the debit that it takes back.

    `client` is the keyed hash of the Bsn; `bedrag` and `btw` in euro cents, without sign.
    """

    gemeente: str
    client: str
    toewijzing_nummer: int | None
    categorie: str
    code: str
    begindatum: date
    einddatum: date
    volume: int
    eenheid: str
    tarief: int | None
    bedrag: int
    btw: int


@dataclass(frozen=True, slots=True)
class EerdereRegel:
    """A line of an earlier claim that counts: approved, refused or held, and whether it was credited since."""

    regel: Regel
    credit: bool
    approved: bool
    credited: bool
    held: bool = False


@dataclass(frozen=True, slots=True)
class Geclaimd:
    """What is claimed of an allocation for one product and period: approved and held debits less their credits.

    `regels` counts debits that were not credited, but for those of 0 euro cents, which no credit can take back.
    `volume` in `eenheid`, `bedrag` in euro cents.
    """

    categorie: str
    code: str
    begindatum: date
    einddatum: date
    eenheid: str
    volume: int
    bedrag: int
    regels: int


@dataclass(frozen=True, slots=True)
class Declaraties:
    """The earlier claims of this provider, in this domain.

    `nummer_used`: DeclaratieNummer was used. `latest` is the first day of the latest DeclaratiePeriode of this kind
    for this municipality. `regels` are the lines of this kind with a ReferentieNummer that the message names, for
    whichever municipality. `geclaimd` is by ToewijzingNummer of this municipality, whoever claimed it.
    """

    nummer_used: bool = False
    latest: date | None = None
    regels: Mapping[str, EerdereRegel] = field(default_factory=dict)
    geclaimd: Mapping[int, tuple[Geclaimd, ...]] = field(default_factory=dict)
