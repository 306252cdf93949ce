"""A story over HTTP: a municipality and a provider send messages to each other, and what is said of each is held up.

Every message is received at noon of its Dagtekening, or a minute after the one before it if that is later. What is
expected of an answer stands in `docs/decisions/003-return-messages.md`.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from lxml import etree

from tests.claims import AANBIEDER, GEMEENTE, refused_sum, totals
from tests.conftest import Callers
from tests.integration.test_http_builders import Json, codes_of, day, document_of, mailbox, with_values
from tests.integration.test_http_replays import replayed
from tests.jw import as_jw

ANSWERS = {
    "301": "302", "303": "304", "305": "306", "307": "308", "315": "316", "317": "318", "319": "320", "323": "325",
}  # fmt: skip
CLAIMS = {"303", "323"}
IDENTIFIED_BY = {"303": ["DeclarantFactuurNummer"], "323": ["Identificatie", "DeclaratieNummer"]}

NO_FAULT = {"0200", "0233", "8001"}
"""Codes in a return message that are no rule's: no remark, not judged, approved."""

EVERYWHERE = pytest.mark.parametrize(
    ("database_url", "domain"),
    [("sqlite", "wmo"), ("postgresql", "wmo"), ("sqlite", "jw")],
    indirect=["database_url"],
)
"""On both databases, and in both domains: what differs between two of them has nothing to do with the others."""

JW_CATEGORIES = {"02": "45", "07": "41", "08": "42"}
JW_REASONS = {"19": "31"}


def of_jw(body: bytes) -> bytes:
    """A message of iWmo as one of iJw, with iJw's product categories, codes and reasons to stop."""
    text = as_jw(body).decode()
    for wmo, jw in JW_CATEGORIES.items():
        text = re.sub(rf"(Categorie>){wmo}<", rf"\g<1>{jw}<", text)
        text = re.sub(rf"(Code>){wmo}(A\d\d)<", rf"\g<1>{jw}\2<", text)
    for wmo, jw in JW_REASONS.items():
        text = text.replace(f"RedenBeeindiging>{wmo}<", f"RedenBeeindiging>{jw}<")
    return text.encode()


@dataclass
class Story:
    """What two parties send to each other, in one domain."""

    call: Callers
    domain: str = "wmo"
    sent: list["Told"] = field(default_factory=list)

    def gemeente(self, body: bytes, identificatie: str | None = None) -> "Told":
        """The municipality sends a message, under the next number if none is given."""
        return self._send(GEMEENTE, AANBIEDER, body, identificatie)

    def aanbieder(self, body: bytes, identificatie: str | None = None) -> "Told":
        """The provider sends a message, under the next number if none is given."""
        return self._send(AANBIEDER, GEMEENTE, body, identificatie)

    def again(self, told: "Told") -> "Told":
        """Its sender sends a message once more, byte for byte the same: it stays the same message."""
        answer = self.call.send(told.sender, told.body, self._clock(told.body))
        assert (answer.status_code, answer.json()["id"]) == (200, told.id)
        return told

    def replay(self, *told: "Told") -> list[str]:
        """An operator has these judged again, in whatever order they are named: the outcomes, oldest message first."""
        items = replayed(self.call, *(one.id for one in reversed(told)))["berichten"]
        assert [item["id"] for item in items] == [one.id for one in self.sent if one in told]
        return [item["outcome"] for item in items]

    def _send(self, sender: str, receiver: str, body: bytes, identificatie: str | None) -> "Told":
        kind = document_of(body).soort.code.removeprefix("WMO")
        names = IDENTIFIED_BY.get(kind, ["Identificatie"])
        body = with_values(body.decode(), dict.fromkeys(names, identificatie or f"{len(self.sent) + 1:06}"))
        if self.domain == "jw":
            body = of_jw(body)
        answer = self.call.send(sender, body, self._clock(body))
        assert answer.status_code == 201, answer.text
        told = Told(self, sender, receiver, kind, body, answer.json()["id"])
        assert told.said == answer.json()
        self.sent.append(told)
        return told

    def _clock(self, body: bytes) -> datetime:
        """When this message is received."""
        dated = re.search(rb"Dagtekening>(\d{4}-\d\d-\d\d)<", body)
        assert dated
        self._now = max(self._now + timedelta(minutes=1), day(dated[1].decode()))
        return self._now

    _now: datetime = field(default_factory=lambda: day("2000-01-01"))


