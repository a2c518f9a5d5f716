"""Calls to addresses that somebody else chose: they get where they may go, and nowhere else."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from pro_service import posting
from pro_service.domain.errors import ChannelError, Invalid
from pro_service.posting import Reach, post, require_callable
from tests.support import endpoint
from tests.support.certificates import self_signed
from tests.support.endpoint import Endpoint

PUBLIC, HERE = Reach(), Reach(here=True)
HOSPITAL = Reach(networks=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/64")))


@pytest.fixture
def other() -> Iterator[Endpoint]:
    with endpoint.listening() as one:
        yield one


@pytest.mark.parametrize(
    ("address", "public", "here", "hospital"),
    [
        ("93.184.215.14", True, True, True),
        ("2606:2800:220:1::1", True, True, True),
        ("127.0.0.1", False, True, False),
        ("127.8.9.1", False, True, False),
        ("::1", False, True, False),
        ("::ffff:127.0.0.1", False, True, False),
        ("10.1.2.3", False, False, True),
        ("10.2.2.3", False, False, False),
        ("::ffff:10.1.2.3", False, False, True),
        ("64:ff9b::10.2.2.3", False, False, False),  # translated to IPv4 on its way
        ("64:ff9b::5db8:d70e", True, True, True),
        ("2002:0a02:0203::1", False, False, False),  # 6to4 of 10.2.2.3
        ("fd00:1::5", False, False, True),
        ("fd00:2::5", False, False, False),
        ("192.168.1.1", False, False, False),
        ("172.16.0.1", False, False, False),
        ("169.254.169.254", False, False, False),  # where clouds keep their secrets
        ("fe80::1", False, False, False),
        ("100.64.0.1", False, False, False),
        ("0.0.0.0", False, False, False),
        ("255.255.255.255", False, False, False),
        ("224.0.0.1", False, False, False),
        ("ff02::1", False, False, False),
        ("::", False, False, False),
    ],
)
def test_where_a_call_may_go(address: str, public: bool, here: bool, hospital: bool) -> None:
    assert [reach.allows(ip_address(address)) for reach in (PUBLIC, HERE, HOSPITAL)] == [public, here, hospital]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "edc.example.org",
        "http://edc.example.org/",  # never in the clear
        "ftp://edc.example.org/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:pass@edc.example.org/",
        "https://edc.example.org/#part",
        "https://edc.example.org:0/",
        "https://edc.example.org:99999/",
        "https://edc.example.org/a b",
        "https://edc.example.org/\r\nX: y",
        "https://bücher.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.2.3.4/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.2.3.4]/",
        "https://[not-an-address]/",
        "https://edc.example.org/" + "a" * 2000,
    ],
)
def test_addresses_that_are_refused_as_written(url: str) -> None:
    with pytest.raises(Invalid):
        require_callable(url, PUBLIC)
    with pytest.raises(ChannelError) as refused:
        post(url, b"{}", {}, reach=PUBLIC)
    assert refused.value.permanent


@pytest.mark.parametrize(
    ("url", "reach"),
    [
        ("https://edc.example.org/pro?study=scopes", PUBLIC),
        ("https://edc.example.org:8443", PUBLIC),
        ("https://xn--bcher-kva.example/", PUBLIC),
        ("https://93.184.215.14/", PUBLIC),
        ("http://127.0.0.1:8000/", HERE),
        ("http://localhost:8000/", HERE),
        ("https://10.1.2.3/", HOSPITAL),
    ],
)
def test_addresses_that_may_be_tried(url: str, reach: Reach) -> None:
    require_callable(url, reach)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001"])
def test_a_name_that_leads_inside_is_not_followed(host: str, other: Endpoint) -> None:
    port = other.url.partition("127.0.0.1:")[2].partition("/")[0]
    with pytest.raises(ChannelError) as refused:
        post(f"https://{host}:{port}/", b"{}", {}, reach=PUBLIC)
    assert refused.value.permanent
    assert other.told == []


def test_a_call_arrives_as_it_was_sent(other: Endpoint) -> None:
    answer = post(other.url, b'{"a":1}', {"webhook-id": "m1"}, reach=HERE)
    assert answer.status == 204
    (told,) = other.told
    assert (told.path, told.body, told.id) == ("/hook?for=pro", b'{"a":1}', "m1")
    assert told.headers["content-type"] == "application/json"
    assert told.headers["host"] == other.url.removeprefix("http://").partition("/")[0]


def test_a_redirect_is_not_followed(other: Endpoint) -> None:
    other.script = [(302, {"Location": other.url})]
    assert post(other.url, b"{}", {}, reach=HERE).status == 302
    assert len(other.told) == 1


def test_what_it_asks_to_wait_is_heard(other: Endpoint) -> None:
    other.script = [(429, {"Retry-After": "60"})]
    assert post(other.url, b"{}", {}, reach=HERE).retry_after == "60"


def test_a_proxy_of_the_environment_is_not_used(other: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(other.url, b"{}", {}, reach=HERE).status == 204


@pytest.mark.parametrize("how", ["drop", "drip"])
def test_a_line_that_dies_or_drips_may_be_tried_again(
    how: str, other: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.5)  # the same rule on a shorter string
    other.script = [how]
    with pytest.raises(ChannelError) as failed:
        post(other.url, b"{}", {}, reach=HERE)
    assert (failed.value.permanent, failed.value.uncertain) == (False, False)
    assert "127.0.0.1" not in str(failed.value)


def test_nobody_there_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ChannelError) as failed:
        post(f"http://127.0.0.1:{port}/", b"{}", {}, reach=HERE)
    assert not failed.value.permanent


@pytest.mark.parametrize(
    ("host", "trusted", "holds"),
    [("localhost", True, True), ("localhost", False, False), ("127.0.0.1", True, False)],  # it names localhost only
)
def test_a_certificate_must_hold_for_the_name(
    host: str, trusted: bool, holds: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path, "localhost")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with endpoint.listening(context) as other:
        url = other.url.replace("http://127.0.0.1", f"https://{host}")
        if holds:
            assert post(url, b"{}", {}, reach=HERE).status == 204
            return
        with pytest.raises(ChannelError, match="its certificate does not hold"):
            post(url, b"{}", {}, reach=HERE)
        assert other.told == []
