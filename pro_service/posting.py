"""POST to an address that somebody else chose, without being led where they may not go.

The name is resolved once, every address it has is looked at, and the connection is made to one of those: nothing can
lie about the name in between. Only https, or http to this machine where that is allowed; no redirect is followed, no
proxy of the environment used; little of the answer is read; and after some seconds the line is cut, however busily the
other side drips. The certificate is checked against the name, as ever.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from pro_service.domain.errors import ChannelError, Invalid, Problem
from pro_service.domain.webhooks import Answer

CONNECT_SECONDS = 5.0
SECONDS = 15.0
"""How long the whole conversation may take."""

MOST_READ = 4096
"""How much of an answer's body is read: it is of no use, but some servers want to be heard out."""

LONGEST_URL = 2000
EXPECTED = "expected https://host/path"
_TRANSLATED = IPv6Network("64:ff9b::/96")  # IPv6 addresses that stand for an IPv4 address (RFC 6052)

Address = IPv4Address | IPv6Address
Post = Callable[[str, bytes, Mapping[str, str]], Answer]
"""`post` with its reach filled in."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a call may go beyond the public internet: `here` is this machine, `networks` were allowed by a setting."""

    here: bool = False
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def allows(self, address: Address) -> bool:
        """May this address be called? What it stands for counts, not how it is written."""
        meant = _meant(address)
        if meant.is_loopback and self.here:
            return True
        return _public(meant) or any(meant in one for one in self.networks if one.version == meant.version)


def require_callable(url: str, reach: Reach) -> None:
    """Invalid unless the address is one that could ever be called. Names are looked up at every call, not here."""
    problem = _problem(url, reach)
    if problem:
        raise Invalid("this address cannot be called", problems=[Problem(problem, "url")])


def post(url: str, content: bytes, headers: Mapping[str, str], *, reach: Reach) -> Answer:
    """What the endpoint answered; ChannelError, naming no address, where it could not be asked."""
    if _problem(url, reach):
        raise ChannelError("the address may not be called", permanent=True)
    parts = urlsplit(url)
    connection = _connected(parts, reach)
    too_long = Event()
    cut = Timer(SECONDS, _cut, [connection.sock, too_long])
    cut.daemon = True
    cut.start()
    try:
        if isinstance(connection.sock, ssl.SSLSocket):
            connection.sock.do_handshake()
        connection.request("POST", _target(parts), body=content, headers={**_OURS, **headers})
        with connection.getresponse() as response:
            answer = Answer(response.status, response.headers.get("Retry-After", ""))
            if too_long.is_set():  # cut among its headers, an answer looks like one that has few
                raise TimeoutError
            with suppress(OSError, http.client.HTTPException):  # the status has been said; the rest is courtesy
                response.read(MOST_READ)
        return answer
    except ssl.SSLCertVerificationError:
        raise ChannelError("its certificate does not hold") from None
    except (OSError, http.client.HTTPException) as error:
        raise ChannelError(f"no answer: {type(error).__name__}") from None
    finally:
        cut.cancel()
        connection.close()


ABROAD: Post = partial(post, reach=Reach())
"""Calls to the public internet, and nowhere else."""

_OURS = {"Content-Type": "application/json", "User-Agent": "pro-service", "Connection": "close"}


def _problem(url: str, reach: Reach) -> str:
    """What is wrong with the address as it is written; nothing where it may be tried."""
    if len(url) > LONGEST_URL or not url.isascii() or any(letter <= " " or letter == "\x7f" for letter in url):
        return f"expected at most {LONGEST_URL} ASCII characters without spaces"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return EXPECTED
    written = _written(host)
    here = reach.here and (host == "localhost" or (written is not None and written.is_loopback))
    if not host or port == 0 or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        return EXPECTED
    if parts.username is not None or parts.fragment:
        return "expected an address without a user name, a password or a #part"
    if written is not None and not reach.allows(written):
        return "this address is not on the public internet"
    return ""


def _connected(parts: SplitResult, reach: Reach) -> http.client.HTTPConnection:
    """A line to the endpoint, over which nothing has been said yet."""
    host, secure = parts.hostname or "", parts.scheme == "https"
    usual = 443 if secure else 80
    port = parts.port or usual
    connection = http.client.HTTPConnection(host, port)
    connection.default_port = usual  # the Host header names no usual port
    try:
        line = _line(_resolved(host, port, reach), port)
        line.settimeout(SECONDS)
        connection.sock = _encrypted(line, host) if secure else line
    except UnicodeError:
        raise ChannelError("the name of the host is none", permanent=True) from None
    except OSError as error:
        raise ChannelError(f"cannot be reached: {type(error).__name__}") from None
    return connection


def _encrypted(line: socket.socket, host: str) -> ssl.SSLSocket:
    """The line, on which the two are yet to greet each other."""
    return ssl.create_default_context().wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)


def _resolved(host: str, port: int, reach: Reach) -> Sequence[str]:
    """Every address of the name. One that may not be called spoils them all: it is there to lead us astray."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(reach.allows(ip_address(one.partition("%")[0])) for one in found):
        raise ChannelError("the address is not on the public internet", permanent=True)
    return found


def _line(addresses: Sequence[str], port: int) -> socket.socket:
    """A connection to the first address that takes one."""
    error: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=CONNECT_SECONDS)
        except OSError as refused:
            error = refused
    raise error


def _cut(line: socket.socket | None, too_long: Event) -> None:
    """End a conversation that takes too long."""
    too_long.set()
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _written(host: str) -> Address | None:
    """The address a host is written as, if it is written as one."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _meant(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
