"""E-mail over TLS to a real SMTP server: encrypted where asked, never to a server that cannot prove its name."""

from __future__ import annotations

import ssl
from asyncio import BaseTransport
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pro_service.channels.email import send
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Message
from pro_service.settings import from_environment
from tests.support.postbox import listening

MESSAGE = Message(
    id="0190a5", at=datetime(2026, 1, 12, 9, tzinfo=UTC), to="someone@home.test", subject="s", text="t", html="h",
    unsubscribe="https://pro.test/m/abc",
)  # fmt: skip


class Postbox:
    """Keeps what arrives, and whether it came encrypted and signed in."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, bool, bool]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's
        assert isinstance(server.transport, BaseTransport)
        assert isinstance(envelope.content, bytes)
        encrypted = session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None
        self.received.append((envelope.content, encrypted, bool(session.authenticated)))
        return "250 taken"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


def only_ann(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, said: object) -> AuthResult:
    fine = isinstance(said, LoginPassword) and (said.login, said.password) == (b"ann", b"p@ss")
    return AuthResult(success=fine, handled=False)


@contextmanager
def server(postbox: Postbox, certificate: Path, *, from_the_first_byte: bool) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    more = {"ssl_context": context} if from_the_first_byte else {"tls_context": context, "require_starttls": True}
    with listening(postbox, authenticator=only_ann, auth_require_tls=False, **more) as url:
        yield url


@pytest.fixture
def hand_over(certificate: Path, tmp_path: Path) -> Iterator[Callable[[str], Postbox]]:
    """Sends the message to `{host}` of an address that a server of that kind listens at; answers its postbox."""
    with ExitStack() as stack:

        def call(url: str) -> Postbox:
            postbox = Postbox()
            here = stack.enter_context(server(postbox, certificate, from_the_first_byte=url.startswith("smtps")))
            address = url.replace("{port}", str(urlsplit(here).port))
            settings = from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(tmp_path), "PRO_SMTP_URL": address})
            send(MESSAGE, settings)
            return postbox

        yield call


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts whoever signed the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    "url",
    [
        "smtps://127.0.0.1:{port}",
        "smtp://127.0.0.1:{port}?starttls=yes",
        "smtps://ann:p%40ss@127.0.0.1:{port}",
        "smtp://ann:p%40ss@localhost:{port}?starttls=yes",
    ],
)
def test_mail_goes_encrypted_and_signed_in_where_the_address_says_so(
    hand_over: Callable[[str], Postbox], url: str
) -> None:
    ((content, encrypted, signed_in),) = hand_over(url).received
    assert encrypted
    assert signed_in == ("ann:" in url)
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in content
    assert b"List-Unsubscribe: <https://pro.test/m/abc>" in content


@pytest.mark.parametrize("url", ["smtps://127.0.0.1:{port}", "smtp://127.0.0.1:{port}?starttls=yes"])
def test_a_server_that_cannot_prove_its_name_gets_nothing(hand_over: Callable[[str], Postbox], url: str) -> None:
    with pytest.raises(ChannelError) as raised:
        hand_over(url)
    assert not raised.value.permanent


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_said_without_it(hand_over: Callable[[str], Postbox]) -> None:
    with pytest.raises(ChannelError) as raised:
        hand_over("smtps://ann:hush@127.0.0.1:{port}")
    assert "hush" not in str(raised.value)
    assert "535" in str(raised.value)
