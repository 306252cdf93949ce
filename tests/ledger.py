"""Claims at rule level: judged with their answer, and held against a plain ledger that counts days one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.rules.verdict import Outcome, Verdict, judge_offline
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.berichten import Bericht, Toewijzingsbericht
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.leveringen import Startbericht
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read
from tests.bookkeeping import Books
from tests.claims import Line, Terms, allocation, by_client, refused_sum, totals

SCHEMAS = Schemas(shipped("xsd"))
RECEIVED = date(2024, 6, 1)


def document_of(body: bytes) -> tuple[Document, Bericht]:
    """A message that satisfies its schema."""
    document = read(body)
    assert isinstance(document, Document)
    check = SCHEMAS.check(document)
    assert check.ok, check.faults
    return document, to_bericht(document)


def take(books: Books, body: bytes) -> Verdict:
    """Judge a message and keep it if it counts; the answer to a claim is valid and adds up, whatever it says."""
    document, bericht = document_of(body)
    verdict = books.take(bericht, RECEIVED)
    if isinstance(bericht, Toewijzingsbericht | Startbericht):
        return verdict
    answer = answer_to(document.soort)
    versions = SCHEMAS.versions(answer)
    shape = AnswerShape(frozenset(), (versions.basisschema, versions.bericht) if versions else None)
    root = retourbericht(document, verdict, shape, identificatie="RET123456789", dagtekening=RECEIVED)
    assert SCHEMAS.check_xml(answer, root).ok
    told = verdict.settlement
    assert told is not None
    assert told.judged is (verdict.outcome is not Outcome.REJECTED)
    lines = {prestatie.pad: prestatie.ingediend.signed for prestatie in bericht.prestaties}
    assert told.refused <= set(lines)
    for finding in verdict.findings if told.judged else ():
        if finding.actie is Actie.REJECT:  # a line, or a client with all its lines
            assert {pad for pad in lines if pad.startswith(finding.pad)} <= told.refused
    refused = sum(lines[pad] for pad in told.refused)
    if told.judged:
        assert (told.ingediend, told.toegekend) == (sum(lines.values()), sum(lines.values()) - refused)
        assert told.approved_lines == len(lines) - len(told.refused)
        assert (refused_sum(root), totals(root)) == (refused, (told.ingediend, told.toegekend))
    else:
        assert (told.toegekend, told.approved_lines, told.refused) == (0, 0, frozenset())
        assert refused_sum(root) == 0
    judge_offline(bericht, books.bronnen(bericht, RECEIVED))
    return verdict


def allocated(*terms: Terms, **said: str) -> Books:
    """Books with these allocations, one message each."""
    books = Books()
    for nr, one in enumerate(terms):
        assert take(books, allocation(one, identificatie=f"T{nr}", **said)).findings == ()
    return books


# --- what an allocation allows, by walking over its days ------------------------------------------------------------


def days_of(terms: Terms) -> list[date]:
    last = terms.end or date(2023, 12, 31)
    return [terms.begin + timedelta(days=nr) for nr in range((last - terms.begin).days + 1)]


def most(terms: Terms, first: date | None) -> int | None:
    """The most for a month, or without one for the whole allocation; minutes for time; None where there is none."""
    if terms.volume is None or (first is None and terms.end is None and terms.frequentie != "6"):
        return None
    own = days_of(terms)
    within = [day for day in own if first is None or (day.year, day.month) == (first.year, first.month)]
    sundays = [day for day in own if day.weekday() == 6]
    match terms.frequentie:
        case "1":
            times = len(within)
        case "2" if first and terms.categorie == "01":
            times = 6
        case "2" if terms.eenheid in {"82", "83"} and not sundays:
            times = 1
        case "2" if terms.eenheid in {"82", "83"}:
            rest = sundays[-1] in within and own[-1] != sundays[-1]
            times = len([day for day in sundays if day in within]) + rest
        case "2":
            times = len({day.isocalendar()[:2] for day in within})
        case "4":
            times = len({(day.year, day.month) for day in within})
        case _:
            times = 1
    return times * terms.volume * (60 if terms.eenheid == "04" else 1)


def size(line: Line) -> int:
    return int(str(line.volume)) * (60 if line.eenheid == "04" else 1)


@dataclass
class Ledger:
    """The allocations as they are now, and every line that has its number: approved or not, credited or not."""

    terms: dict[int, Terms] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    credited: set[str] = field(default_factory=set)

    def claimed(self, nummer: int) -> list[Line]:
        """The debits of an allocation that were approved and not credited."""
        open_lines = self.approved - self.credited
        return [
            line for ref, line in self.lines.items() if ref in open_lines and line.nummer == nummer and not line.vorige
        ]

    def left(self, nummer: int, first: date | None) -> int | None:
        """What may still be claimed of a month, or of the whole allocation."""
        limit = most(self.terms[nummer], first)
        if limit is None:
            return None
        return limit - sum(size(line) for line in self.claimed(nummer) if first in {None, month_of(line)})

    def judge(self, line: Line) -> set[str]:
        """The rules that refuse a line now.

        Only a debit that is right in itself is held against what is left; one that asks nothing always fits.
        """
        broken = {"TR314"} if line.referentie in self.lines else set()
        if line.vorige is not None:
            debit = self.lines.get(line.vorige)
            if debit is None or line.vorige not in self.approved or differ(debit, line):
                broken.add("TR323")
            if line.vorige in self.credited:
                broken.add("TR390")
            return broken
        if line.bedrag is not None:
            broken.add("TR346")
        return broken or self.too_much(line)

    def too_much(self, line: Line) -> set[str]:
        nummer = int(str(line.nummer))
        claimed, budget = self.claimed(nummer), self.terms[nummer].budget
        if any(one.cents and (one.code, one.begin, one.end) == (line.code, line.begin, line.end) for one in claimed):
            return {"TR389"}
        room = {"TR321": self.left(nummer, month_of(line)), "TR322": self.left(nummer, None)}
        broken = {rule for rule, left in room.items() if left is not None and size(line) > max(0, left)}
        if line.cents and budget is not None and sum(one.cents for one in [*claimed, line]) > budget:
            broken.add("TR369")
        return broken

    def settle(self, lines: Sequence[Line]) -> list[set[str]]:
        """The rules that refuse each line: credits first, then debits in the order of the message."""
        ordered = [line for _, own in by_client(lines) for line in own]
        found = {}
        for line in sorted(ordered, key=lambda line: line.vorige is None):
            found[id(line)] = self.judge(line)
            if not found[id(line)]:
                self.approved.add(line.referentie)
                self.credited |= {line.vorige} if line.vorige else set()
            self.lines.setdefault(line.referentie, line)
        return [found[id(line)] for line in ordered]


def month_of(line: Line) -> date:
    assert isinstance(line.begin, date)
    return line.begin.replace(day=1)


def differ(debit: Line, credit: Line) -> bool:
    """They say something else; a credit is no debit."""
    alike = replace(credit, referentie=debit.referentie, vorige=None, dc=None)
    return replace(debit, bedrag=debit.cents) != replace(alike, bedrag=credit.cents)


def within_the_most(ledger: Ledger, lines: Sequence[Line]) -> None:
    """What is claimed of each month, and in all, that an approved line touched."""
    for line in lines:
        if any(line is one for one in ledger.claimed(int(str(line.nummer)))) and size(line):
            nummer = int(str(line.nummer))
            for first in (month_of(line), None):
                left = ledger.left(nummer, first)
                assert left is None or left >= 0
