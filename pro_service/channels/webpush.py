"""Messages as notifications of a browser, by Web Push: RFC 8030, sealed by RFC 8291, signed by RFC 8292.

The push service (the browser maker's) sees the size and the time of a message, never its words. It keeps the message
for three days where the browser is away. The id travels as the topic and as the notification's tag, so that the same
message given twice is shown once. 404 and 410 mean that the browser has taken its subscription back; one made for
another key of ours is as good as gone.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from email.utils import parseaddr
from hashlib import blake2b
from urllib.parse import urlsplit

import http_ece  # type: ignore[import-untyped]  # it ships no types
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]  # it ships no types

from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Handing, Message, Receipt, freely
from pro_service.domain.providers import refusal
from pro_service.domain.subscriptions import allowed, is_for, keys
from pro_service.settings import Settings

ADDRESS = "push"
DEDUPLICATES = True
WHO = "the push service"
KEPT = timedelta(days=3)
SIGNED_FOR = timedelta(hours=12)
TOPIC_BYTES = 18
TIMEOUT = (10.0, 20.0)
GONE = frozenset({404, 410})


def public_key(settings: Settings) -> str:
    """What a browser needs to subscribe: our public key as base64url."""
    number = int.from_bytes(_raw(settings.vapid_key), "big")
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).decode().rstrip("=")


def send(message: Message, settings: Settings, handing: Handing = freely) -> Receipt:
    """Hand the message, sealed for one browser, to its push service; the receipt holds the status it answered with."""
    subscription = json.loads(message.to)
    endpoint = str(subscription["endpoint"])
    if not allowed(endpoint, settings.push_hosts.split()):
        raise ChannelError(f"{WHO} is not one this installation calls", permanent=True)
    if not is_for(subscription, public_key(settings)):
        raise ChannelError("the subscription was made for another PRO_VAPID_KEY", gone=True)
    sealed = _sealed(message, *keys(subscription))
    handing()
    try:
        with requests.Session() as session:
            answer = session.post(
                endpoint,
                data=sealed,
                headers=_headers(message, endpoint, settings),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
    except requests.ConnectionError as error:  # before anything was taken; and the same id twice is shown once
        raise ChannelError(f"{WHO} cannot be reached: {type(error).__name__}") from None
    except requests.RequestException as error:
        raise ChannelError(f"no answer from {WHO}: {type(error).__name__}") from None
    if answer.status_code in GONE:
        raise ChannelError(f"{WHO} answered {answer.status_code}: the subscription is gone", gone=True)
    no = refusal(answer.status_code, WHO, retry_after=answer.headers.get("Retry-After", ""))
    if no is not None:
        raise no
    return Receipt(str(answer.status_code))


def _sealed(message: Message, receiver: bytes, secret: bytes) -> bytes:
    """What the browser's own script is handed. The link is all that leads anywhere, and only the browser sees it."""
    shown = {
        "id": message.id,
        "title": message.subject,
        "body": message.short,
        "url": message.link,
        "lang": message.language,
    }
    content = json.dumps(shown, ensure_ascii=False).encode()
    once = ec.generate_private_key(ec.SECP256R1())
    try:
        sealed = http_ece.encrypt(content, private_key=once, dh=receiver, auth_secret=secret, version="aes128gcm")
    except ValueError:  # a key that is no point of the curve
        raise ChannelError("the subscription's key is not one", gone=True) from None
    return bytes(sealed)


def _headers(message: Message, endpoint: str, settings: Settings) -> dict[str, str]:
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "sub": f"mailto:{parseaddr(settings.mail_from)[1]}",
        "exp": int((message.at + SIGNED_FOR).timestamp()),
    }
    signed: dict[str, str] = Vapid02.from_raw(settings.vapid_key.rstrip("=").encode()).sign(claims)
    topic = blake2b(message.id.encode(), digest_size=TOPIC_BYTES).digest()
    return {
        **signed,
        "TTL": str(int(KEPT.total_seconds())),
        "Urgency": "normal",
        "Topic": urlsafe_b64encode(topic).decode(),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


def _raw(key: str) -> bytes:
    return urlsafe_b64decode(key + "=" * (-len(key) % 4))
