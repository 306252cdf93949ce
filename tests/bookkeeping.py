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
from iwmo_gateway.rules.answers import Beantwoord
from iwmo_gateway.rules.credits import as_regel
from iwmo_gateway.rules.declaraties import Declaraties, EerdereRegel, Geclaimd
from iwmo_gateway.rules.historie import (
    Aanvraag,
    Bronnen,
    Historie,
    Levering,
    Stop,
    levering_of,
    stop_of,
    toewijzingen_of,
)
from iwmo_gateway.rules.verdict import Outcome, Verdict, beside, judge, judge_alone, judge_answer
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.berichten import Bericht, Leveringsbericht, Toewijzingsbericht, Verzoekbericht
from iwmo_gateway.standard.codelistfiles import load_codelists
from iwmo_gateway.standard.codelists import Codelists
from iwmo_gateway.standard.declaraties import Claim, Factuurbericht
from iwmo_gateway.standard.kinds import answered_by
from iwmo_gateway.standard.leveringen import Startbericht
from iwmo_gateway.standard.reading import to_bericht, to_retour
from iwmo_gateway.standard.retouren import DeclaratieAntwoordbericht, Factuurretourbericht, Retour
from iwmo_gateway.standard.verzoeken import Antwoordbericht
from iwmo_gateway.standard.xml import Document, read
from tests.cases import Case, codelists, profile

CODELISTS = load_codelists(shipped("codelists"))


