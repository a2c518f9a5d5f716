"""From the mail itself: a person's mail program unsubscribes them, they change their mind, and go away for a while."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from tests.support.clock import Clock
from tests.support.post import Post
from tests.support.postbox import Postbox


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_one_click_stops_messages_a_page_brings_them_back_and_a_pause_is_kept(
    post: Post, postbox: Postbox, client: FlaskClient, enrolled: Callable[..., Participant]
) -> None:
    """Failure rows 6 and 25: opened by a scanner it does nothing, pressed it holds, and it is not leaving the study."""
    person = enrolled()
    post.tick()
    (mail,) = postbox.received
    header = re.fullmatch(r"<https://pro\.test(/m/\S+)>", mail["List-Unsubscribe"])
    assert header
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = header[1]
    assert f"https://pro.test{link}" in words(mail)
    client.get(link)  # a mail scanner looks
    client.post(link, data={"List-Unsubscribe": "One-Click"})
    post.until("2026-01-17")
    assert len(postbox.received) == 1
    assert post.why(person, date(2026, 1, 15)) == ["opted_out"]
    client.post(link, data={"invitation": "yes", "reminder": "yes", "paused_until": "2026-01-20"})
    post.until("2026-01-23")
    assert post.outbox == ["01-12 09:00", "01-21 09:00"]
    assert post.why(person, date(2026, 1, 19)) == ["paused"]
    signs_in = re.search(r"https://pro\.test(/l/\S+)", words(postbox.received[-1]))
    assert signs_in
    assert client.post(signs_in[1]).status_code == 303
