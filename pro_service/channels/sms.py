"""Text messages through the provider a site has chosen: `PRO_SMS_URL` is an Apprise address, `{to}` the number.

    twilio://SID:TOKEN@+31600000000/{to}               a provider Apprise knows: some forty of them
    jsons://gateway.example.org/send?:to={to}&:ref={id}    any gateway that takes JSON; `{id}` is the delivery's id

Apprise says yes or no and keeps to itself why. Whether to try again depends on why, so the HTTP exchange underneath is
watched, for the thread that sends: no connection and 503 may be tried again, silence after the request is uncertain.
Right before each request it is put on record that the message may arrive from there on.
What Apprise would log names the number, so it logs nothing.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests
from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType
from requests.adapters import HTTPAdapter

from pro_service.domain.errors import ChannelError, InvalidSetting
from pro_service.domain.messages import Handing, Message, Receipt, freely
from pro_service.domain.providers import refusal
from pro_service.settings import Settings

ADDRESS = "phone"
DEDUPLICATES = False
WHO = "the text message provider"
CONNECT_SECONDS, READ_SECONDS = 10.0, 20.0
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
SAMPLE = "+31612345678"
"""A number in the form of one, to see whether an address can be understood."""

Exchange = int | Exception
"""How one HTTP request ended: the status that came back, or what went wrong."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """What is called before each HTTP request of a thread, and how each ended."""

    handing: Handing
    exchanges: list[Exchange] = field(default_factory=list)


_watch: ContextVar[_Watch | None] = ContextVar("watch", default=None)
_send = HTTPAdapter.send
logging.getLogger("apprise").disabled = True


def check(settings: Settings) -> None:
    """InvalidSetting where Apprise cannot make sense of the provider's address."""
    if _gateway(settings.sms_url, to=SAMPLE, message_id="1") is None:
        raise InvalidSetting(
            "PRO_SMS_URL: expected an address that Apprise knows, such as twilio://SID:TOKEN@FROM/{to}"
        )


def send(message: Message, settings: Settings, handing: Handing = freely) -> Receipt:
    """Hand the message to the provider; the receipt holds the status it answered with."""
    if NUMBER.fullmatch(message.to) is None:  # some providers' modules would write to their own number instead
        raise ChannelError("the number is not in the form +31612345678", permanent=True)
    gateway = _gateway(settings.sms_url, to=message.to, message_id=message.id)
    if gateway is None:
        raise ChannelError("the number is not one the provider's address can take", permanent=True)
    text = f"{message.short} {message.link}".strip()
    with _watching(handing) as exchanges:
        taken = gateway.notify(body=text, title="", notify_type=NotifyType.INFO, body_format=NotifyFormat.TEXT)
    if taken:
        return Receipt(str(exchanges[-1]) if exchanges else "taken")
    raise _why(exchanges)


def _gateway(url: str, *, to: str, message_id: str) -> NotifyBase | None:
    filled = url.replace("{to}", quote(to, safe="")).replace("{id}", quote(message_id, safe=""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of modules that Apprise probes for
        gateway = Apprise.instantiate(filled, asset=AppriseAsset(http_redirects=False, interpret_emojis=False))
    if not isinstance(gateway, NotifyBase):
        return None
    gateway.socket_connect_timeout, gateway.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    return gateway


def _why(exchanges: list[Exchange]) -> ChannelError:
    """What the provider's no means for the retry."""
    if not exchanges:
        return ChannelError("the provider's address refused the number or the text", permanent=True)
    last = exchanges[-1]
    if isinstance(last, ChannelError):  # it was not for us to send any more
        return last
    if isinstance(last, requests.ConnectTimeout):
        return ChannelError(f"{WHO} cannot be reached: ConnectTimeout")
    if isinstance(last, requests.ConnectionError) and not _was_sent(last):
        return ChannelError(f"{WHO} cannot be reached: {type(last).__name__}")
    if isinstance(last, Exception):
        return ChannelError(f"no answer from {WHO}: {type(last).__name__}", uncertain=True)
    nonsense = ChannelError(f"{WHO} answered {last} and something that makes no sense", uncertain=True)
    return refusal(last, WHO) or nonsense


def _was_sent(error: requests.ConnectionError) -> bool:
    """Had the request gone out before the line went dead? A connection that was never made names its own reason."""
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", None) is None  # urllib3 wraps what kept it from connecting, and nothing else


@contextmanager
def _watching(handing: Handing) -> Iterator[list[Exchange]]:
    watch = _Watch(handing)
    before = _watch.set(watch)
    try:
        yield watch.exchanges
    finally:
        _watch.reset(before)


def _watched(adapter: HTTPAdapter, *arguments: Any, **more: Any) -> requests.Response:
    """HTTPAdapter.send that asks and tells `_watching`; for everybody else it is what it was."""
    watch = _watch.get()
    if watch is None:
        return _send(adapter, *arguments, **more)
    try:
        watch.handing()
        response = _send(adapter, *arguments, **more)
    except Exception as error:  # noted and raised on: whoever watches judges what kind it was
        watch.exchanges.append(error)
        raise
    watch.exchanges.append(response.status_code)
    return response


HTTPAdapter.send = _watched  # type: ignore[assignment, method-assign]  # the one place where all of Apprise's providers meet
