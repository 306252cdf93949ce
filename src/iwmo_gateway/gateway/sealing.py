"""Sealing the audit trail, batch by batch in a chain of keyed hashes, and verifying that nothing of it was changed."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store import audit, seals
from iwmo_gateway.store.audit import Deed
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.seals import Ranges, Seal

log = structlog.get_logger(__name__)

SEAL_EVERY: Final = timedelta(minutes=1)
"""How long a row stays unsealed where a worker runs."""
BATCH: Final = 10_000
"""The most rows of one seal."""
_FIRST: Final = bytes(32)
"""What the first seal follows."""
_DIGEST: Final = 8
_LOOKS: Final = 100
_REST_SECONDS: Final = 0.05
"""How often, and after which rest, is looked whether writers have ended."""
_LATE: Final = timedelta(days=1)
AT_ONCE: Final = 1_000
PAGE: Final = 100_000
"""How many seals, and rows, are verified in one call over HTTP: some seconds of work."""


def seal(gateway: Gateway, now: datetime) -> int:
    """Seal every row that is final; how many there were.

    Writers are not held up: those that are under way are waited for, a few seconds at most, and left for the next time
    otherwise. Two sealers at once make one chain: the second to finish drops what it made.
    """
    sealed = 0
    while True:
        made = _next(gateway, now)
        if made is None:
            return sealed
        try:
            with gateway.database.writing() as transaction:
                seals.add(transaction, made)
        except StoreConflict:
            return sealed  # another process was first
        count = len(made.digests) // _DIGEST
        # The hash stands in the log as well, which is mostly kept where nobody can change the database too.
        log.info("audit_sealed", nr=made.nr, rows=count, hash=made.hash.hex())
        sealed += count
        if count < BATCH:
            return sealed


def head(gateway: Gateway) -> Seal | None:
    """The newest seal. Its hash, kept elsewhere, is what shows that the end of the chain was cut off."""
    with gateway.database.reading() as transaction:
        return seals.newest(transaction)


def _next(gateway: Gateway, now: datetime) -> Seal | None:
    """The next seal, not kept yet; None if nothing is final that is not sealed."""
    with gateway.database.reading() as transaction:
        before = seals.newest(transaction)
        after = before.last if before else None
        newest = audit.newest(transaction)
        if newest is None or (after is not None and newest <= after) or not _are_final(transaction):
            return None
        deeds = audit.between(transaction, after, newest, BATCH)
    # Without it nobody can make a seal, not even who has the whole database.
    key = gateway.keyring.audit_keys[gateway.keyring.newest]
    made = Seal(
        nr=before.nr + 1 if before else 1,
        sealed_at=now,
        last=deeds[-1].id or 0,
        ids=_ranges(deed.id or 0 for deed in deeds),
        digests=b"".join(_digest(key, deed) for deed in deeds),
        key=_name(key),
        previous=before.hash if before else _FIRST,
        hash=b"",
    )
    return replace(made, hash=_hash(key, made, deeds))


def _are_final(transaction: Transaction) -> bool:
    """Whether every row that had its number when this was asked is committed by now, or never will be."""
    writing = seals.writers(transaction)
    for _ in range(_LOOKS):
        if not writing:
            return True
        time.sleep(_REST_SECONDS)
        writing &= seals.writers(transaction)
    log.warning("audit_not_sealed", told="a transaction that wrote to the trail goes on for too long")
    return False


class Wrong(StrEnum):
    """What can be wrong with a seal; what is told of a fault begins so."""

    MISSING = "missing"
    NO_KEY = "made with a key that this gateway does not have, or changed"
    SEAL_CHANGED = "the seal itself was changed"
    ROWS = "rows do not fit"
    CHAIN = "does not follow the seal before it"
    NOT_EXPECTED = "no seal has the expected hash: the chain was cut off, or made anew"


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit at a seal: numbers of rows that were changed, are missing, or came in later."""

    seal: int
    told: str
    changed: Ranges = ()
    missing: Ranges = ()
    added: Ranges = ()


@dataclass(slots=True)
class Verified:
    """What verifying found. `faults` are in the order of the seals; unsealed rows and late seals are none.

    `late` are seals that were made more than a day after their oldest row: no worker ran, or the chain was made anew.
    """

    seals: int = 0
    rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    head: str | None = None
    unsealed: int = 0
    oldest_unsealed: datetime | None = None
    expected_seen: bool = False
    last: int | None = None
    """The seal behind which there are more that were not looked at, if there are."""


def sealed_as(gateway: Gateway, nr: int) -> Seal | None:
    """The seal of this number."""
    with gateway.database.reading() as transaction:
        found = seals.following(transaction, nr - 1)
    return found if found is not None and found.nr == nr else None


def verify_some(gateway: Gateway, expected: bytes | None, before: Seal | None) -> Verified:
    """Verify what follows a seal, as much as one call can wait for."""
    return _verify(gateway, expected, before, lambda found: found.seals >= AT_ONCE or found.rows >= PAGE)


