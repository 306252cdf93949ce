"""The table of rules: for every published code, which messages a rule of ours judges by it, or why none does."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from iwmo_gateway.rules.rulebook import PublishedRule, rulebook
from iwmo_gateway.rules.verdict import LEVELS
from iwmo_gateway.standard.kinds import SOORTEN, Domain


@dataclass(frozen=True, slots=True)
class Row:
    """One rule in one domain and release: the numbers of the messages that are judged by it, and why others are not."""

    code: str
    niveau: int
    retourcode: str
    implemented: str
    reason: str


def rules_table(domain: Domain, release: str) -> list[Row]:
    """Every rule, published or our own, in the order of the codes."""
    judged: dict[str, set[str]] = {}
    for level in LEVELS:
        for code, rule in level.rules.items():
            judged.setdefault(code, set()).update(rule.berichten)
    return [_row(rule, judged.get(code, set()), domain, release) for code, rule in rulebook().items()]


def meanings(soort: str, release: str, *, without: Collection[str] = ()) -> Mapping[str, str]:
    """What each return code of a rule for this kind of message wants to be so, in Dutch, in the order of the codes."""
    texts: dict[str, list[str]] = {}
    for level in LEVELS:
        for code, rule in level.rules.items():
            retourcode = rule.published.retourcode(release)
            if retourcode and soort in rule.berichten and rule.published.holds_in(release) and code not in without:
                texts.setdefault(retourcode, []).append(rule.tekst)
    return {code: " ".join(told) for code, told in sorted(texts.items())}


def _row(rule: PublishedRule, judged: Iterable[str], domain: Domain, release: str) -> Row:
    published = _kinds(rule.berichten, domain, release)
    holds = rule.holds_in(release)
    numbers = _kinds(judged, domain, release) if holds else ()
    return Row(
        code=rule.code,
        niveau=rule.niveau,
        retourcode=_code(rule, release) if published and holds else "",
        implemented=" ".join(numbers),
        reason="; ".join(_reasons(rule, published, domain, release)),
    )


def _reasons(rule: PublishedRule, published: tuple[str, ...], domain: Domain, release: str) -> Iterable[str]:
    if not any(kind.startswith(domain.value.upper()) for kind in rule.berichten):
        yield f"is alleen van {'iJw' if domain is Domain.WMO else 'iWmo'}"
    elif not published:
        yield f"de berichten ervan zijn er in {release} niet"
    elif not rule.holds_in(release):
        yield f"geldt alleen in {', '.join(rule.releases)}"
    else:
        if rule.door:
            yield f"door {rule.door}"
        if without := _kinds(rule.zonder, domain, release):
            yield f"heeft geen onderwerp in {' '.join(without)}"
        if rule.eigen:
            yield f"eigen regel: {rule.eigen}"


def _kinds(kinds: Iterable[str], domain: Domain, release: str) -> tuple[str, ...]:
    """The numbers of those of these kinds that exist in a domain and release."""
    prefix = domain.value.upper()
    return tuple(sorted(kind[-3:] for kind in kinds if kind.startswith(prefix) and (kind, release) in SOORTEN))


def _code(rule: PublishedRule, release: str) -> str:
    """The return code in a release, or what a fault does where there is none."""
    if code := rule.retourcode(release):
        return code
    only_answers = all(SOORTEN[kind, other].is_answer for kind, other in SOORTEN if kind in rule.berichten)
    return "" if rule.niveau == 1 else "weigert" if only_answers else "signaal"
