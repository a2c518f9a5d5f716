"""Settings: what stops the start, what is made up in development, and that all of it is documented."""

from __future__ import annotations

import re
import stat
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.errors import InvalidSetting
from pro_service.domain.instruments import Instrument
from pro_service.runtime import build
from pro_service.settings import Settings, from_environment, variable
from pro_service.storage.keyring import new_key

ROOT = Path(__file__).resolve().parent.parent
KEYS = f"2026:{b64encode(bytes(range(32))).decode()}"  # the same in every process that collects these tests
PRODUCTION = {
    "PRO_ENV": "production",
    "PRO_DATABASE_URL": "postgresql://pro:hush@db/pro",
    "PRO_SECRET_KEY": "x" * 40,
    "PRO_CONTACT_KEYS": KEYS,
    "PRO_BASE_URL": "https://pro.example.org",
}


@pytest.mark.parametrize(
    ("given_", "line"),
    [
        ({"PRO_DATABSE_URL": "x"}, "PRO_DATABSE_URL: there is no such setting; did you mean PRO_DATABASE_URL?"),
        ({"PRO_ZZZ": "x"}, "PRO_ZZZ: there is no such setting; see docs/reference/settings.md"),
        ({"PRO_ENV": "prod"}, "PRO_ENV: Input should be 'development', 'production' or 'test'"),
        ({"PRO_LOG_LEVEL": "loud"}, "PRO_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'"),
        ({"PRO_BASE_URL": "example.org"}, "PRO_BASE_URL: expected http://host or https://host"),
        ({"PRO_BASE_URL": "http://example.org:port"}, "PRO_BASE_URL: expected http://host or https://host"),
        ({"PRO_REDIS_URL": "http://redis:6379"}, "PRO_REDIS_URL: expected redis://host:6379/0"),
        ({"PRO_REDIS_URL": "redis://:hush@redis:port"}, "PRO_REDIS_URL: expected redis://host:6379/0"),
        ({"PRO_SMTP_URL": "mail.example.org"}, "PRO_SMTP_URL: expected smtp://user:password@host:587"),
        ({"PRO_SMTP_URL": "smtp://u:hush@host:port"}, "PRO_SMTP_URL: expected smtp://user:password@host:587"),
        ({"PRO_SMTP_URL": "smtp://"}, "PRO_SMTP_URL: expected smtp://user:password@host:587"),
        ({"PRO_SMS_URL": "sms.example.org"}, "PRO_SMS_URL: expected an Apprise address with {to} for the number"),
        ({"PRO_SMS_URL": "twilio://hush@from"}, "PRO_SMS_URL: expected an Apprise address with {to} for the number"),
        ({"PRO_VAPID_KEY": "hush"}, "PRO_VAPID_KEY: expected 32 bytes as base64url; `pro key vapid` makes one"),
        ({"PRO_VAPID_KEY": "_" * 43}, "PRO_VAPID_KEY: expected 32 bytes as base64url; `pro key vapid` makes one"),
        ({"PRO_MAIL_FROM": "study team"}, "PRO_MAIL_FROM: expected name@host"),
        ({"PRO_MAIL_FROM": "study@"}, "PRO_MAIL_FROM: expected name@host"),
        ({"PRO_SECRET_KEY": "short"}, "PRO_SECRET_KEY: expected at least 32 characters"),
        ({"PRO_DATA_DIR": "/dev/null/var"}, "PRO_DATA_DIR: cannot keep files under /dev/null/var: Not a directory"),
        ({"PRO_FOO": "x"}, "PRO_FOO: there is no such setting; see docs/reference/settings.md"),
        ({"PRO_ALLOW_SQLITE": "perhaps"}, "PRO_ALLOW_SQLITE: Input should be a valid boolean"),
        ({**PRODUCTION, "PRO_DATABASE_URL": ""}, "PRO_DATABASE_URL: production wants postgresql://"),
        (
            {**PRODUCTION, "PRO_DATABASE_URL": "sqlite:///pro.sqlite"},
            "PRO_DATABASE_URL: production wants postgresql://",
        ),
        ({**PRODUCTION, "PRO_SECRET_KEY": ""}, "PRO_SECRET_KEY: production needs it"),
        ({**PRODUCTION, "PRO_SECRET_KEY": "short"}, "PRO_SECRET_KEY: expected at least 32 characters"),
        ({**PRODUCTION, "PRO_SECRET_KEY": "development-" + "x" * 40}, "PRO_SECRET_KEY: this was made for development"),
        ({**PRODUCTION, "PRO_CONTACT_KEYS": ""}, "PRO_CONTACT_KEYS: production needs it"),
        (
            {**PRODUCTION, "PRO_CONTACT_KEYS": new_key("development-1")},
            "PRO_CONTACT_KEYS: this was made for development",
        ),
        ({**PRODUCTION, "PRO_BASE_URL": "http://pro.example.org"}, "PRO_BASE_URL: production needs https://"),
    ],
)
def test_what_is_wrong_stops_the_start_with_one_line_that_names_it(
    given_: dict[str, str], line: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSetting) as caught:
        from_environment({"PRO_DATA_DIR": str(tmp_path), **given_})
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("contact_keys", "line"),
    [
        ("nonsense", "PRO_CONTACT_KEYS: entry 1 is not id:base64"),
        (f"{KEYS},old", "PRO_CONTACT_KEYS: entry 2 is not id:base64"),
        ("a:###", "PRO_CONTACT_KEYS: entry 1 is not base64"),
        ("a:QUJD", "PRO_CONTACT_KEYS: entry 1 has 3 bytes, expected 32"),
        (f"{KEYS},{KEYS}", "PRO_CONTACT_KEYS: the id of entry 2 is used twice"),
    ],
)
def test_a_malformed_key_ring_stops_the_start(contact_keys: str, line: str, tmp_path: Path) -> None:
    settings = from_environment({"PRO_DATA_DIR": str(tmp_path), "PRO_CONTACT_KEYS": contact_keys})
    with pytest.raises(InvalidSetting, match=re.escape(line)):
        build(settings)


