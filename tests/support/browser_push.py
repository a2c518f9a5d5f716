"""The browser's side of Web Push, written from RFC 8291 with nothing of the code under test: subscribe, and decrypt."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class Browser:
    """A subscription at `endpoint` with its private half."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    def subscription(self) -> dict[str, object]:
        """What the browser hands to the page."""
        keys = {"p256dh": b64(point(self.key.public_key())), "auth": b64(self.auth)}
        return {"endpoint": self.endpoint, "keys": keys}

    def opened(self, body: bytes) -> dict[str, str]:
        """The message in a sealed body (RFC 8188 header, RFC 8291 keys)."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        info = b"WebPush: info\0" + point(self.key.public_key()) + sender
        secret = HKDF(SHA256(), 32, self.auth, info).derive(shared)
        content_key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        padded = AESGCM(content_key).decrypt(nonce, sealed, None)
        found: dict[str, str] = json.loads(padded.rstrip(b"\0").removesuffix(b"\2"))
        return found


def claims(authorization: str, public_key: str) -> dict[str, object]:
    """The claims of a VAPID header, once its signature is right for this public key (RFC 8292)."""
    kind, _, fields = authorization.partition(" ")
    named = dict(part.strip().split("=", 1) for part in fields.split(","))
    assert (kind, named["k"]) == ("vapid", public_key)
    head, payload, signature = named["t"].split(".")
    r_and_s = raw(signature)
    der = encode_dss_signature(int.from_bytes(r_and_s[:32], "big"), int.from_bytes(r_and_s[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(public_key))
    key.verify(der, f"{head}.{payload}".encode(), ec.ECDSA(SHA256()))
    found: dict[str, object] = json.loads(raw(payload))
    return found
