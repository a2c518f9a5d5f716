"""One frozen settings object from PRO_* variables. What is missing, malformed or unknown stops the start, by name.

In development and test, the secrets are made once and kept under the data directory, readable by its owner alone. In
production nothing is made up: see `_refuse_in_production`.
"""

from __future__ import annotations

import base64
import difflib
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pro_service.domain.errors import InvalidSetting

PREFIX = "PRO_"
DEVELOPMENT = "development-"
"""How a secret begins that was made up for development: production refuses it."""
VAPID_BYTES = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many private keys the curve P-256 has, and one."""
DAY = 86_400
LEAST_SECRET = 32
"""How many characters a secret key needs, wherever one is given."""


class Settings(BaseModel):
    """Everything that differs between two installations. Each field is the variable PRO_<FIELD>."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    env: Literal["development", "production", "test"] = Field(
        "development",
        description="`production` refuses to start on secrets, wording or a database meant for trying out.",
    )
    data_dir: Path = Field(
        Path("var"), description="Folder for files: exports, the outbox, the embedded database and broker."
    )
    database_url: str = Field(
        "",
        description="`postgresql://user:password@host/name`, or `sqlite:///path`. Empty: SQLite under the data folder.",
    )
    database_idle_seconds: int = Field(
        30,
        ge=0,
        le=DAY,
        description="After how long PostgreSQL ends a transaction that stands still, so that a frozen process holds up "
        "no other. 0: what the server is set to.",
    )
    database_lock_seconds: int = Field(
        40,
        ge=0,
        le=DAY,
        description="How long to wait for another transaction before `try again`; longer than the former. 0: as above.",
    )
    database_statement_seconds: int = Field(
        300, ge=0, le=DAY, description="How long one statement may take, migrations aside. 0: as above."
    )
    redis_url: str = Field(
        "", description="`redis://host:6379/0`: the broker of the workers. Empty: a local broker under the data folder."
    )
    secret_key: str = Field(
        "",
        repr=False,
        description="At least 32 random characters; guards sign-in tokens. Changing it signs everybody out and spoils "
        "links already sent.",
    )
    contact_keys: str = Field(
        "",
        repr=False,
        description="Key ring that seals names and addresses, `id:base64,id:base64` (32 bytes each). The first seals, "
        "all open. `pro key new` makes one, `pro key rotate` seals everything with the first.",
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="How people reach the service; links in messages begin so."
    )
    smtp_url: str = Field(
        "",
        repr=False,
        description="`smtp://user:password@host:587?starttls=yes`. Empty: messages become files in the outbox.",
    )
    mail_from: str = Field("noreply@localhost", description="Sender address of e-mail messages.")
    sms_url: str = Field(
        "",
        repr=False,
        description="Address of the text message provider, as Apprise writes it, with `{to}` for the number: "
        "`twilio://SID:TOKEN@+31600000000/{to}`. Empty: no text messages.",
    )
    vapid_key: str = Field(
        "",
        repr=False,
        description="Private key that signs push messages; `pro key vapid` makes one. After another key "
        "messages go by e-mail until a person subscribes anew. Empty: no push messages.",
    )
    push_hosts: str = Field(
        "fcm.googleapis.com *.push.services.mozilla.com *.notify.windows.com *.push.apple.com",
        description="Hosts of the push services that may be called, `*.` for any name below; no others ever are.",
    )
    webhook_networks: str = Field(
        "",
        description="Private networks that webhooks may call, `10.1.0.0/16,...`. Empty: the public internet only.",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=9,
        description="How many proxies of yours stand in front, each adding to X-Forwarded-For: limits then count each "
        "caller's own address. 0: that header is not believed, and behind a proxy all callers share its address.",
    )
    session_idle_minutes: int = Field(
        60,
        ge=5,
        le=1440,
        description="After so many minutes without an answer a patient signs in again, by the same link; nothing is "
        "lost. 5 to 1440.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    metrics_token: str = Field(
        "", repr=False, description="Bearer token that opens /metrics from elsewhere. Empty: only from this machine."
    )
    allow_sqlite: bool = Field(False, description="`yes` lets production run on SQLite: one machine, small studies.")
    allow_placeholders: bool = Field(
        False, description="`yes` lets production start although questionnaires show placeholder wording."
    )

    @field_validator("base_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        expected = "expected http://host or https://host"
        parts = urlsplit(_located(value, ("http", "https"), expected))
        if parts.query or parts.fragment:
            raise ValueError(expected)
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _a_broker(cls, value: str) -> str:
        return _located(value, ("redis", "rediss"), "expected redis://host:6379/0")

    @field_validator("smtp_url")
    @classmethod
    def _a_mail_server(cls, value: str) -> str:
        return _located(value, ("smtp", "smtps"), "expected smtp://user:password@host:587?starttls=yes")

    @field_validator("sms_url")
    @classmethod
    def _a_provider(cls, value: str) -> str:
        """Whether Apprise knows the provider is asked where text messages are sent: `channels.sms.check`."""
        scheme, found, _ = value.partition("://")
        if value and not (found and scheme.isalnum() and "{to}" in value):
            raise ValueError("expected an Apprise address with {to} for the number, twilio://SID:TOKEN@FROM/{to}")
        return value

    @field_validator("vapid_key")
    @classmethod
    def _a_private_key(cls, value: str) -> str:
        expected = "expected 32 bytes as base64url; `pro key vapid` makes one"
        try:
            key = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        except ValueError:
            raise ValueError(expected) from None
        if value and (len(key) != VAPID_BYTES or not 0 < int.from_bytes(key, "big") < P256_ORDER):
            raise ValueError(expected)
        return value

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            _parts(value)
        except ValueError:  # its own message would quote the value
            raise ValueError("expected networks such as 10.1.0.0/16,fd00:1::/64") from None
        return value

    @field_validator("mail_from")
    @classmethod
    def _a_sender(cls, value: str) -> str:
        name, _, domain = parseaddr(value)[1].rpartition("@")
        if not name or not domain or " " in name + domain:
            raise ValueError("expected name@host, or Study team <name@host>")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < LEAST_SECRET:
            raise ValueError(f"expected at least {LEAST_SECRET} characters; `pro key new` makes one")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: str) -> str:
        return value.lower()

    @property
    def session_idle(self) -> timedelta:
        """How long a patient's session lasts without an answer."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The private networks that webhooks may call."""
        return _parts(self.webhook_networks)

    @property
    def production(self) -> bool:
        """Do real people depend on this installation?"""
        return self.env == "production"


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in these variables; by default the process's own. An empty variable counts as absent.

    Raises InvalidSetting, one line that names the variable and says what was expected.
    """
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value.strip()}
    for name in given:
        _require_known(name)
    settings = _parsed({name.removeprefix(PREFIX).lower(): value.strip() for name, value in given.items()})
    if settings.production:
        _refuse_in_production(settings)
    else:
        settings = _with_development_secrets(settings)
    if not settings.database_url:
        settings = settings.model_copy(update={"database_url": f"sqlite:///{settings.data_dir / 'pro.sqlite'}"})
    return settings


def _parts(networks: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part.strip()) for part in networks.split(",") if part.strip())


def _located(value: str, schemes: tuple[str, ...], expected: str) -> str:
    """An address with one of these schemes, a host, and a port that is a number where one is given; or nothing."""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its own message would quote the port
        sound = False
    if value and not sound:
        raise ValueError(expected)
    return value


def variable(field: str) -> str:
    """The name of the environment variable of a field."""
    return PREFIX + field.upper()


def _require_known(name: str) -> None:
    known = [variable(field) for field in Settings.model_fields]
    if name not in known:
        # without the prefix that all share, or everything resembles everything
        near = difflib.get_close_matches(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "see docs/reference/settings.md"
        raise InvalidSetting(f"{name}: there is no such setting; {hint}")


def _parsed(values: dict[str, Any]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        raise InvalidSetting(f"{variable(field)}: {first['msg'].removeprefix('Value error, ')}") from None


def _refuse_in_production(settings: Settings) -> None:
    if not settings.database_url.startswith("postgresql") and not settings.allow_sqlite:
        raise InvalidSetting(
            "PRO_DATABASE_URL: production wants postgresql://...; for one small machine set PRO_ALLOW_SQLITE=yes"
        )
    for field in ("secret_key", "contact_keys"):
        value = str(getattr(settings, field))
        if not value:
            raise InvalidSetting(f"{variable(field)}: production needs it; `pro key new` makes one")
        if DEVELOPMENT in value:
            raise InvalidSetting(f"{variable(field)}: this was made for development; production needs its own")
    address = urlsplit(settings.base_url)
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InvalidSetting("PRO_BASE_URL: production needs https://")


def _with_development_secrets(settings: Settings) -> Settings:
    """Fill in the secrets that were not given from files under the data directory, made at first use."""
    made = {
        "secret_key": DEVELOPMENT + secrets.token_urlsafe(32),
        "contact_keys": f"{DEVELOPMENT}1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    try:
        missing = {
            field: _kept(settings.data_dir / field, fresh)
            for field, fresh in made.items()
            if not getattr(settings, field)
        }
    except OSError as error:
        raise InvalidSetting(f"PRO_DATA_DIR: cannot keep files under {settings.data_dir}: {error.strerror}") from None
    return settings.model_copy(update=missing)


def _kept(path: Path, fresh: str) -> str:
    """The text in a file only we can read; written first where there is none. Two processes agree on one text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(fresh, encoding="utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    finally:
        draft.unlink()
    return fresh
