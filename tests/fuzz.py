"""A fuzzer: damaged messages, profiles and requests through every call that takes a body.

`python -m tests.fuzz --minutes 10 --seed 1` runs it for long against a server of its own; the suite runs it shortly.
Everything follows from a number, which is told when something is wrong.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx2
from lxml import etree

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.store.parties import TokenRole
from tests.acceptance.processes import serving
from tests.cases import FIXTURES
from tests.generator import with_damage

PATIENCE: Final = 30
"""Seconds after which an answer is said never to come."""
WHO: Final = ("42420001", "0384", "65656055", "0340", "operator", "auditor")
_RUBBISH: Final = (
    "", "\x00", "'", '"', "\\", "\n", "[", "]" * 50, "{" * 500, "[" * 5000, "9" * 5000, "1e999", "-0", "nan",
    "2023-02-30", "9999-12-31", "0001-01-01", "٣", "😀", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "null", "true",
    "<!DOCTYPE a>", "&#0;", "]]>", "= ", "#", "'''", '"""', ".", "a.b.c", "0x", "-",
)  # fmt: skip
_MOMENTS: Final = (
    "2023-03-01T12:00:00+01:00",
    "2024-06-01T00:00:00+02:00",
    "1970-01-01T00:00:00Z",
    "9999-12-30T00:00:00Z",
)


@dataclass(frozen=True)
class Call:
    """One call."""

    who: str
    method: str
    path: str
    body: bytes
    headers: dict[str, str]


