"""The key ring: what is sealed opens only in its place, with its key, unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.errors import Unreadable
from pro_service.storage.keyring import new_key, parse

OLD, NEW = new_key("old"), new_key("new")
RING = parse(f"{NEW},{OLD}", "a secret")


@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_is_sealed_opens(plain: bytes, context: str) -> None:
    key_id, sealed = RING.seal(plain, context=context)
    assert key_id == "new"
    assert RING.open(key_id, sealed, context=context) == plain
    assert len(sealed) == len(plain) + 12 + 16


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_changed_byte_does_not_open(plain: bytes, data: st.DataObject) -> None:
    key_id, sealed = RING.seal(plain, context="contact:1:sealed")
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:at] + bytes([sealed[at] ^ data.draw(st.integers(1, 255))]) + sealed[at + 1 :]
    with pytest.raises(Unreadable, match="changed or moved"):
        RING.open(key_id, changed, context="contact:1:sealed")


@pytest.mark.parametrize(
    ("key_id", "context", "message"),
    [
        ("new", "contact:2:sealed", "changed or moved"),
        ("old", "contact:1:sealed", "changed or moved"),
        ("lost", "contact:1:sealed", "'lost', which is not in PRO_CONTACT_KEYS"),
    ],
)
def test_another_place_or_key_does_not_open(key_id: str, context: str, message: str) -> None:
    _, sealed = RING.seal(b"a name", context="contact:1:sealed")
    with pytest.raises(Unreadable, match=message):
        RING.open(key_id, sealed, context=context)


def test_the_same_thing_sealed_twice_looks_different() -> None:
    assert RING.seal(b"a name", context="x") != RING.seal(b"a name", context="x")


def test_what_the_old_key_sealed_still_opens_after_rotation() -> None:
    key_id, sealed = parse(OLD, "a secret").seal(b"a name", context="x")
    assert RING.open(key_id, sealed, context="x") == b"a name"


def test_token_hashes_depend_on_the_secret_and_not_on_the_ring() -> None:
    assert RING.token_hash("t") == parse(OLD, "a secret").token_hash("t")
    assert RING.token_hash("t") != parse(OLD, "another secret").token_hash("t")
    assert RING.token_hash("t") != RING.token_hash("u")


def test_a_ring_never_shows_its_keys() -> None:
    assert repr(RING) == "KeyRing(first='new')"
