"""A ring of keys that seal what identifies a person: AES-256-GCM, bound to its place in the database.

The context (`table:row:column`) is authenticated with the ciphertext, so a sealed value moved to another row does not
open. The first key of the ring seals; every key of it opens, so that keys can be rotated. Tokens are kept only as a
keyed hash (BLAKE2b), cheap enough to check on every request: the tokens themselves are long and random.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pro_service.domain.errors import InvalidSetting, Unreadable

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`keys` by id, the sealing one named by `first`; `secret` keys the token hashes. Never printed."""

    first: str
    keys: Mapping[str, AESGCM] = field(repr=False)
    secret: bytes = field(repr=False)

    def seal(self, plain: bytes, *, context: str) -> tuple[str, bytes]:
        """The id of the sealing key and the sealed bytes (nonce, ciphertext, tag)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.first, nonce + self.keys[self.first].encrypt(nonce, plain, context.encode())

    def open(self, key_id: str, sealed: bytes, *, context: str) -> bytes:
        """What was sealed; Unreadable where the key is gone, or the bytes or their place were changed."""
        key = self.keys.get(key_id)
        if key is None:
            raise Unreadable(f"{context}: sealed with key {key_id!r}, which is not in PRO_CONTACT_KEYS")
        try:
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise Unreadable(f"{context}: does not open with key {key_id!r}; it was changed or moved") from None

    def token_hash(self, token: str) -> bytes:
        """What is stored of a token: 32 bytes that cannot be turned back and cannot be made without our secret."""
        return hashlib.blake2b(token.encode(), key=self.secret, digest_size=32, person=b"pro-token").digest()


def parse(contact_keys: str, secret_key: str) -> KeyRing:
    """A ring from `id:base64,id:base64` (32 bytes each, the first seals). InvalidSetting says what is wrong."""
    keys: dict[str, AESGCM] = {}
    first = ""
    for number, entry in enumerate(contact_keys.split(","), start=1):
        key_id, colon, encoded = entry.strip().partition(":")
        if not key_id or not colon:
            raise InvalidSetting(f"PRO_CONTACT_KEYS: entry {number} is not id:base64")
        if key_id in keys:
            raise InvalidSetting(f"PRO_CONTACT_KEYS: the id of entry {number} is used twice")
        keys[key_id] = AESGCM(_decode(encoded, number))
        first = first or key_id
    secret = hashlib.blake2b(secret_key.encode(), digest_size=KEY_BYTES, person=b"pro-secret").digest()
    return KeyRing(first=first, keys=keys, secret=secret)


def new_key(key_id: str) -> str:
    """A fresh random entry for PRO_CONTACT_KEYS."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def _decode(encoded: str, number: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise InvalidSetting(f"PRO_CONTACT_KEYS: entry {number} is not base64") from None
    if len(key) != KEY_BYTES:
        raise InvalidSetting(f"PRO_CONTACT_KEYS: entry {number} has {len(key)} bytes, expected {KEY_BYTES}")
    return key
