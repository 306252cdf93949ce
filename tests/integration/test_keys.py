"""Keys and their rotation: nothing is ever unreadable in between, and in the end the old key is not needed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Event

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select, update
from structlog.testing import capture_logs

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import keys
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store import rotation
from iwmo_gateway.store.tables import client_hashes, clienten, messages
from iwmo_gateway.web.app import create_app
from iwmo_gateway.worker import work
from tests.cases import FIXTURES
from tests.conftest import SECRET, TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    GEMEENTE,
    OTHER_BSN,
    Json,
    allocation,
    day,
    document_of,
    everything,
    lone_start,
    start,
    with_values,
)

SECOND = f"2:{'ab' * 32}"
THIRD = f"3:{'cd' * 32}"
LATER = TODAY + keys.TAKEN_UP


@contextmanager
def with_keys(gateway: Gateway, *newer: str, first: bool = True) -> Iterator[Callers]:
    """Callers of a gateway on the same database that was started with these keys."""
    given = {"secret_key": SecretStr(SECRET) if first else None, "encryption_keys": SecretStr(",".join(newer))}
    settings = gateway.settings.model_copy(update=given if newer else {"encryption_keys": None})
    with closing(open_gateway(settings)) as opened:
        other = replace(opened, schemas=gateway.schemas)
        other.warm_up()
        with TestClient(create_app(other), raise_server_exceptions=False) as client:
            yield Callers(other, client)


def with_first_key(gateway: Gateway) -> None:
    """Have the database filled with the first key: an empty one takes all that it gets."""
    with with_keys(gateway):
        pass


def payloads(call: Callers) -> dict[str, bytes]:
    """The bytes of every message, by id."""
    found = {}
    for each in everything(call):
        answer = call.get("operator", f"/v1/berichten/{each['id']}/xml")
        assert answer.status_code == 200, answer.text
        found[each["id"]] = answer.content
    return found


def rotated(gateway: Gateway) -> int:
    return sum(keys.rotate(gateway))


def under(gateway: Gateway) -> dict[int, tuple[int, int, int]]:
    """How many messages, clients and birth dates are under each version."""
    return {
        each.version: (each.counts.messages, each.counts.clienten, each.counts.births)
        for each in keys.versions(gateway)
        if not each.counts.nothing
    }


def taken(call: Callers, name: str, **values: str) -> Json:
    """What comes of an earlier message of release 2.3."""
    body = with_values((FIXTURES / "vooraf" / f"{name}.xml").read_text(encoding="utf-8"), values)
    said: Json = call.send(document_of(body).kop.afzender, body, day("2019-03-05")).json()
    return said


def test_what_is_kept_moves_to_a_newer_key_and_needs_the_old_one_no_more(gateway: Gateway) -> None:
    with with_keys(gateway) as call:
        assert call.send(GEMEENTE, allocation()).json()["status"] == "accepted"
        assert taken(call, "toewijzing-2.3")["status"] == "accepted"
        before = payloads(call)
        assert under(call.gateway) == {1: (len(before), 1, 4)}
    with with_keys(gateway, SECOND) as call:
        # A key that is only in the settings is not used yet.
        assert call.send(AANBIEDER, start(), day("2023-02-08")).json()["status"] == "accepted"
        with pytest.raises(ConfigurationError, match="newest"):
            keys.retire(call.gateway, 1, TODAY)
        assert keys.add(call.gateway, TODAY) == 2
        with pytest.raises(ConfigurationError, match="in use already"):
            keys.add(call.gateway, TODAY)
    with with_keys(gateway, SECOND) as call:
        assert call.send(AANBIEDER, lone_start("NIEUW", Bsn=OTHER_BSN)).json()["status"] == "accepted"
        before = payloads(call)
        with pytest.raises(ConfigurationError, match="needed"):
            keys.retire(call.gateway, 1, LATER)
        assert rotated(call.gateway) == len(before) - 2 + 1 + 4
        assert under(call.gateway) == {2: (len(before), 2, 4)}
        assert rotated(call.gateway) == 0
        with pytest.raises(ConfigurationError, match="11:05 UTC"):
            keys.retire(call.gateway, 1, TODAY)
        keys.retire(call.gateway, 1, LATER)
        assert payloads(call) == before
    with with_keys(gateway, SECOND, first=False) as call:
        assert payloads(call) == before
        # The client is found again, and so is the birth date of the allocation (RC8004).
        assert call.send(AANBIEDER, start("NOGMAALS", 700002), day("2023-02-08")).json()["status"] == "accepted"
        wrong = taken(call, "declaratie-juli-2.3", Datum="1951-04-18")
        assert "RC8004" in {finding["regel"] for finding in wrong["bevindingen"]}


def test_messages_that_come_in_on_all_sides_while_keys_rotate_are_judged_as_ever(gateway: Gateway) -> None:
    """Two gateways take messages, one still with the older key, while all that there is moves again and again."""
    with_first_key(gateway)
    with with_keys(gateway, SECOND) as older:
        older.send(GEMEENTE, allocation())
        keys.add(older.gateway, TODAY)
        with with_keys(gateway, SECOND) as newer:
            done = Event()

            def rotate() -> int:
                rounds = 0
                while not done.is_set():
                    rotated(newer.gateway)
                    rounds += 1
                return rounds

            def send(nr: int) -> Json:
                call = (older, newer)[nr % 2]
                bsn = f"9999{nr // 2 * 3:04}"
                said = call.send(GEMEENTE, allocation(f"T{nr}", 710000 + nr, 720000 + nr, Bsn=eleven(bsn))).json()
                assert said["status"] == "accepted", said
                call = (newer, older)[nr % 2]
                body = start(f"S{nr}", 710000 + nr, Bsn=eleven(bsn))
                result: Json = call.send(AANBIEDER, body, day("2023-02-08")).json()
                assert call.get("operator", f"/v1/berichten/{result['id']}/xml").content == body
                return result

            for call in (older, newer):
                for who in (GEMEENTE, AANBIEDER, "operator"):
                    call.headers(who)
            with ThreadPoolExecutor(5) as threads:
                rounds = threads.submit(rotate)
                try:
                    results = list(threads.map(send, range(24)))
                finally:
                    done.set()
            assert {result["status"] for result in results} == {"accepted"}
            assert rounds.result() > 1
            rotated(newer.gateway)
            # One person is one client, whoever brought it first and under whichever key.
            assert under(newer.gateway)[2][1] == 13
            keys.retire(newer.gateway, 1, LATER)
            assert len(payloads(newer)) == 2 * 49


def test_a_process_that_runs_takes_up_the_key_that_encrypts_by_now(gateway: Gateway) -> None:
    """Otherwise it would go on with the older one, also when that was retired: what it kept then nobody could read."""
    with_first_key(gateway)
    with with_keys(gateway, SECOND) as serving, with_keys(gateway, SECOND) as working:
        keys.add(serving.gateway, TODAY)
        assert serving.client.get("/readyz").json() == {"status": "ok"}
        work(working.gateway, Event(), until_idle=True)
        for call in (serving, working):
            assert call.gateway.keyring.newest == 2
        keys.retire(serving.gateway, 1, LATER)
        sent = serving.send(AANBIEDER, lone_start()).json()
        assert under(serving.gateway) == {2: (2, 1, 0)}
    with with_keys(gateway, SECOND, first=False) as call:
        assert call.get("operator", f"/v1/berichten/{sent['id']}/xml").status_code == 200


def test_a_process_without_the_key_that_encrypts_by_now_takes_up_nothing(gateway: Gateway) -> None:
    with_first_key(gateway)
    with with_keys(gateway) as older, with_keys(gateway, SECOND) as newer:
        later = older.send(AANBIEDER, lone_start(), Prefer="respond-async").json()
        keys.add(newer.gateway, TODAY)
        assert older.client.get("/readyz").status_code == 503
        stop = Event()
        with capture_logs() as logs:
            stop.wait = lambda timeout=None: stop.set() or True  # type: ignore[method-assign] # it rests: that will do
            work(older.gateway, stop)
        assert "lacks key 2" in logs[-1]["error"]
        assert newer.get(AANBIEDER, f"/v1/berichten/{later['id']}").json()["status"] == "received"


def test_a_rotation_that_was_stopped_goes_on_where_it_was(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_ROWS", 2)
    with_first_key(gateway)
    with with_keys(gateway, SECOND) as call:
        for nr in range(4):
            call.send(AANBIEDER, lone_start(f"S{nr}"))
        keys.add(call.gateway, TODAY)
    with with_keys(gateway, SECOND) as call:
        before = payloads(call)
        stopped = keys.rotate(call.gateway)
        assert (next(stopped), next(stopped)) == (2, 2)
        stopped.close()
        assert under(call.gateway)[1][0] == len(before) - 4
        assert key_versions(call) == [2] * 4 + [1] * (len(before) - 4), "the oldest go first"
        assert payloads(call) == before
        rotated(call.gateway)
        assert under(call.gateway) == {2: (len(before), 1, 0)}
        assert payloads(call) == before


def test_a_large_message_is_moved_by_itself(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_BYTES", 1)
    with_first_key(gateway)
    with with_keys(gateway, SECOND) as call:
        call.send(AANBIEDER, lone_start())
        keys.add(call.gateway, TODAY)
    with with_keys(gateway, SECOND) as call:
        assert [done for done in keys.rotate(call.gateway) if done] == [1, 1, 1]


def test_payloads_that_are_swapped_in_the_database_are_not_handed_out(call: Callers) -> None:
    """Each opens in its own row alone, so that nobody can put the words of one message into another."""
    ids = [call.send(AANBIEDER, lone_start(f"S{nr}", Begindatum=f"2023-02-0{nr}")).json()["id"] for nr in (1, 2)]
    with call.gateway.database.writing() as transaction:
        kept = {each: transaction.scalar(select(messages.c.xml).where(messages.c.id == each)) for each in ids}
        for one, other in (ids, ids[::-1]):
            transaction.execute(update(messages).where(messages.c.id == one).values(xml=kept[other]))
    for each in ids:
        answer = call.get(AANBIEDER, f"/v1/berichten/{each}/xml")
        assert (answer.status_code, answer.json()["code"]) == (500, "fout")


def test_two_messages_that_bring_one_person_at_once_make_one_client(gateway: Gateway) -> None:
    """Whoever comes second is judged again: the lock of its parties does not hold the other one back."""
    with with_keys(gateway) as call:
        for who in (GEMEENTE, AANBIEDER):
            call.headers(who)
        with ThreadPoolExecutor(4) as threads:
            for nr in range(8):
                bsn = eleven(f"9999{nr * 3:04}")
                bodies = [
                    (GEMEENTE, allocation(f"T{nr}", 710000 + nr, 720000 + nr, Bsn=bsn)),
                    (AANBIEDER, lone_start(f"S{nr}", Bsn=bsn, Ontvanger="0340")),
                ]
                said = list(threads.map(lambda one: call.send(*one), bodies))
                assert [one.json()["status"] for one in said] == ["accepted", "accepted"], [
                    one.json()["bevindingen"] for one in said
                ]
    with gateway.database.reading() as transaction:
        assert len(transaction.execute(select(clienten.c.client)).all()) == 8
        assert len(transaction.execute(select(client_hashes.c.hash)).all()) == 8


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"encryption_keys": "2:abc"}, "IWMO_ENCRYPTION_KEYS: key 1"),
        ({"encryption_keys": f"{SECOND},{SECOND}"}, "IWMO_ENCRYPTION_KEYS: key 2"),
        ({"encryption_keys": SECOND.replace("2:", "1:")}, "IWMO_SECRET_KEY"),
        ({"encryption_keys_file": "nergens"}, "nergens"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_and_not_told(settings: Settings, given: dict[str, str], said: str) -> None:
    wrong = Settings(_env_file=None, **{**settings.model_dump(exclude_none=True), **given})
    with pytest.raises(ConfigurationError, match=said) as caught:
        open_gateway(wrong)
    assert "abab" not in str(caught.value)


def test_a_key_in_use_that_is_missing_or_another_one_is_named_at_the_start(gateway: Gateway) -> None:
    with with_keys(gateway, SECOND) as call:
        assert under(call.gateway) == {}
    with pytest.raises(ConfigurationError, match=r"IWMO_ENCRYPTION_KEYS.* lacks key 2"), with_keys(gateway):
        pass
    other = SECOND.replace("ab", "ba")
    with pytest.raises(ConfigurationError, match=r"IWMO_ENCRYPTION_KEYS.* is not the key"), with_keys(gateway, other):
        pass


def key_versions(call: Callers) -> list[int]:
    """The key of every message, oldest first."""
    with call.gateway.database.reading() as transaction:
        return list(transaction.scalars(select(messages.c.key_version).order_by(messages.c.id)))


def eleven(eight: str) -> str:
    """A Bsn that begins with these eight digits or, where none does, with the eight after them that do."""
    number = int(eight)
    while True:
        digits = [int(one) for one in f"{number:08}"]
        last = sum(weight * one for weight, one in zip(range(9, 1, -1), digits, strict=True)) % 11
        if last < 10:
            return f"{number:08}{last}"
        number += 1
