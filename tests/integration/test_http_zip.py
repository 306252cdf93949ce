"""A ZIP of messages: each is judged on its own and told in its place; what is no such ZIP is refused as a whole."""

import io
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterable

import pytest
from httpx2 import Response

from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.standard.archives import MOST_FILES, Unpackable, unpack
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    GEMEENTE,
    LATER,
    Json,
    allocation,
    everything,
    lone_start,
    mailbox,
    served,
    start,
)
from tests.integration.test_http_refusals import is_problem

MIB = 1024 * 1024
Files = Iterable[tuple[str, bytes]]


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def send(call: Callers, body: bytes, who: str = AANBIEDER, **headers: str) -> Response:
    return call.send(who, body, **{"Content-Type": "application/zip", **headers})


def results(call: Callers, files: Files, who: str = AANBIEDER, **headers: str) -> list[Json]:
    answer = send(call, zipped(files), who, **headers)
    assert answer.status_code == 200
    told: list[Json] = answer.json()["resultaten"]
    return told


@pytest.mark.parametrize("name", ["__MACOSX/._a.xml", "b.xml", "map/", "x" * 200 + "/a.xml"])
def test_a_name_that_is_wrong_is_told(call: Callers, name: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        body = zipped([("a.xml", lone_start()), ("b.xml", b""), (name, b"")])
    assert send(call, body).json()["gevonden"] == name[:100]


def codes(told: list[Json]) -> list[tuple[str, int, str | None]]:
    """Of each file its name, status, and the code of its problem."""
    return [(one["bestand"], one["status"], (one["probleem"] or {}).get("code")) for one in told]


# --- each on its own ------------------------------------------------------------------------------------------------


def test_each_file_gets_what_it_would_get_by_itself_in_the_order_of_the_archive(call: Callers) -> None:
    assert call.send(GEMEENTE, allocation()).json()["status"] == "accepted"
    told = results(
        call,
        [
            ("b.xml", start("START01")),
            ("a.xml", start("START02", 799999)),
            ("leeg.xml", b""),
            ("geen.xml", b"<a>"),
            ("schema.xml", lone_start("START03", StatusAanlevering="7")),
            ("ander.xml", lone_start("START04").replace(AANBIEDER.encode(), ANDERE_AANBIEDER.encode())),
            ("nog-eens.xml", start("START01")),
        ],
    )
    assert codes(told) == [
        ("b.xml", 201, None),
        ("a.xml", 201, None),
        ("leeg.xml", 400, "leeg"),
        ("geen.xml", 400, "geen-xml"),
        ("schema.xml", 422, "IB014"),
        ("ander.xml", 403, "IB009"),
        ("nog-eens.xml", 200, None),
    ]
    assert [one["resultaat"]["status"] for one in told if one["resultaat"]] == ["accepted", "rejected", "accepted"]
    assert (
        told[0]["resultaat"]
        == told[-1]["resultaat"]
        == call.get(AANBIEDER, f"/v1/berichten/{told[0]['resultaat']['id']}").json()
    )
    assert told[4]["probleem"]["errors"]
    assert len(mailbox(call, AANBIEDER)) == 3  # the allocation, and two answers


def test_the_same_zip_again_gets_the_same_results_and_leaves_nothing_more(call: Callers) -> None:
    files = [(f"{nr}.xml", lone_start(f"START{nr:02}")) for nr in range(MOST_FILES)]
    first, again = results(call, files), results(call, files)
    assert {one["status"] for one in first} == {201}
    assert {one["status"] for one in again} == {200}
    assert [one["resultaat"] for one in first] == [one["resultaat"] for one in again]
    assert len(everything(call, query="soort=WMO305")) == MOST_FILES


def test_what_is_larger_than_a_call_judges_at_once_is_judged_later(call: Callers) -> None:
    files = [(f"{nr}.xml", lone_start(f"START{nr:02}")) for nr in range(4)]
    with served(call, sync_limit_bytes=int(2.5 * len(files[0][1]))) as small:
        told = results(small, files)
    assert [one["status"] for one in told] == [201, 201, 202, 202]
    assert [one["resultaat"]["status"] for one in told] == ["accepted", "rejected", "received", "received"]
    assert told[2]["resultaat"]["voortgang"]["fase"] == "wacht"
    while judge_next(call.gateway, LATER):
        pass
    # One start is enough: the others are too many, whenever they are judged.
    assert [one["status"] for one in everything(call, query="soort=WMO305")] == ["rejected"] * 3 + ["accepted"]
    assert [one["id"] for one in everything(call, query="soort=WMO305")] == [one["resultaat"]["id"] for one in told][
        ::-1
    ]


def test_all_of_it_is_judged_later_if_the_sender_likes(call: Callers) -> None:
    told = results(call, [("a.xml", lone_start("A")), ("b.xml", lone_start("B"))], Prefer="respond-async")
    assert [one["status"] for one in told] == [202, 202]


def test_stored_files_are_taken_and_the_other_media_type_too(call: Callers) -> None:
    body = zipped([("a.xml", lone_start())], zipfile.ZIP_STORED)
    assert send(call, body, **{"Content-Type": "application/x-zip-compressed"}).json()["resultaten"][0]["status"] == 201


def test_a_zip_in_a_zip_is_no_xml_and_validations_take_none(call: Callers) -> None:
    inner = zipped([("a.xml", lone_start())])
    assert codes(results(call, [("in.zip", inner)])) == [("in.zip", 400, "geen-xml")]
    answer = call.send(AANBIEDER, inner, path="/v1/validations", **{"Content-Type": "application/zip"})
    is_problem(answer, 415, "mediatype")


# --- refused as a whole ---------------------------------------------------------------------------------------------


def patched(body: bytes, local: int, central: int, value: bytes) -> bytes:
    """A ZIP of one file with these bytes in its local header and in the list of files."""
    changed, entry = bytearray(body), body.index(b"PK\x01\x02")
    changed[local : local + len(value)] = value
    changed[entry + central : entry + central + len(value)] = value
    return bytes(changed)


ONE = zipped([("a.xml", lone_start())])
RIGHT = ("goed.xml", lone_start())
REFUSED = {
    "no ZIP at all": (lone_start(), 400, "IB901"),
    "nothing": (b"", 400, "IB901"),
    "cut off": (ONE[:-30], 400, "IB901"),
    "cut off in the middle": (ONE[: len(ONE) // 2], 400, "IB901"),
    "no files": (zipped([]), 422, "IB905"),
    "too many files": (zipped((f"{nr}.xml", b"x") for nr in range(MOST_FILES + 1)), 422, "IB902"),
    "a crowd of files": (zipped((f"{nr}", b"") for nr in range(1_100)), 422, "IB902"),
    "a password": (patched(ONE, 6, 8, b"\x01\x00"), 422, "IB903"),
    "a folder": (zipped([RIGHT, ("map/", b"")]), 400, "IB901"),
    "a file in a folder": (zipped([RIGHT, ("map/a.xml", lone_start())]), 400, "IB901"),
    "a way out": (zipped([RIGHT, ("../../etc/cron.d/a", lone_start())]), 400, "IB901"),
    "a way out of Windows": (zipped([RIGHT, ("..\\..\\a.xml", lone_start())]), 400, "IB901"),
    "an absolute name": (zipped([RIGHT, ("/etc/passwd", lone_start())]), 400, "IB901"),
    "a drive": (zipped([RIGHT, ("C:a.xml", lone_start())]), 400, "IB901"),
    "dots": (zipped([RIGHT, ("..", lone_start())]), 400, "IB901"),
    "a control character": (zipped([RIGHT, ("a\x07.xml", lone_start())]), 400, "IB901"),
    "a name that ends in the middle": (patched(ONE, 30, 46, b"a\x00"), 400, "IB901"),
    "another method": (zipped([RIGHT, ("a.xml", lone_start())], zipfile.ZIP_BZIP2), 400, "IB901"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_of_it_is_kept(call: Callers, name: str) -> None:
    body, status, code = REFUSED[name]
    is_problem(send(call, body), status, code)
    assert everything(call) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_stands_there_once(call: Callers) -> None:
    is_problem(send(call, zipped([("a.xml", lone_start("A")), ("a.xml", lone_start("B"))])), 400, "IB901")
    assert everything(call) == []


def test_a_zip_is_no_larger_than_a_message(call: Callers) -> None:
    with served(call, max_message_bytes=len(ONE) - 1) as small:
        is_problem(send(small, ONE), 413, "IB012")


def test_only_a_party_sends_one(call: Callers) -> None:
    is_problem(send(call, zipped([RIGHT]), "operator"), 403, "IB008")


# --- damaged and enormous files -------------------------------------------------------------------------------------


def test_a_damaged_file_is_told_in_its_place_and_the_others_are_judged(call: Callers) -> None:
    body = zipped([("a.xml", lone_start("A")), ("b.xml", lone_start("B"))], zipfile.ZIP_STORED)
    told = send(call, body.replace(b">A<", b">X<", 1)).json()["resultaten"]
    assert codes(told) == [("a.xml", 400, "IB901"), ("b.xml", 201, None)]


@pytest.mark.parametrize("claimed", [0, 10, 2**31])
def test_what_a_header_says_of_a_size_is_not_believed(call: Callers, claimed: int) -> None:
    body = patched(ONE, 22, 24, struct.pack("<L", claimed))
    told = send(call, body).json()["resultaten"]
    assert codes(told) in ([("a.xml", 400, "IB901")], [("a.xml", 201, None)])


def test_a_bomb_is_counted_and_not_unpacked(call: Callers) -> None:
    bomb = zipped([("bom.xml", b" " * (64 * MIB)), ("goed.xml", lone_start())])
    assert len(bomb) < MIB / 8
    with served(call, max_message_bytes=MIB) as small:
        told = send(small, bomb).json()["resultaten"]
    assert codes(told) == [("bom.xml", 413, "IB904"), ("goed.xml", 201, None)]


def test_a_bomb_takes_no_more_memory_than_one_file_may() -> None:
    bomb = zipped((f"{nr}", b" " * (16 * MIB)) for nr in range(MOST_FILES))
    tracemalloc.start()
    try:
        files = unpack(bomb, MIB)
        assert not isinstance(files, Unpackable)
        told = [isinstance(content, Unpackable) for _, content in files]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told == [True] * MOST_FILES
    assert peak < 4 * MIB


def test_all_files_together_have_a_limit_too(call: Callers) -> None:
    body = lone_start()
    padded = [(f"{nr}.xml", lone_start(f"START{nr:02}") + b" " * (MIB - 2 * len(body))) for nr in range(6)]
    with served(call, max_message_bytes=MIB) as small:
        told = results(small, padded, Prefer="respond-async")
    assert [(one["status"], (one["probleem"] or {}).get("code")) for one in told] == [(202, None)] * 4 + [
        (413, "IB904")
    ] * 2
