"""Senders and readers as real software is: they repeat what got no answer, and never what got one."""

import hashlib
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests.acceptance.processes import bearer
from tests.conftest import TODAY

LOST: Final = 0.06
"""How many answers the sender hangs up on before they come."""
LATER: Final = 0.15
"""How many messages are sent with `Prefer: respond-async`."""
PATIENCE: Final = 300
"""Seconds after which a message that was not answered is said never to be."""
JUDGED: Final = frozenset({"accepted", "rejected", "partly_accepted", "refused"})
COUNTS: Final = JUDGED - {"rejected"}

Json = dict[str, Any]


@dataclass
class Sent:
    """What a sender knows of one message: the ids and the status that it was ever told of these bytes."""

    party: str
    body: bytes
    ids: set[str] = field(default_factory=set)
    status: str | None = None
    counts_since: float | None = None

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.body).digest()


@dataclass
class Ledger:
    """What all senders and readers know, and what should not have happened."""

    sent: dict[tuple[str, bytes], Sent] = field(default_factory=dict)
    races: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    read: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, number: int = 1) -> None:
        with self.lock:
            self.counts[what] += number

    def of(self, party: str, body: bytes) -> Sent:
        with self.lock:
            return self.sent.setdefault((party, body), Sent(party, body))


@dataclass
class Software:
    """The software of the parties of one island. Not shared between threads but for `at_once`."""

    ports: Sequence[int]
    tokens: Mapping[str, str]
    ledger: Ledger
    chance: random.Random
    http: httpx2.Client

    def send(self, party: str, body: bytes, *, port: int | None = None, later: bool | None = None) -> str:
        """Send until there is a verdict; which one."""
        sent = self.ledger.of(party, body)
        if later is None:
            later = self.chance.random() < LATER
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            said = self._try(sent, port or self.chance.choice(self.ports), later=later)
            port = None
            if said is None:
                self.ledger.count("sent again")
                time.sleep(self.chance.uniform(0.05, 0.4))
                continue
            return self._followed(sent, said, deadline)
        return self._never(sent, "an answer")

    def at_once(self, kind: str, *messages: tuple[str, bytes]) -> list[str]:
        """Send messages at the same moment to different servers; what becomes of each."""
        start = threading.Barrier(len(messages))
        spans: list[tuple[float, float]] = []
        offset = self.chance.randrange(len(self.ports))
        seeds = [self.chance.random() for _ in messages]

        def one(nr: int) -> str:
            mine = Software(self.ports, self.tokens, self.ledger, random.Random(seeds[nr]), self.http)  # noqa: S311 a test's
            party, body = messages[nr]
            start.wait(PATIENCE)
            began = time.monotonic()
            status = mine.send(party, body, port=self.ports[(nr + offset) % len(self.ports)], later=False)
            spans.append((began, time.monotonic()))
            return status

        with ThreadPoolExecutor(len(messages)) as threads:
            said = list(threads.map(one, range(len(messages))))
        if max(began for began, _ in spans) < min(ended for _, ended in spans):
            with self.ledger.lock:
                self.ledger.races[kind] += 1
        return said

    def _try(self, sent: Sent, port: int, *, later: bool) -> Json | None:
        """One attempt; None if it has to be repeated."""
        headers = {"Content-Type": "application/xml", "X-Received-At": TODAY.isoformat()}
        headers |= bearer(self.tokens[sent.party]) | ({"Prefer": "respond-async"} if later else {})
        asked = time.monotonic()
        hung_up = self.chance.random() < LOST
        timeout = httpx2.Timeout(20, read=self.chance.uniform(0.001, 0.03)) if hung_up else httpx2.Timeout(20)
        try:
            url = f"http://127.0.0.1:{port}/v1/berichten"
            answer = self.http.post(url, content=sent.body, headers=headers, timeout=timeout)
        except httpx2.TransportError as error:
            self.ledger.count("answers lost" if isinstance(error, httpx2.ReadError | httpx2.ReadTimeout) else "refused")
            return None
        if answer.status_code == 503:
            self.ledger.count("503")
            return None
        if answer.status_code not in {200, 201, 202}:
            self._complain(sent, f"answered {answer.status_code}: {answer.text[:300]}")
            return None
        self.ledger.count(str(answer.status_code))
        return self._noted(sent, answer.json(), asked)

    def _followed(self, sent: Sent, said: Json, deadline: float) -> str:
        """The verdict, once there is one."""
        while said["status"] not in JUDGED and time.monotonic() < deadline:
            if said["status"] == "failed":
                self._complain(sent, "failed")
                return "failed"
            time.sleep(self.chance.uniform(0.1, 0.5))
            with suppress(httpx2.TransportError):
                asked = time.monotonic()
                url = f"http://127.0.0.1:{self.chance.choice(self.ports)}/v1/berichten/{said['id']}"
                answer = self.http.get(url, headers=bearer(self.tokens[sent.party]), timeout=20)
                if answer.status_code == 200:
                    said = self._noted(sent, answer.json(), asked)
                elif answer.status_code != 503:
                    self._complain(sent, f"is {answer.status_code} under the id that was given")
        if said["status"] not in JUDGED:
            return self._never(sent, "a verdict")
        return str(said["status"])

    def _noted(self, sent: Sent, said: Json, asked: float) -> Json:
        """Note what was said to a call that began at a moment: what counts once, counts for whoever asks after that."""
        status = said["status"]
        with self.ledger.lock:
            sent.ids.add(said["id"])
            changed = sent.counts_since is not None and asked > sent.counts_since and status != sent.status
            if sent.counts_since is None:
                sent.status = status
                sent.counts_since = time.monotonic() if status in COUNTS else None
        if changed:
            self._complain(sent, f"was {sent.status} and is {status}")
        return said

    def _never(self, sent: Sent, what: str) -> str:
        self._complain(sent, f"never got {what}")
        return "never"

    def _complain(self, sent: Sent, what: str) -> None:
        with self.ledger.lock:
            self.ledger.wrong.append(f"A message of {sent.party} ({sent.digest.hex()[:8]}, {sent.ids}) {what}")