@dataclass
class Books:
    """A municipality's and a provider's messages so far, as far as they count as sent."""

    profielen: tuple[Profiel, ...] = ()
    answering: tuple[str, ...] = ()
    counted: list[tuple[Bericht, Verdict]] = field(default_factory=list)
    codelists: Codelists = CODELISTS
    forwarded: list[Bericht] = field(default_factory=list)
    answered: list[Bericht] = field(default_factory=list)
    answers: list[Retour] = field(default_factory=list)
    received: dict[int, date] = field(default_factory=dict)

    def take(self, bericht: Bericht | Retour, ontvangen: date) -> Verdict:
        """Judge a message, and keep it if it counts.

        An answer leaves the facts of what it answers as they are: no message in a fixture builds on them.
        """
        if isinstance(bericht, Retour):
            verdict = self.judge_answer(bericht, ontvangen)
            if verdict.outcome is not Outcome.REJECTED:
                answers = self.beantwoord(bericht)
                assert answers
                self.answered.append(answers.bericht)
                self.answers.append(bericht)
            return verdict
        verdict = judge(bericht, self.historie(bericht), self.bronnen(bericht, ontvangen))
        if verdict.outcome is not Outcome.REJECTED:
            self.counted.append((bericht, verdict))
            self.received.setdefault(id(bericht), ontvangen)
        itself = receiver_of(bericht) in self.answering
        if itself or verdict.outcome is not Outcome.REJECTED:
            self.forwarded.append(bericht)
            if not itself:
                self.answered.append(bericht)
        return verdict

    def judge_answer(self, retour: Retour, ontvangen: date) -> Verdict:
        """What is said of a return message from the other side."""
        alone = judge_alone(retour)
        if alone.rejected:
            return alone
        own = (retour.soort.code, answerer_of(retour), retour.header.identificatie_retour)
        used = own in [
            (earlier.soort.code, answerer_of(earlier), earlier.header.identificatie_retour) for earlier in self.answers
        ]
        answered = self.beantwoord(retour)
        historie = Historie(clienten={}, identificatie_used=used, beantwoord=answered.bericht if answered else None)
        bronnen = Bronnen(ontvangen, CODELISTS, ())
        return beside(alone, judge_answer(retour, answered, historie, bronnen))

    def beantwoord(self, retour: Retour) -> Beantwoord | None:
        """The message that a return message answers: one that its sender was forwarded by the party that it names."""
        wanted = (
            answered_by(retour.soort),
            answers_to(retour),
            answerer_of(retour),
            retour.header.antwoord_op,
        )
        fits = [
            (bericht, any(bericht is other for other in self.answered))
            for bericht in self.forwarded
            if (bericht.soort, bericht.header.afzender, receiver_of(bericht), bericht.header.identificatie) == wanted
        ]
        # What waits for an answer comes first.
        return Beantwoord(*min(fits, key=lambda fit: fit[1])) if fits else None

    def bronnen(self, bericht: Bericht, ontvangen: date) -> Bronnen:
        mine = [profiel for profiel in self.profielen if gemeente_of(bericht) in profiel.gemeenten]
        return Bronnen(ontvangen, self.codelists, tuple(mine))

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
        if isinstance(bericht, Antwoordbericht):
            return replace(historie, verzoeken=self.verzoeken(before, bericht))
        if isinstance(bericht, Toewijzingsbericht):
            claimed = self.claimed(mine, aanbieder_of(bericht))
            lines = {number: sum(one.regels for one in found) for number, found in claimed.items()}
            open_lines = {number: count for number, count in lines.items() if count}
            naast = tuple(one for one in historie.newest.values() if one.client == bericht.client.bsn)
            return replace(
                historie,
                goedgekeurde_regels=open_lines,
                verzoeken=self.verzoeken(before, bericht),
                naast=naast,
            )
        if isinstance(bericht, Leveringsbericht):
            starts, stops = self.leveringen(mine, bericht)
            return replace(historie, starts=starts, stops=stops, toegewezen_op=self.toegewezen_op(mine))
        bekend = {bsn: birth for bsn, (_, birth) in known.items()}
        if isinstance(bericht, Verzoekbericht):
            requests = self.verzoeken(before, bericht)
            mine_open = {
                request.referentie
                for request in self.aanvragen(before, bericht)
                if request.open and (request.gemeente, request.client) == (gemeente_of(bericht), bericht.client.bsn)
            }
            return replace(historie, verzoeken=requests, open_verzoeken=frozenset(mine_open), bekend=bekend)
        starts, stops = self.leveringen(mine, bericht)
        return replace(
            historie,
            starts=starts,
            stops=stops,
            bekend=bekend,
            geboortedata=birth_of(bericht),
            declaraties=self.declaraties(before, mine, bericht),
        )

    def leveringen(
        self, mine: list[tuple[Bericht, Verdict]], bericht: Bericht
    ) -> tuple[frozenset[Levering], tuple[Stop, ...]]:
        """The starts and stops of the message's clients with its provider that count."""
        starts: frozenset[Levering] = frozenset()
        stops: tuple[Stop, ...] = ()
        clients = {client.bsn for client in bericht.clienten}
        for earlier, _ in mine:
            if not isinstance(earlier, Leveringsbericht) or aanbieder_of(earlier) != aanbieder_of(bericht):
                continue
            if earlier.client.bsn in clients:
                starts, stops = after(earlier, starts, stops)
        return starts, stops

    def toegewezen_op(self, mine: list[tuple[Bericht, Verdict]]) -> dict[tuple[int, str, date], date]:
        """The day on which the first version of each allocation was received."""
        found: dict[tuple[int, str, date], date] = {}
        for earlier, _ in mine:
            if isinstance(earlier, Toewijzingsbericht):
                for version in toewijzingen_of(earlier, earlier.client.bsn):
                    day = self.received[id(earlier)]
                    found[version.identity] = min(day, found.get(version.identity, day))
        return found

    def aanvragen(self, before: list[tuple[Bericht, Verdict]], bericht: Bericht) -> list[Aanvraag]:
        """Every request of the provider, oldest first, and what became of it: where 2.3 lets a reference be used again
        there are several with it.
        """
        mine = [earlier for earlier, _ in before if aanbieder_of(earlier) == aanbieder_of(bericht)]
        answers, allocated = defaultdict(list), set()
        for earlier in mine:
            gemeente = gemeente_of(earlier)
            if isinstance(earlier, Antwoordbericht):
                answers[gemeente, earlier.antwoord.referentie_aanbieder].append(earlier.antwoord.verzoek_antwoord)
            if isinstance(earlier, Toewijzingsbericht):
                numbered = [one for one in earlier.toegewezen_producten if one.toewijzing_nummer is not None]
                allocated |= {(gemeente, product.referentie_aanbieder) for product in numbered}
        return [
            Aanvraag(
                reference, gemeente, earlier.client.bsn, tuple(answers[gemeente, reference]),
                toegewezen=(gemeente, reference) in allocated,
            )
            for earlier in mine
            if isinstance(earlier, Verzoekbericht)
            for gemeente in [gemeente_of(earlier)]
            for reference in earlier.referenties
        ]  # fmt: skip

    def verzoeken(self, before: list[tuple[Bericht, Verdict]], bericht: Bericht) -> dict[str, Aanvraag]:
        """The provider's requests by reference; the first one to use it has it."""
        return {request.referentie: request for request in reversed(self.aanvragen(before, bericht))}

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
            if not isinstance(earlier, Claim) or aanbieder_of(earlier) != aanbieder:
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
        assert isinstance(earlier, Claim)
        assert verdict.settlement
        for client in earlier.clienten:
            for prestatie in client.prestaties:
                held = prestatie.pad in verdict.settlement.held
                approved = prestatie.pad not in verdict.settlement.refused and not held
                regel = as_regel(prestatie, client.bsn, gemeente_of(earlier))
                # A line that is refused for a used number does not hold it.
                lines.setdefault(
                    prestatie.referentie, EerdereRegel(regel, prestatie.is_credit, approved, credited=False, held=held)
                )
                if prestatie.is_credit and approved and prestatie.vorige in lines:
                    lines[prestatie.vorige] = replace(lines[prestatie.vorige], credited=True)
    return lines