@cache
def messages() -> tuple[bytes, ...]:
    """Whatever messages there are: the fixtures, and the published ones where the reference is there."""
    folders = [FIXTURES]
    if "IWMO_REFERENCE" in os.environ:
        folders.append(Path(os.environ["IWMO_REFERENCE"]) / "samples")
    return tuple(path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.xml")))


@cache
def profiles() -> tuple[str, ...]:
    """The profiles that ship."""
    return tuple(path.read_text(encoding="utf-8") for path in sorted(shipped("contracts").glob("*.toml")))


def damaged_message(chance: Random) -> bytes:
    """A message with faults put in, now and then on top of another."""
    body = chance.choice(messages())
    try:
        for _ in range(chance.choice((1, 1, 1, 4))):
            body = with_damage(body, chance)
    except (etree.XMLSyntaxError, ValueError):
        body = damaged_text(body.decode("latin-1"), chance).encode("latin-1", "replace")
    return body


def damaged_text(text: str, chance: Random) -> str:
    """A text with some pieces dropped, doubled, moved, or replaced by rubbish."""
    lines = text.splitlines(keepends=True) or [""]
    for _ in range(chance.choice((1, 1, 2, 5))):
        at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
        piece = lines[at]
        cut = chance.randrange(len(piece) + 1)
        lines[at] = chance.choice(
            ("", piece * 2, lines[to], piece[:cut], piece[:cut] + chance.choice(_RUBBISH) + piece[cut + 1 :])
        )
    whole = "".join(lines)
    return whole[: chance.randrange(len(whole) + 1)] if chance.random() < 0.1 else whole


def damaged_profile(chance: Random) -> bytes:
    """A contract profile with faults put in."""
    return damaged_text(chance.choice(profiles()), chance).encode("utf-8", "replace")


def damaged_json(value: Any, chance: Random) -> bytes:
    """A request with faults put in: another value somewhere, or another text altogether."""
    told = json.dumps(_other(value, chance))
    return (damaged_text(told, chance) if chance.random() < 0.3 else told).encode("utf-8", "replace")


def _other(value: Any, chance: Random) -> Any:
    if chance.random() < 0.2:
        return chance.choice(
            (None, True, -1, 0, 2**63, 10**40, 1.5, 1e308, "", "x" * 70_000, [], {}, [[]], value, [value] * 200)
        )
    if isinstance(value, dict):
        changed = {key: _other(one, chance) for key, one in value.items() if chance.random() < 0.9}
        return changed | ({chance.choice(_RUBBISH): 1} if chance.random() < 0.1 else {})
    if isinstance(value, list):
        return [_other(one, chance) for one in value] * chance.choice((0, 1, 1, 1, 2, 300))
    return chance.choice((value, value, value, *_RUBBISH)) if isinstance(value, str) else value


_ID: Final = "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c"
_REPLAY: Final = {"ids": [_ID], "reason": "301 kwam na de 305", "dry_run": True, "force": False}
_DECISION: Final = {"besluit": "refuse", "retourcode": "9321", "reason": "Te laat ingediend."}
_DECISIONS: Final = {"besluiten": [{"id": 12, **_DECISION}, {"id": 13, "besluit": "approve"}]}


def call_of(chance: Random) -> Call:
    """Some call."""
    who = chance.choice(WHO)
    xml = {"Content-Type": chance.choice(("application/xml", "text/xml", "application/xml; charset=utf-8"))}
    if chance.random() < 0.5:
        xml["X-Received-At"] = chance.choice(_MOMENTS)
    if chance.random() < 0.2:
        xml["Accept"] = "application/xml"
    if chance.random() < 0.05:
        xml["Prefer"] = "respond-async"
    toml, plain = {"Content-Type": "application/toml"}, {"Content-Type": "application/json"}
    makers: tuple[Callable[[], Call], ...] = (
        lambda: Call(_sender(damaged := damaged_message(chance), who), "POST", "/v1/validations", damaged, xml),
        lambda: Call(who, "POST", "/v1/berichten", damaged_message(chance), xml),
        lambda: Call(_sender(damaged := damaged_message(chance), who), "POST", "/v1/berichten", damaged, xml),
        lambda: Call(
            who, "PUT", f"/v1/contracts/{chance.choice(('rhenen-wmo-2023', 'x', 'X'))}", damaged_profile(chance), toml
        ),
        lambda: Call("operator", "POST", "/v1/replays", damaged_json(_REPLAY, chance), plain),
        lambda: Call(who, "POST", "/v1/reviews", damaged_json(_DECISIONS, chance), plain),
        lambda: Call(
            who, "POST", f"/v1/reviews/{chance.choice((1, 12, 2**63))}", damaged_json(_DECISION, chance), plain
        ),
    )
    return chance.choices(makers, weights=(5, 2, 5, 3, 1, 1, 1))[0]()


def _sender(body: bytes, otherwise: str) -> str:
    """The party that the body names first, as far as it can be seen: most messages are then taken."""
    return next((who for who in WHO if f">{who}<".encode() in body), otherwise)


def wrong(answer: httpx2.Response) -> str | None:
    """What is wrong with an answer; None if it could be foreseen."""
    if answer.status_code >= 500:
        return f"status {answer.status_code}"
    if "Traceback" in answer.text:
        return "it tells of our insides"
    if answer.status_code >= 400 and answer.headers["content-type"] != "application/problem+json":
        return "a refusal that is no problem"
    if answer.status_code < 300 and answer.headers["content-type"] == "application/json" and '"failed"' in answer.text:
        return "a message that failed"
    return None


def main() -> None:
    """Run for some minutes."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz a gateway of its own, over HTTP.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    counted: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {"IWMO_DATABASE_URL": f"sqlite:///{folder / 'iwmo.db'}", "IWMO_SECRET_KEY": "a key for tests only"}
        gateway = open_gateway(
            Settings(_env_file=None, database_url=settings["IWMO_DATABASE_URL"], secret_key=settings["IWMO_SECRET_KEY"])
        )
        gateway.database.migrate()
        tokens = {
            who: create_token(gateway, TokenRole(who), None, "fuzz", datetime.now(UTC))
            if who.isalpha()
            else create_token(gateway, TokenRole.PARTY, who, "fuzz", datetime.now(UTC))
            for who in WHO
        }
        gateway.close()
        with serving(folder, **settings, IWMO_SANDBOX="1") as (process, client):
            client.timeout = httpx2.Timeout(PATIENCE)
            until = time.monotonic() + asked.minutes * 60
            for number in count(asked.seed * 1_000_000_000):
                if time.monotonic() > until:
                    break
                one = call_of(Random(number))  # noqa: S311 chance for a test
                headers = {"Authorization": f"Bearer {tokens[one.who]}", **one.headers}
                try:
                    answer = client.request(one.method, one.path, content=one.body, headers=headers)
                    fault = wrong(answer)
                except httpx2.TransportError as error:
                    fault, answer = f"no answer: {type(error).__name__}", None
                if fault is not None:
                    Path(f"fuzz-{number}.bin").write_bytes(one.body)
                    told = f"{number}: {fault}: {one.method} {one.path}, its body in fuzz-{number}.bin"
                    sys.exit(f"{told}\n{process.said[-2000:]}")
                counted[answer.status_code if answer else 0] += 1
    sys.stdout.write(f"{sum(counted.values())} calls, by status: {dict(sorted(counted.items()))}\n")


if __name__ == "__main__":
    main()
