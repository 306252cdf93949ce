"""One campaign from beginning to end."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.tables import messages
from tests.acceptance.campaign.books import Audit, audit
from tests.acceptance.campaign.clients import Ledger, Reader, Software
from tests.acceptance.campaign.cluster import Cluster, cluster, strike_until
from tests.acceptance.campaign.story import Island, Story, islands
from tests.conftest import SECRET

SETTLED_SECONDS = 180
"""How long what is under way may take to go on by itself once nothing is struck any more."""


@dataclass
class Report:
    """What was done, what was said, and what the books say of it."""

    strikes: Counter[str]
    faults: list[str]
    ledger: Ledger
    audit: Audit

    @property
    def wrong(self) -> list[str]:
        return [*self.audit.wrong, *self.ledger.wrong, *self.faults]

    @property
    def complaints(self) -> list[str]:
        return [*self.audit.lost, *self.audit.doubled, *self.wrong]


def campaign(
    seed: int, number: int, seconds: float, *, pause: tuple[float, float] = (0.3, 2.5), most: int = 1_000_000
) -> Report:
    """Send for so many seconds, or so many rounds, striking all the while; let it settle; check the books."""
    with cluster(seed) as struck:
        parties = islands(number)
        tokens = tokens_of(struck.url, parties)
        struck.start()
        ledger = Ledger()
        chance = random.Random(seed + 1)  # noqa: S311 a test's
        _storm(struck, parties, tokens, ledger, chance, seconds, pause, most)
        struck.all_ready()
        settle(struck, ledger)
        reader = Reader(struck.ports, tokens, ledger, chance, struck.http)
        for party in tokens:
            reader.read_all(party)
        struck.stop()
        with opened(struck.url) as gateway:
            return Report(struck.strikes, struck.faults, ledger, audit(gateway, ledger, parties))


def _storm(
    struck: Cluster,
    parties: list[Island],
    tokens: dict[str, str],
    ledger: Ledger,
    chance: random.Random,
    seconds: float,
    pause: tuple[float, float],
    most: int,
) -> None:
    stop, calm, unread = threading.Event(), threading.Event(), threading.Event()
    stories, readers = [], []
    for island in parties:
        own = {party: tokens[party] for party in island.parties}
        by_three = [random.Random(chance.random()) for _ in range(3)]  # noqa: S311 a test's
        software = Software(struck.ports, own, ledger, by_three[0], struck.http)
        stories.append(Story(island, software, by_three[1]))
        readers.append(Reader(struck.ports, own, ledger, by_three[2], struck.http))
    striker = threading.Thread(target=strike_until, args=(struck, calm, pause))
    with ThreadPoolExecutor(2 * len(parties)) as threads:
        telling = [threads.submit(story.tell_until, stop, most) for story in stories]
        reading = [threads.submit(reader.read_until, unread) for reader in readers]
        striker.start()
        try:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and not all(story.done() for story in telling):
                time.sleep(0.2)
        finally:
            stop.set()
            calm.set()
            striker.join()
            struck.all_ready()
            for story in telling:
                story.result()
            unread.set()
            for one in reading:
                one.result()


def settle(struck: Cluster, ledger: Ledger) -> None:
    """Wait until nothing is under way any more; what is never finished is wrong."""
    database = Database(struck.url)
    deadline = time.monotonic() + SETTLED_SECONDS
    waits = select(func.count()).select_from(messages).where(messages.c.status == Status.RECEIVED)
    try:
        while time.monotonic() < deadline:
            with database.reading() as transaction:
                if transaction.execute(waits).scalar_one() == 0:
                    return
            struck.look_after()
            time.sleep(0.2)
        ledger.wrong.append("Not everything is judged by itself")
    finally:
        database.close()


def tokens_of(url: str, parties: list[Island]) -> dict[str, str]:
    """A token for each party."""
    now = datetime.now(UTC)
    with opened(url) as gateway:
        return {
            party: create_token(gateway, TokenRole.PARTY, party, "campaign", now)
            for island in parties
            for party in island.parties
        }


@contextmanager
def opened(url: str) -> Iterator[Gateway]:
    """A gateway of our own on the database, with its keys."""
    gateway = open_gateway(Settings(_env_file=None, database_url=url, secret_key=SECRET))
    try:
        gateway.warm_up()
        yield gateway
    finally:
        gateway.close()
