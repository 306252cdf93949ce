"""What earlier messages left, by plain bookkeeping: the store's part in a test of the rules alone.

Clients are known by their Bsn, birth dates by themselves.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.rules.credits import as_regel
from iwmo_gateway.rules.declaraties import Declaraties, EerdereRegel, Geclaimd
from iwmo_gateway.rules.historie import Bronnen, Historie, Levering, levering_of, toewijzingen_of
from iwmo_gateway.rules.verdict import Outcome, Verdict, judge
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.berichten import Bericht, Startbericht, Toewijzingsbericht
from iwmo_gateway.standard.codelists import load_codelists
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, read
from tests.cases import Case, profile

CODELISTS = load_codelists(shipped("codelists"))


@dataclass
class Books:
    """A municipality's and a provider's messages so far, as far as they count as sent."""

    profielen: tuple[Profiel, ...] = ()
    counted: list[tuple[Bericht, Verdict]] = field(default_factory=list)

    def take(self, bericht: Bericht, ontvangen: date) -> Verdict:
        """Judge a message, and keep it if it counts."""
        verdict = judge(bericht, self.historie(bericht), self.bronnen(bericht, ontvangen))
        if verdict.outcome is not Outcome.REJECTED:
            self.counted.append((bericht, verdict))
        return verdict

    def bronnen(self, bericht: Bericht, ontvangen: date) -> Bronnen:
        mine = [profiel for profiel in self.profielen if gemeente_of(bericht) in profiel.gemeenten]
        return Bronnen(ontvangen, CODELISTS, tuple(mine))

    def historie(self, bericht: Bericht) -> Historie:
        domain = bericht.soort.domain
        before = [(earlier, verdict) for earlier, verdict in self.counted if earlier.soort.domain == domain]
        historie = Historie(
            clienten={client.bsn: client.bsn for client in bericht.clienten},
            identificatie_used=identity(bericht) in [identity(earlier) for earlier, _ in before],
        )
        mine = [(earlier, verdict) for earlier, verdict in before if gemeente_of(earlier) == gemeente_of(bericht)]
        versions = defaultdict(list)
        known: dict[str, tuple[object, str | None]] = {}
        for earlier, _ in mine:
            if isinstance(earlier, Toewijzingsbericht):
                bsn = earlier.client.bsn
                for version in toewijzingen_of(earlier, bsn):
                    versions[version.nummer].append(version)
                    newest = known.get(bsn, (version.made_at, None))[0]
                    if aanbieder_of(earlier) == aanbieder_of(bericht) and version.made_at >= newest:
                        known[bsn] = (version.made_at, birth_of(earlier).get(bsn))
        historie = replace(historie, toewijzingen={number: tuple(found) for number, found in versions.items()})
        if isinstance(bericht, Startbericht | Toewijzingsbericht):
            bsn = bericht.client.bsn
            starts: frozenset[Levering] = frozenset()
            for earlier, _ in mine:
                if isinstance(earlier, Startbericht) and (earlier.client.bsn, aanbieder_of(earlier)) == (
                    bsn,
                    aanbieder_of(bericht),
                ):
                    starts = starts_after(earlier, starts)
            claimed = self.claimed(mine, aanbieder_of(bericht))
            lines = {number: sum(one.regels for one in found) for number, found in claimed.items()}
            open_lines = {number: count for number, count in lines.items() if count}
            return replace(historie, starts=starts, goedgekeurde_regels=open_lines)
        return replace(
            historie,
            bekend={bsn: birth for bsn, (_, birth) in known.items()},
            geboortedata=birth_of(bericht),
            declaraties=self.declaraties(before, mine, bericht),
        )

    def declaraties(
        self, before: list[tuple[Bericht, Verdict]], mine: list[tuple[Bericht, Verdict]], bericht: Claim
    ) -> Declaraties:
        own = [
            (earlier, verdict)
            for earlier, verdict in before
            if earlier.soort == bericht.soort and aanbieder_of(earlier) == aanbieder_of(bericht)
        ]
        periods = [
            earlier.declaratie.declaratie_periode.begindatum
            for earlier, _ in own
            if gemeente_of(earlier) == gemeente_of(bericht)
        ]
        return Declaraties(
            nummer_used=bericht.declaratie.declaratie_nummer
            in {earlier.declaratie.declaratie_nummer for earlier, _ in own},
            latest=max(periods, default=None),
            regels=earlier_lines(own),
            geclaimd=self.claimed(mine, aanbieder_of(bericht)),
        )

    def claimed(self, mine: list[tuple[Bericht, Verdict]], aanbieder: str) -> dict[int, tuple[Geclaimd, ...]]:
        found = defaultdict(list)
        for earlier, verdict in mine:
            if isinstance(earlier, Startbericht | Toewijzingsbericht) or aanbieder_of(earlier) != aanbieder:
                continue
            assert verdict.settlement
            for prestatie in earlier.prestaties:
                if prestatie.pad in verdict.settlement.refused or prestatie.toewijzing_nummer is None:
                    continue
                sign = -1 if prestatie.is_credit else 1
                found[prestatie.toewijzing_nummer].append(
                    Geclaimd(
                        prestatie.product_categorie,
                        prestatie.product_code,
                        *prestatie.product_periode.days,
                        prestatie.eenheid,
                        sign * prestatie.geleverd_volume,
                        sign * prestatie.ingediend.bedrag,
                        sign if prestatie.ingediend.bedrag else 0,
                    )
                )
        return {number: tuple(lines) for number, lines in found.items()}


def earlier_lines(own: list[tuple[Bericht, Verdict]]) -> dict[str, EerdereRegel]:
    lines: dict[str, EerdereRegel] = {}
    for earlier, verdict in own:
        assert not isinstance(earlier, Startbericht | Toewijzingsbericht)
        assert verdict.settlement
        for client in earlier.clienten:
            for prestatie in client.prestaties:
                approved = prestatie.pad not in verdict.settlement.refused
                regel = as_regel(prestatie, client.bsn, gemeente_of(earlier))
                # A line that is refused for a used number does not hold it.
                lines.setdefault(
                    prestatie.referentie, EerdereRegel(regel, prestatie.is_credit, approved, credited=False)
                )
                if prestatie.is_credit and approved and prestatie.vorige in lines:
                    lines[prestatie.vorige] = replace(lines[prestatie.vorige], credited=True)
    return lines


def birth_of(bericht: Bericht) -> dict[str, str]:
    if isinstance(bericht, Startbericht | Declaratiebericht):
        return {}
    return {
        client.bsn: str(client.geboortedatum.datum)
        for client in bericht.clienten
        if client.geboortedatum and client.geboortedatum.datum_gebruik is None
    }


def identity(bericht: Bericht) -> tuple[str, str, str]:
    return bericht.soort.code, bericht.header.afzender, bericht.header.identificatie


def gemeente_of(bericht: Bericht) -> str:
    return bericht.header.afzender if isinstance(bericht, Toewijzingsbericht) else bericht.header.ontvanger


def aanbieder_of(bericht: Bericht) -> str:
    return bericht.header.ontvanger if isinstance(bericht, Toewijzingsbericht) else bericht.header.afzender


def starts_after(bericht: Startbericht, starts: frozenset[Levering]) -> frozenset[Levering]:
    """The starts that count once this 305 does too: its deletions are taken first, then its first deliveries."""
    deleted = {levering_of(start) for start in bericht.start_producten if start.status_aanlevering == "3"}
    added = {levering_of(start) for start in bericht.start_producten if start.status_aanlevering == "1"}
    return (starts - deleted) | added


@cache
def typed(path: Path, convert: Callable[[bytes], bytes] = bytes) -> Bericht:
    document = read(convert(path.read_bytes()))
    assert isinstance(document, Document)
    return to_bericht(document)


def judged(case: Case, convert: Callable[[bytes], bytes] = bytes) -> tuple[Bericht, Verdict]:
    """The message of a case, judged after those before it, each of which became what the case says."""
    books = Books(tuple(profile(name) for name in case.contracten))
    for path, status in case.vooraf:
        assert books.take(typed(path, convert), case.ontvangen - timedelta(days=1)).outcome == status, path.name
    bericht = typed(case.path, convert)
    historie = with_other_facts(case, books.historie(bericht))
    return bericht, judge(bericht, historie, books.bronnen(bericht, case.ontvangen))


def with_other_facts(case: Case, historie: Historie) -> Historie:
    """What messages that are not taken in yet would leave."""
    stops = [
        Levering(s.get("toewijzing_nummer"), s.get("categorie"), s.get("code"), s["begindatum"])
        for s in case.facts.get("stops", ())
    ]
    lines = {r["toewijzing_nummer"]: 1 for r in case.facts.get("goedgekeurde_regels", ())}
    return replace(
        historie,
        stops=frozenset(stops),
        verzoeken=frozenset(v["referentie_aanbieder"] for v in case.facts.get("verzoeken", ())),
        goedgekeurde_regels={**historie.goedgekeurde_regels, **lines},
    )
