"""The catalogue of message kinds: what there is in which domain and release, who sends it, what answers it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Domain(StrEnum):
    """A legal domain. Numbers are unique within one, and nothing crosses."""

    WMO = "wmo"
    JW = "jw"

    @property
    def standard(self) -> str:
        """The standard's own name, as its namespaces and folders spell it: `iwmo` or `ijw`."""
        return f"i{self.value}"

    @property
    def overlapping(self) -> frozenset[str]:
        """The product categories whose products may overlap in time: aids of iWmo (TR302, TR361, TR386, TR410)."""
        return frozenset({"11", "12", "13", "14"} if self is Domain.WMO else ())

    @property
    def spread_freely(self) -> frozenset[str]:
        """The product categories of which a month may take six week volumes: household help of iWmo (TR321)."""
        return frozenset({"01"} if self is Domain.WMO else ())


class Role(StrEnum):
    """What a party is to the messages it exchanges."""

    GEMEENTE = "gemeente"
    AANBIEDER = "aanbieder"


RELEASES: Final = ("2.3", "3.2")
"""The editions of the standard that are taken, side by side, oldest first."""


def releases(sinds: str | None = None, tot: str | None = None) -> tuple[str, ...]:
    """Those of the releases that lie from one up to and including another, whether these two are still taken or not."""
    return tuple(
        release
        for release in RELEASES
        if (sinds is None or _number(release) >= _number(sinds)) and (tot is None or _number(release) <= _number(tot))
    )


def _number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


@dataclass(frozen=True, slots=True)
class Soort:
    """One kind of message in one release, such as WMO301 of 3.2.

    `bericht_codes` are the values that BerichtCode may have: two for a 303 or 304 (declaration, invoice).
    `sender` is who really sends it: a 302 names the sender of the 301 that it answers, but comes from its receiver.
    """

    code: str
    domain: Domain
    release: str
    bericht_codes: tuple[str, ...]
    sender: Role
    answer: str | None

    @property
    def is_answer(self) -> bool:
        """It answers another message, and is answered by none."""
        return self.answer is None

    @property
    def namespace(self) -> str:
        """The target namespace of the message's schema."""
        return _namespace(self.domain, self.release, self.code.lower())

    @property
    def basis_namespace(self) -> str:
        """The target namespace of the base schema of the same domain and release."""
        return _namespace(self.domain, self.release, "basisschema")

    @property
    def schema_path(self) -> str:
        """Where its schema lies below a folder of schemas: `iwmo/3.2/wmo301.xsd`."""
        return f"{self.domain.standard}/{self.release}/{self.code.lower()}.xsd"

    def __str__(self) -> str:
        return f"{self.code} {self.release}"


def _namespace(domain: Domain, release: str, name: str) -> str:
    return f"http://www.istandaarden.nl/{domain.standard}/{release.replace('.', '_')}/{name}/schema"


# number: (releases, sender, number of its answer, BerichtCode in iWmo, BerichtCode in iJw)
_ALL, _2, _3 = releases(), releases(tot="2.3"), releases(sinds="3.2")
_G, _A = Role.GEMEENTE, Role.AANBIEDER
_KINDS: Final[dict[str, tuple[tuple[str, ...], Role, str | None, str, str]]] = {
    "301": (_ALL, _G, "302", "414", "436"),
    "302": (_ALL, _A, None, "415", "437"),
    "303": (_2, _A, "304", "416 448", "432 450"),
    "304": (_2, _G, None, "417 449", "433 451"),
    "305": (_ALL, _A, "306", "418", "438"),
    "306": (_ALL, _G, None, "419", "439"),
    "307": (_ALL, _A, "308", "420", "440"),
    "308": (_ALL, _G, None, "421", "441"),
    "315": (_ALL, _A, "316", "444", "446"),
    "316": (_ALL, _G, None, "445", "447"),
    "317": (_3, _A, "318", "480", "486"),
    "318": (_3, _G, None, "481", "487"),
    "319": (_3, _G, "320", "482", "488"),
    "320": (_3, _A, None, "483", "489"),
    "323": (_3, _A, "325", "484", "490"),
    "325": (_3, _G, None, "485", "491"),
}

SOORTEN: Final[dict[tuple[str, str], Soort]] = {
    (soort.code, soort.release): soort
    for domain in Domain
    for number, (existing, sender, answer, *codes) in _KINDS.items()
    for release in existing
    for soort in [
        Soort(
            code=f"{domain.value.upper()}{number}",
            domain=domain,
            release=release,
            bericht_codes=tuple(codes[list(Domain).index(domain)].split()),
            sender=sender,
            answer=f"{domain.value.upper()}{answer}" if answer else None,
        )
    ]
}

_BY_NAMESPACE: Final = {soort.namespace: soort for soort in SOORTEN.values()}


def soort_of(namespace: str) -> Soort | None:
    """The kind whose messages stand in this namespace; None for any other."""
    return _BY_NAMESPACE.get(namespace)


def is_answer(code: str) -> bool:
    """Whether messages of this kind, such as WMO302, answer others; also in a release that is no longer taken."""
    _, _, answer, *_ = _KINDS[code[-3:]]
    return answer is None


def answered_by(soort: Soort) -> Soort:
    """The kind of message that a return message of this kind answers, in the same release.

    Raises KeyError for a kind that answers none.
    """
    return _ANSWERED[soort]


def answer_to(soort: Soort) -> Soort:
    """The kind of the return message, in the same release.

    Raises KeyError for a kind that is itself an answer.
    """
    return SOORTEN[(soort.answer or "", soort.release)]


_ANSWERED: Final = {answer_to(soort): soort for soort in SOORTEN.values() if not soort.is_answer}
