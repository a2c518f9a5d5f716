"""Lines to the mail server: shared by many messages, replaced when they are dead, and nothing handed over unasked.

Guards row 4 of the known failures: what is cut short before the server waits for the text can be sent again safely.
"""

from __future__ import annotations

from asyncio import Transport
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from pro_service.channels import email
from pro_service.channels.email import opened, send
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Send, freely
from pro_service.settings import Settings
from tests.channels.test_email import MESSAGE, at
from tests.support.ports import free_port
from tests.support.postbox import listening

REFUSED = "refused@home.test"


@dataclass
class Exchange:
    """A mail server that notes on which line each text came, and says what it is told to."""

    lines: list[object] = field(default_factory=list)
    """Whose line each text came on: an address with a port."""
    said: list[str] = field(default_factory=list)
    """What to answer to the next commands MAIL, one after the other; then yes."""
    to_texts: list[str] = field(default_factory=list)
    hangs_up: bool = False
    """After each text it has taken."""

    async def handle_MAIL(  # noqa: N802  # aiosmtpd finds its hooks by these names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.said.pop(0) if self.said else "250 OK"
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802  # as above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == REFUSED:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, _envelope: Envelope) -> str:  # noqa: N802  # as above
        self.lines.append(session.peer)
        if self.hangs_up:
            assert isinstance(server.transport, Transport)
            server.loop.call_soon(server.transport.close)  # after the answer
        return self.to_texts.pop(0) if self.to_texts else "250 taken"


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def settings(exchange: Exchange, tmp_path: Path) -> Iterator[Settings]:
    with listening(exchange) as url:
        yield at(tmp_path, url)


def nothing(_: Exchange) -> None:
    """The server does as it should."""


def hang_up(exchange: Exchange) -> None:
    exchange.hangs_up = True


def close_at_the_second(exchange: Exchange) -> None:
    exchange.said = ["250 OK", "421 too long here", "250 OK", "250 OK"]


def refuse_the_first_text(exchange: Exchange) -> None:
    exchange.to_texts = ["554 it looks like spam"]


def close_instead_of_taking_the_first_text(exchange: Exchange) -> None:
    exchange.to_texts = ["421 going down"]


def outcome(send_one: Send) -> str:
    """What was said of one message; never that nobody knows."""
    try:
        return send_one(MESSAGE, freely).detail
    except ChannelError as error:
        return error.message + (", uncertain" if error.uncertain else "")


@pytest.mark.parametrize(
    ("manner", "told", "lines"),
    [
        pytest.param(nothing, ["250", "250", "250"], 1, id="as it should"),
        pytest.param(hang_up, ["250", "250", "250"], 3, id="hangs up after each"),
        pytest.param(close_at_the_second, ["250", "250", "250"], 2, id="has had enough of this line"),
        pytest.param(refuse_the_first_text, ["text refused: 554", "250", "250"], 1, id="refuses a text"),
        pytest.param(
            close_instead_of_taking_the_first_text, ["connection refused: 421", "250", "250"], 2, id="goes down"
        ),
    ],
)
def test_messages_share_a_line_as_long_as_it_lives(
    exchange: Exchange, settings: Settings, manner: Callable[[Exchange], None], told: list[str], lines: int
) -> None:
    manner(exchange)
    with opened(settings) as send_one:
        said = [outcome(send_one) for _ in range(3)]
    assert (said, len(set(exchange.lines)), len(exchange.lines)) == (told, lines, 3)


def test_a_refused_address_leaves_the_line_to_the_others(exchange: Exchange, settings: Settings) -> None:
    with opened(settings) as send_one:
        send_one(MESSAGE, freely)
        with pytest.raises(ChannelError) as raised:
            send_one(replace(MESSAGE, to=REFUSED), freely)
        send_one(MESSAGE, freely)
    assert raised.value.gone
    assert len(exchange.lines) == 2
    assert len(set(exchange.lines)) == 1


def test_a_line_serves_so_many_and_no_more(
    exchange: Exchange, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "MOST", 2)
    with opened(settings) as send_one:
        for _ in range(5):
            send_one(MESSAGE, freely)
    assert [exchange.lines.count(one) for one in dict.fromkeys(exchange.lines)] == [2, 2, 1]


def test_two_at_a_time_have_two_lines(exchange: Exchange, settings: Settings) -> None:
    together = Barrier(2)

    def together_with_the_other() -> None:
        together.wait(60)

    with opened(settings) as send_one, ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            list(pool.map(lambda _: send_one(MESSAGE, together_with_the_other), range(2)))
    assert len(exchange.lines) == 6
    assert len(set(exchange.lines)) == 2


def test_nothing_is_handed_over_before_the_server_waits_for_the_text(exchange: Exchange, settings: Settings) -> None:
    """Neither where the address is refused, nor where nobody is there."""
    asked: list[int] = []

    def handing() -> None:
        asked.append(len(exchange.lines))

    send(MESSAGE, settings, handing)
    with pytest.raises(ChannelError):
        send(replace(MESSAGE, to=REFUSED), settings, handing)
    with pytest.raises(ChannelError):
        send(MESSAGE, settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{free_port()}"}), handing)
    assert (asked, len(exchange.lines)) == ([0], 1)


def test_what_may_not_be_handed_over_never_arrives(exchange: Exchange, settings: Settings) -> None:
    def refused() -> None:
        raise ChannelError("somebody else has it")

    with opened(settings) as send_one:
        with pytest.raises(ChannelError, match="somebody else has it"):
            send_one(MESSAGE, refused)
        send_one(MESSAGE, freely)
    assert len(exchange.lines) == 1


def test_a_server_that_will_not_have_us_is_asked_again(exchange: Exchange, settings: Settings) -> None:
    """It says so of the connection, a password perhaps, and nothing of the message."""
    exchange.said = ["421 closed for today"]
    with pytest.raises(ChannelError, match="connection refused: 421") as raised:
        send(MESSAGE, settings)
    assert (raised.value.permanent, raised.value.uncertain) == (False, False)