@pytest.mark.parametrize("url", ["mysql://here/x", "not a url", "sqlite://", "sqlite:///:memory:"])
def test_a_database_we_do_not_know_stops_the_start(url: str, tmp_path: Path) -> None:
    settings = from_environment({"PRO_DATA_DIR": str(tmp_path), "PRO_DATABASE_URL": url})
    with pytest.raises(InvalidSetting, match="PRO_DATABASE_URL"):
        build(settings)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"PRO_DATABASE_URL": "sqlite:///pro.sqlite", "PRO_ALLOW_SQLITE": "yes"},
        {"PRO_BASE_URL": "http://127.0.0.1:8000"},
    ],
)
def test_production_starts_on_settings_of_its_own(more: dict[str, str]) -> None:
    assert from_environment({**PRODUCTION, **more}).production


def test_a_production_runtime_can_be_built_to_load_wording_into() -> None:
    """Whether placeholders would be shown is asked when the service starts: see tests/services/test_wording.py."""
    runtime = build(from_environment(PRODUCTION))
    assert all(isinstance(instrument, Instrument) for instrument in runtime.catalogue.values())


def test_development_makes_secrets_once_and_keeps_them_to_itself(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    first = from_environment({"PRO_DATA_DIR": str(folder)})
    again = from_environment({"PRO_DATA_DIR": str(folder), "PRO_ENV": "test"})
    assert (first.secret_key, first.contact_keys) == (again.secret_key, again.contact_keys)
    assert first.database_url == f"sqlite:///{folder}/pro.sqlite"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {path.name for path in folder.iterdir()} == {"secret_key", "contact_keys"}


def test_an_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    settings = from_environment({"PRO_DATA_DIR": str(tmp_path), "PRO_LOG_LEVEL": " ", "PRO_REDIS_URL": ""})
    assert (settings.log_level, settings.redis_url) == ("info", "")


def test_secrets_are_not_shown_and_settings_do_not_change() -> None:
    settings = from_environment(PRODUCTION)
    assert "x" * 40 not in repr(settings)
    assert KEYS not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.env = "test"


@given(st.text(max_size=30), st.text(max_size=30))
def test_variables_of_others_are_none_of_our_business(name: str, value: str) -> None:
    if not name.startswith("PRO_"):
        assert from_environment({**PRODUCTION, name: value}) == from_environment(PRODUCTION)


def documented() -> dict[str, tuple[str, str]]:
    """Variable -> (default, description) as the reference page has it."""
    page = (ROOT / "docs/reference/settings.md").read_text()
    rows = re.findall(r"^\| `(PRO_[A-Z_]+)` \| (.*?) \| (.*) \|$", page, re.MULTILINE)
    return {name: (default.strip("` "), description) for name, default, description in rows}


def test_the_reference_page_is_complete_and_true() -> None:
    def shown(default: object) -> str:
        return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)

    fields = Settings.model_fields.items()
    assert documented() == {variable(name): (shown(field.default), field.description) for name, field in fields}


def test_the_example_is_complete_and_its_defaults_are_true() -> None:
    text = (ROOT / ".env.example").read_text()
    offered = {
        name: (bool(mark), value) for mark, name, value in re.findall(r"^(# )?(PRO_[A-Z_]+)=(.*)$", text, re.MULTILINE)
    }
    assert offered.keys() == {variable(name) for name in Settings.model_fields}
    for name, (commented, value) in offered.items():
        assert not commented or documented()[name][0] == value, f"{name}: a line that is off shows the default"
    blocks = text.split("\n\n")
    assert all(block.startswith("#") for block in blocks), "every setting has its comment"