def birth_of(bericht: Bericht) -> dict[str, str]:
    if not isinstance(bericht, Toewijzingsbericht | Factuurbericht):
        return {}
    return {
        client.bsn: str(client.geboortedatum.datum)
        for client in bericht.clienten
        if client.geboortedatum and client.geboortedatum.datum_gebruik is None
    }


def identity(bericht: Bericht) -> tuple[str, str, str]:
    return bericht.soort.code, bericht.header.afzender, bericht.header.identificatie


def receiver_of(bericht: Bericht) -> str:
    return bericht.header.ontvanger


def answerer_of(retour: Retour) -> str:
    """Who really sends a return message."""
    if isinstance(retour, Factuurretourbericht):
        return retour.header.gemeente
    return retour.header.afzender if isinstance(retour, DeclaratieAntwoordbericht) else retour.header.ontvanger


def answers_to(retour: Retour) -> str:
    """Who gets a return message."""
    if isinstance(retour, Factuurretourbericht):
        return retour.header.aanbieder
    return retour.header.ontvanger if isinstance(retour, DeclaratieAntwoordbericht) else retour.header.afzender


def gemeente_of(bericht: Bericht) -> str:
    sends = isinstance(bericht, Toewijzingsbericht | Antwoordbericht)
    return bericht.header.afzender if sends else bericht.header.ontvanger


def aanbieder_of(bericht: Bericht) -> str:
    sends = isinstance(bericht, Toewijzingsbericht | Antwoordbericht)
    return bericht.header.ontvanger if sends else bericht.header.afzender


def after(
    bericht: Leveringsbericht, starts: frozenset[Levering], stops: tuple[Stop, ...]
) -> tuple[frozenset[Levering], tuple[Stop, ...]]:
    """The starts and stops that count once this one does too: deletions are taken first, then first deliveries."""
    first = [product for product in bericht.producten if product.status_aanlevering == "1"]
    deleted = [product for product in bericht.producten if product.status_aanlevering == "3"]
    if isinstance(bericht, Startbericht):
        return (starts - set(map(levering_of, deleted))) | set(map(levering_of, first)), stops
    gone = set(map(stop_of, deleted))
    return starts, (*(stop for stop in stops if stop not in gone), *map(stop_of, first))


@cache
def typed(path: Path, convert: Callable[[bytes], bytes] = bytes) -> Bericht | Retour:
    document = read(convert(path.read_bytes()))
    assert isinstance(document, Document)
    return to_retour(document) if document.soort.is_answer else to_bericht(document)


def judged(case: Case, convert: Callable[[bytes], bytes] = bytes) -> tuple[Bericht | Retour, Verdict]:
    """The message of a case, judged after those before it, each of which became what the case says."""
    books = Books(
        tuple(profile(name) for name in case.contracten),
        case.antwoordt_zelf,
        codelists=codelists(case, CODELISTS),
    )
    for path, status in case.vooraf:
        assert books.take(typed(path, convert), case.ontvangen - timedelta(days=1)).outcome == status, path.name
    bericht = typed(case.path, convert)
    if isinstance(bericht, Retour):
        return bericht, books.judge_answer(bericht, case.ontvangen)
    historie = with_other_facts(case, books.historie(bericht))
    return bericht, judge(bericht, historie, books.bronnen(bericht, case.ontvangen))


def with_other_facts(case: Case, historie: Historie) -> Historie:
    """What messages that a case only names would leave."""
    stops = [
        Stop(
            Levering(s.get("toewijzing_nummer"), s.get("categorie"), s.get("code"), s["begindatum"]),
            s["reden_beeindiging"],
            s["einddatum"],
        )
        for s in case.facts.get("stops", ())
    ]
    lines = {r["toewijzing_nummer"]: 1 for r in case.facts.get("goedgekeurde_regels", ())}
    bsn, gemeente = next(iter(historie.clienten), ""), case.facts.get("gemeente", "0384")
    requests = {
        v["referentie_aanbieder"]: Aanvraag(v["referentie_aanbieder"], gemeente, bsn)
        for v in case.facts.get("verzoeken", ())
    }
    return replace(
        historie,
        stops=(*historie.stops, *stops),
        verzoeken={**historie.verzoeken, **requests},
        goedgekeurde_regels={**historie.goedgekeurde_regels, **lines},
    )
