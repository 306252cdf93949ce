"""Keys by version: what one seals opens with it alone, in its own place alone, and unchanged alone."""

from collections.abc import Callable

import pytest

from iwmo_gateway.errors import ConfigurationError, KeptUnreadable
from iwmo_gateway.gateway.keyring import Keyring, version_of
from iwmo_gateway.store.messages import Sealed

OLD, NEW = b"1" * 32, b"2" * 32
XML = b"<Bsn>999912008</Bsn>" * 20
CLIENT, OTHER = b"c" * 16, b"o" * 16


def keyring(**keys: bytes) -> Keyring:
    """A keyring with these keys: `_1` is the first."""
    return Keyring(lambda: {int(name[1:]): key for name, key in keys.items()})


def test_what_is_sealed_tells_nothing_and_opens_again() -> None:
    ring = keyring(_1=OLD)
    sealed = ring.seal_xml("a", XML)
    assert sealed.key_version == version_of(sealed.xml) == 1
    assert b"9999" not in sealed.xml
    assert len(sealed.xml) < len(XML)
    assert ring.open_xml("a", sealed) == XML
    assert ring.seal_xml("a", XML) != sealed
    assert ring.open_bsn(CLIENT, ring.seal_bsn(CLIENT, "999912008")) == "999912008"
    assert ring.open_birth(CLIENT, ring.seal_birth(CLIENT, "1951-04-17")) == "1951-04-17"


def test_what_was_kept_before_there_was_encryption_is_as_it_was() -> None:
    assert keyring(_1=OLD).open_xml("a", Sealed(0, XML)) == XML


def test_the_newest_key_seals_and_an_older_one_still_opens() -> None:
    before = keyring(_1=OLD).seal_xml("a", XML)
    both = keyring(_1=OLD, _2=NEW)
    assert both.open_xml("a", before) == XML
    assert both.seal_xml("a", XML).key_version == 2
    both.use(1, frozenset())
    assert both.seal_xml("a", XML).key_version == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ring, sealed: ring.open_xml("b", sealed),
        lambda ring, sealed: ring.open_xml("a", Sealed(1, sealed.xml[:-1] + bytes([sealed.xml[-1] ^ 1]))),
        lambda ring, sealed: ring.open_xml("a", Sealed(1, b"\x00\x02" + sealed.xml[2:])),
        lambda ring, sealed: ring.open_bsn(CLIENT, sealed.xml),
        lambda ring, _: ring.open_bsn(OTHER, ring.seal_bsn(CLIENT, "999912008")),
        lambda ring, _: ring.open_birth(CLIENT, ring.seal_bsn(CLIENT, "999912008")),
        lambda ring, _: ring.open_xml("a", keyring(_1=NEW).seal_xml("a", XML)),
    ],
    ids=[
        "another row",
        "changed",
        "another version",
        "another column",
        "another client",
        "no birth",
        "another key",
    ],
)
def test_what_was_changed_or_moved_does_not_open(wrong: Callable[[Keyring, Sealed], object]) -> None:
    ring = keyring(_1=OLD, _2=NEW)
    ring.use(1, frozenset())
    with pytest.raises(KeptUnreadable, match="was changed, or moved") as caught:
        wrong(ring, ring.seal_xml("a", XML))
    assert "9999" not in str(caught.value)


def test_a_key_that_is_missing_is_named_and_one_that_came_since_is_found() -> None:
    there = {1: OLD}
    ring = Keyring(lambda: there)
    sealed = keyring(_1=OLD, _2=NEW).seal_xml("a", XML)
    with pytest.raises(ConfigurationError, match=r"Key 2 is needed .* IWMO_ENCRYPTION_KEYS"):
        ring.open_xml("a", sealed)
    there[2] = NEW
    assert ring.open_xml("a", sealed) == XML
    assert ring.seal_xml("a", XML).key_version == 1


def test_a_retired_key_is_forgotten() -> None:
    ring = keyring(_1=OLD, _2=NEW)
    ring.use(2, frozenset({1}))
    assert ring.versions == {2}
    assert list(ring.hashes("999912008")) == [2]


def test_a_bsn_has_another_hash_under_every_key() -> None:
    hashes = keyring(_1=OLD, _2=NEW).hashes("999912008")
    assert len(set(hashes.values())) == 2
    assert hashes == keyring(_1=OLD, _2=NEW).hashes("999912008")