@dataclass(eq=False)
class Told:
    """A message that was sent, and what is said of it now. A fault is written as its rule and return code."""

    story: Story
    sender: str
    receiver: str
    kind: str
    body: bytes
    id: str

    @property
    def said(self) -> Json:
        """Its result, as its sender sees it."""
        result: Json = self.story.call.get(self.sender, f"/v1/berichten/{self.id}").json()
        return result

    @property
    def amounts(self) -> tuple[int, int]:
        """What a claim asks and what of it is approved."""
        said = self.said["bedragen"]
        return said["ingediend"], said["toegekend"]

    def is_accepted(self, *signals: str) -> None:
        """It counts, with these rules signalling; of a claim every line is paid."""
        codes = self._is("accepted", (), signals)
        right = {"303": {"Header": ["8001"]}, "323": {"Header": ["0200"], "DeclaratieAntwoord": ["8001"]}}
        assert codes == right.get(self.kind, {})

    def is_rejected(self, *faults: str) -> None:
        """It counts as not sent, by these rules."""
        self._is("rejected", faults)

    def is_refused(self, *faults: str, signals: tuple[str, ...] = ()) -> None:
        """A claim that counts, of which no line is paid."""
        self._is("refused", faults, signals)

    def is_partly_accepted(self, *faults: str, toegekend: int) -> None:
        """A claim that counts, of which the lines without fault are paid: so many cents."""
        self._is("partly_accepted", faults)
        assert self.amounts[1] == toegekend

    def _is(self, status: str, faults: tuple[str, ...], signals: tuple[str, ...] = ()) -> dict[str, list[str]]:
        """What everybody is told of it is this: the return codes of its answer, by class."""
        said = self.said
        rejecting = [found for found in said["bevindingen"] if found["actie"] == "reject"]
        signalling = {found["regel"] for found in said["bevindingen"] if found["actie"] != "reject"}
        found = {f"{fault['regel']} {fault['retourcode']}" for fault in rejecting}
        assert (said["status"], found, signalling) == (status, set(faults), set(signals))
        # Its one answer is of the right kind and waits for its sender.
        domain = self.story.domain.upper()
        assert (said["soort"], said["retour"]["soort"]) == (domain + self.kind, domain + ANSWERS[self.kind])
        call = self.story.call
        waits = [entry["id"] for entry in mailbox(call, self.sender) if entry["antwoord_op"] == self.id]
        assert waits == [said["retour"]["id"]]
        # It was delivered once if it counts, and not at all otherwise.
        delivered = [entry["id"] for entry in mailbox(call, self.receiver) if entry["id"] == self.id]
        assert delivered == [self.id] * (status != "rejected")
        # An operator looks into the answer, so that for its addressee it stays unfetched.
        answer = call.get("operator", f"/v1/berichten/{self.id}/retour").content
        assert document_of(answer).soort.code == said["retour"]["soort"]
        self._has_amounts(said, document_of(answer).root)
        codes = codes_of(answer)
        self._has_codes(codes, rejecting)
        return codes

    def _has_codes(self, codes: dict[str, list[str]], faults: list[Json]) -> None:
        """The answer tells the codes of these faults and no others, each where it belongs."""
        if self.kind in CLAIMS:  # What is wrong with a line is not told below a client that is wrong itself.
            wrong = tuple(found["pad"] + "/" for found in faults if found["klasse"] == "Client")
            faults = [found for found in faults if not (wrong and found["pad"].startswith(wrong))]
        told = {fault["retourcode"] for fault in faults}
        assert {code for inside in codes.values() for code in inside} - NO_FAULT == told
        if faults and all(fault["niveau"] == 2 or fault["klasse"] == "Header" for fault in faults):
            assert codes == {"Header": sorted(told)}
        elif faults:
            assert codes["Header"] == ["0200"]

    def _has_amounts(self, said: Json, answer: etree._Element) -> None:
        """What the result and the answer say of a claim's amounts fits together."""
        if said["bedragen"] is None:
            assert self.kind not in CLAIMS
            return
        ingediend, toegekend = said["bedragen"]["ingediend"], said["bedragen"]["toegekend"]
        if said["status"] in {"rejected", "refused"}:
            assert toegekend == 0
        if said["status"] == "accepted":
            assert toegekend == ingediend
        if said["status"] != "rejected":
            assert totals(answer) == (ingediend, toegekend)
            assert refused_sum(answer) == ingediend - toegekend