def verify(gateway: Gateway, expected: bytes | None, told: Callable[[int, int], None]) -> Verified:
    """Hold every row against its seal, and every seal against the one before it.

    `expected` is the hash of a seal that was kept elsewhere: it must be in the chain. `told` hears how many rows were
    looked at, and how many there are.
    """
    with gateway.database.reading() as transaction:
        total, _ = audit.behind(transaction, None)

    def heard(found: Verified) -> bool:
        told(found.rows, total)
        return False

    return _verify(gateway, expected, None, heard)


def _verify(
    gateway: Gateway, expected: bytes | None, before: Seal | None, enough: Callable[[Verified], bool]
) -> Verified:
    keys = {_name(key): key for key in gateway.keyring.audit_keys.values()}
    found = Verified()
    while True:
        with gateway.database.reading() as transaction:
            one = seals.following(transaction, before.nr if before else 0)
            if one is None:
                found.unsealed, found.oldest_unsealed = audit.behind(transaction, before.last if before else None)
                break
            found.faults += _gap(before, one)
            deeds = audit.between(transaction, _start(before, one), one.last, 2 * BATCH)
        found.faults += _faults(keys.get(one.key), before, one, deeds)
        if deeds and one.sealed_at - deeds[0].at > _LATE:
            found.late.append(one.nr)
        found.seals += 1
        found.rows += len(deeds)
        found.expected_seen = found.expected_seen or one.hash == expected
        before = one
        if enough(found):
            found.last = one.nr
            break
    found.head = before.hash.hex() if before else None
    if expected is not None and not found.expected_seen and found.last is None:
        last = before.nr if before else 0
        found.faults.append(Fault(last, Wrong.NOT_EXPECTED))
    return found


def _gap(before: Seal | None, one: Seal) -> Iterator[Fault]:
    expected = before.nr + 1 if before else 1
    if one.nr > expected:
        yield Fault(expected, f"{Wrong.MISSING}, up to seal {one.nr}")


def _start(before: Seal | None, one: Seal) -> int | None:
    """Behind which number the rows of a seal begin: where the one before it is missing, with its own first row."""
    if one.nr == (before.nr + 1 if before else 1):
        return before.last if before else None
    return one.ids[0][0] - 1 if one.ids else None


def _faults(key: bytes | None, before: Seal | None, one: Seal, deeds: Sequence[Deed]) -> Iterator[Fault]:
    """What does not fit at a seal."""
    if key is None:
        yield Fault(one.nr, Wrong.NO_KEY)
        return
    count = len(one.digests) // _DIGEST
    if sum(last - first + 1 for first, last in one.ids) != count:
        yield Fault(one.nr, Wrong.SEAL_CHANGED)
        return
    ids = [number for first, last in one.ids for number in range(first, last + 1)]
    digests = {id_: one.digests[at * _DIGEST : (at + 1) * _DIGEST] for at, id_ in enumerate(ids)}
    here = {deed.id or 0: deed for deed in deeds}
    changed = _ranges(id_ for id_, deed in here.items() if id_ in digests and _digest(key, deed) != digests[id_])
    missing, added = _ranges(sorted(digests.keys() - here)), _ranges(sorted(here.keys() - digests))
    if changed or missing or added:
        yield Fault(one.nr, Wrong.ROWS, changed, missing, added)
    elif not hmac.compare_digest(_hash(key, one, deeds), one.hash):
        yield Fault(one.nr, Wrong.SEAL_CHANGED)
    follows = before.hash if before else _FIRST
    if one.previous != follows and not [*_gap(before, one)]:
        yield Fault(one.nr, Wrong.CHAIN)


def _name(key: bytes) -> str:
    """What tells one key from another without telling the key."""
    return hmac.digest(key, b"name", "sha256").hex()[:16]


def _hash(key: bytes, one: Seal, deeds: Iterable[Deed]) -> bytes:
    told = [one.nr, _moment(one.sealed_at), one.last, one.ids, one.digests.hex(), one.key]
    digest = hmac.new(key, one.previous, hashlib.sha256)
    digest.update(json.dumps(told).encode())
    for deed in deeds:
        digest.update(b"\n" + _canonical(deed))
    return digest.digest()


def _digest(key: bytes, deed: Deed) -> bytes:
    return hmac.digest(key, _canonical(deed), "sha256")[:_DIGEST]


def _canonical(deed: Deed) -> bytes:
    """A row as bytes, the same on every database. What is empty is left out, so that columns can come later."""
    values = {name: getattr(deed, name) for name in Deed.__slots__}
    told = {name: value for name, value in values.items() if value is not None} | {"at": _moment(deed.at)}
    return json.dumps(told, sort_keys=True, ensure_ascii=False).encode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _ranges(numbers: Iterable[int]) -> Ranges:
    """Numbers in their order as ranges with both ends."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return tuple(ranges)
