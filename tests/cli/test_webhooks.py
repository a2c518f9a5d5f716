"""Endpoints from a shell: add, test, list, disable, enable, rotate, remove; and which messages an account gets."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Pro
from tests.support import endpoint
from tests.support.endpoint import Endpoint


@pytest.fixture
def pro(installed: Pro) -> Pro:
    """Runs `pro` with these arguments over the test's own database: status, what it printed, what it complained of."""
    return installed


@pytest.fixture
def other() -> Iterator[Endpoint]:
    with endpoint.listening() as one:
        yield one


def test_the_life_of_an_endpoint(pro: Pro, other: Endpoint, scopes: object) -> None:
    status, out, err = pro("webhook", "add", "scopes", other.url, "--event", "alert.raised", "--label", "EDC")
    assert (status, err) == (0, "")
    found = re.fullmatch(r"id: (\S+)\nsecret: (whsec_\S+)\n", out)
    assert found is not None
    one, secret = found.groups()
    assert pro("webhook", "test", one) == (0, "it answered 204\n", "")
    assert other.types() == ["webhook.test"]
    assert other.told[0].signed_with(secret)
    status, out, _ = pro("webhook", "list", "--study", "scopes")
    assert status == 0
    assert out == f"{one}  scopes, every site  enabled  EDC\n    {other.url}\n    alert.raised\n"
    assert pro("webhook", "disable", one) == (0, "disabled\n", "")
    assert "disabled: by-hand" in pro("webhook", "list")[1]
    assert pro("webhook", "enable", one) == (0, "enabled\n", "")
    status, out, _ = pro("webhook", "rotate", one, "--overlap", "2")
    assert re.fullmatch(r"secret: whsec_\S+\n", out)
    assert pro("webhook", "remove", one, "--dry-run") == (0, f"would remove {other.url} of scopes\n", "")
    assert pro("webhook", "remove", one) == (0, f"removed {other.url} of scopes\n", "")
    assert pro("webhook", "test", one) == (1, "", "not-found: there is no such webhook\n")


@pytest.mark.parametrize(("answer", "said"), [(500, "it answered 500\n"), ("drop", "channel-error: no answer")])
def test_an_endpoint_that_does_not_take_it_is_a_problem(
    answer: int | str, said: str, pro: Pro, other: Endpoint, scopes: object
) -> None:
    one = pro("webhook", "add", "scopes", other.url)[1].split()[1]
    other.script = [answer]
    status, out, err = pro("webhook", "test", one)
    assert (status, out, err.startswith(said)) == (1, "", True)


def test_wrong_use(pro: Pro, scopes: object) -> None:
    assert pro("webhook", "add", "scopes", "https://edc.example.org", "--event", "everything")[0] == 2
    assert pro("webhook", "test", "seventeen")[0] == 2
    status, _, err = pro("webhook", "add", "scopes", "http://edc.example.org")
    assert (status, err) == (1, "invalid: this address cannot be called\nurl: expected https://host/path\n")


def test_which_messages_an_account_gets(pro: Pro) -> None:
    where = ("--role", "coordinator", "--study", "scopes", "--site", "nki")
    pro("staff", "add", "ann@example.org", *where, "--password", "correct horse battery")
    assert pro("staff", "prefer", "ann@example.org") == (0, "messages: all, language: en\n", "")
    asked = ("--language", "nl", "--messages", "urgent")
    assert pro("staff", "prefer", "ann@example.org", *asked) == (0, "messages: urgent, language: nl\n", "")
    assert pro("staff", "prefer", "ann@example.org", "--language", "fr")[0] == 2
