"""Where the time of a message goes, without HTTP: own time of each stage, and how much of it in the driver.

The stages are the public functions below, wrapped while they are measured; what a stage calls that is a stage itself is
not counted in it. In the driver means: between handing a statement to the driver and having its result, which is the
driver, the network and the database together. The rest of a stage of the store is SQLAlchemy and ourselves.
"""

import cProfile
import io
import pstats
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial, wraps
from pkgutil import resolve_name
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import event

from bench.traffic import RECEIVED_AT, Pair, Traffic
from iwmo_gateway.gateway.access import Caller, caller_of
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.store.database import Database, Transaction
from iwmo_gateway.web import answers

REST: Final = "everything else"
_PACKAGE: Final = "iwmo_gateway"
_STAGES: Final = (
    ("token", "bench.stages.caller_of"),
    ("read (parse)", f"{_PACKAGE}.gateway.receive.read"),
    ("read (parse)", f"{_PACKAGE}.gateway.context.read"),
    ("typed message", f"{_PACKAGE}.gateway.assessing.to_bericht"),
    ("level 2", f"{_PACKAGE}.gateway.assessing.judge_alone"),
    ("lock", f"{_PACKAGE}.store.database.Database.lock"),
    ("load history", f"{_PACKAGE}.store.facts.load_historie"),
    ("levels 3 + 4", f"{_PACKAGE}.gateway.assessing.judge_against"),
    ("return message", f"{_PACKAGE}.gateway.judging.retourbericht"),
    ("XSD, of message and answer", f"{_PACKAGE}.standard.schemas.Schemas.check_xml"),
    ("return message: bytes", f"{_PACKAGE}.gateway.judging.serialise"),
    ("store messages", f"{_PACKAGE}.store.messages.insert_message"),
    ("store events", f"{_PACKAGE}.store.messages.insert_events"),
    ("store status", f"{_PACKAGE}.store.messages.settle"),
    ("store facts", f"{_PACKAGE}.store.facts.add_facts"),
    ("store judgement", f"{_PACKAGE}.store.messages.insert_judgement"),
    ("store numbers", f"{_PACKAGE}.store.messages.insert_numbers"),
    ("store mailboxes", f"{_PACKAGE}.store.mailbox.deliver"),
    ("result as JSON", f"{_PACKAGE}.web.answers.full"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its own time, and how much of that was in the driver; medians in seconds."""

    name: str
    seconds: float
    driver: float


@dataclass
class Clock:
    """Own time by stage of one message: a stack of stages, of which only the top one runs."""

    own: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    driver: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    stack: list[str] = field(default_factory=lambda: [REST])
    at: float = field(default_factory=time.perf_counter)
    asked_at: float = 0

    def turn(self) -> None:
        """Book the time since the last turn on the stage that ran."""
        now = time.perf_counter()
        self.own[self.stack[-1]] += now - self.at
        self.at = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a stage inside the one that runs now."""
        self.turn()
        self.stack.append(name)
        try:
            yield
        finally:
            self.turn()
            self.stack.pop()


def measure(traffic: Traffic, amount: int) -> list[Stage]:
    """The stages of accepted 305s, one after another in this thread."""
    clocks: list[Clock] = []
    pairs, tokens = _prepared(traffic, amount)
    with clocked(traffic.gateway.database, clocks):
        for pair in pairs:
            clocks.append(Clock())
            _take(traffic, pair, tokens[pair.aanbieder])
            clocks[-1].turn()
    steady = clocks[amount // 5 :]
    names = dict.fromkeys(name for clock in steady for name in clock.own)
    found = [
        Stage(
            name,
            statistics.median(clock.own[name] for clock in steady),
            statistics.median(clock.driver[name] for clock in steady),
        )
        for name in names
    ]
    return sorted(found, key=lambda stage: stage.seconds, reverse=True)


def total(traffic: Traffic, amount: int) -> float:
    """The median seconds of the same, with nothing wrapped."""
    pairs, tokens = _prepared(traffic, amount)
    taken = []
    for pair in pairs:
        began = time.perf_counter()
        _take(traffic, pair, tokens[pair.aanbieder])
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[amount // 5 :])


def profile(traffic: Traffic, amount: int, lines: int = 15) -> str:
    """The functions with most time of their own in as many accepted 305s."""
    pairs, tokens = _prepared(traffic, amount)
    profiler = cProfile.Profile()
    with profiler:
        for pair in pairs:
            _take(traffic, pair, tokens[pair.aanbieder])
    said = io.StringIO()
    pstats.Stats(profiler, stream=said).strip_dirs().sort_stats("tottime").print_stats(lines)
    return said.getvalue()


def _prepared(traffic: Traffic, amount: int) -> tuple[list[Pair], dict[str, str]]:
    pairs = traffic.starts([0] * amount)
    return pairs, {pair.aanbieder: traffic.token(pair.aanbieder) for pair in pairs}


def _take(traffic: Traffic, pair: Pair, token: str) -> None:
    """What the endpoint does with a message."""
    caller = caller_of(traffic.gateway, token, datetime.now(UTC))
    assert isinstance(caller, Caller)
    taken = receive(traffic.gateway, caller, pair.start, RECEIVED_AT)
    assert isinstance(taken, Taken)
    assert taken.result.message.status == "accepted"
    answers.full(taken.result).model_dump_json()


@contextmanager
def clocked(database: Database, clocks: list[Clock]) -> Iterator[None]:
    """Have the newest of these clocks, of which there must be one, tell the stages of what runs."""
    with ExitStack() as stack:
        for name, target in _STAGES:
            stack.enter_context(_patched(target, partial(_staged, clocks, name)))
        for name in ("writing", "reading"):
            target = f"{_PACKAGE}.store.database.Database.{name}"
            stack.enter_context(_patched(target, partial(_around, clocks)))
        stack.enter_context(_driver_watched(database, clocks))
        yield


@contextmanager
def _patched(target: str, wrapped: Callable[[Any], Any]) -> Iterator[None]:
    with patch(target, wrapped(resolve_name(target))):
        yield


def _staged(clocks: list[Clock], name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run(*arguments: Any, **named: Any) -> Any:
        with clocks[-1].stage(name):
            return original(*arguments, **named)

    return run


def _around(clocks: list[Clock], original: Callable[..., Any]) -> Callable[..., Any]:
    """A transaction: taking a connection and beginning, and committing and giving it back, as stages."""

    @contextmanager
    def run(*arguments: Any) -> Iterator[Transaction]:
        unit: AbstractContextManager[Transaction] = original(*arguments)
        with clocks[-1].stage("connect, begin"):
            transaction = unit.__enter__()
        try:
            yield transaction
        finally:
            with clocks[-1].stage("commit, give back"):
                unit.__exit__(None, None, None)

    return run


@contextmanager
def _driver_watched(database: Database, clocks: list[Clock]) -> Iterator[None]:
    def before(*_: Any) -> None:
        clocks[-1].asked_at = time.perf_counter()

    def after(*_: Any) -> None:
        clock = clocks[-1]
        clock.driver[clock.stack[-1]] += time.perf_counter() - clock.asked_at

    listeners = (("before_cursor_execute", before), ("after_cursor_execute", after))
    for name, listener in listeners:
        event.listen(database.engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(database.engine, name, listener)