@dataclass
class Reader:
    """Reads the mailboxes of some parties over and over, each from behind the last number that it saw."""

    ports: Sequence[int]
    tokens: Mapping[str, str]
    ledger: Ledger
    chance: random.Random
    http: httpx2.Client

    def read_until(self, stop: threading.Event) -> None:
        while not stop.wait(0.1):
            for party in self.tokens:
                self.read(party)

    def read_all(self, party: str) -> None:
        """Until there is no more."""
        before = -1
        while before < len(self.ledger.read[party]):
            before = len(self.ledger.read[party])
            while not self.read(party):
                time.sleep(0.1)

    def read(self, party: str) -> bool:
        """One look; whether it was answered."""
        seen = self.ledger.read[party]
        after = seen[-1][0] if seen else 0
        try:
            url = f"http://127.0.0.1:{self.chance.choice(self.ports)}/v1/mailbox"
            answer = self.http.get(url, params={"after": after}, headers=bearer(self.tokens[party]), timeout=20)
        except httpx2.TransportError:
            return False
        if answer.status_code != 200:
            return False
        for entry in answer.json()["berichten"]:
            if seen and entry["nr"] <= seen[-1][0]:
                self.ledger.wrong.append(f"Mailbox {party} gave {entry['nr']} behind {seen[-1][0]}")
            seen.append((entry["nr"], entry["id"]))
            if self.chance.random() < 0.2:
                self._take(party, entry["nr"])
        return True

    def _take(self, party: str, nr: int) -> None:
        """Fetch and acknowledge, twice as likely as not to no avail: both are harmless to repeat."""
        base = f"http://127.0.0.1:{self.chance.choice(self.ports)}/v1/mailbox/{nr}"
        headers = bearer(self.tokens[party])
        with suppress(httpx2.TransportError):
            self.http.get(base, headers=headers, timeout=20)
            for _ in range(self.chance.choice((0, 1, 2))):
                self.http.put(f"{base}/acknowledged", headers=headers, timeout=20)
