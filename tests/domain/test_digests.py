"""Digests: on which mornings, to whom, and how they read with no row, one, nine and five hundred."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain import digests
from pro_service.domain.audit import Actor
from pro_service.domain.digests import Digest, Late, Reader, Trouble
from pro_service.domain.messages import fill
from pro_service.domain.reminders import Kind
from pro_service.domain.staff_texts import LANGUAGES, LINES, MOST_ROWS, TEXTS, digest_values, words
from pro_service.studies.reader import read, shipped

AMSTERDAM = "Europe/Amsterdam"
TEXT, PATH = shipped("scopes")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "following"),
    [
        ("2026-01-12T06:29:59", "2026-01-12T06:30:00"),  # Monday, 7:30 in winter
        ("2026-01-12T06:30:00", "2026-01-13T06:30:00"),
        ("2026-01-16T06:30:00", "2026-01-19T06:30:00"),  # Friday -> Monday
        ("2026-01-17T12:00:00", "2026-01-19T06:30:00"),
        ("2026-01-18T23:30:00", "2026-01-19T06:30:00"),  # Monday already, locally
        ("2026-03-27T06:30:00", "2026-03-30T05:30:00"),  # over the weekend on which summer time begins
        ("2026-03-29T00:59:00", "2026-03-30T05:30:00"),
        ("2026-03-29T01:01:00", "2026-03-30T05:30:00"),
        ("2026-10-23T05:30:00", "2026-10-26T06:30:00"),  # and over the one on which it ends
        ("2026-10-25T00:30:00", "2026-10-26T06:30:00"),
        ("2026-10-25T01:30:00", "2026-10-26T06:30:00"),
    ],
)
def test_the_next_morning(now: str, following: str) -> None:
    assert digests.next_at(at(now), AMSTERDAM) == at(following)


@pytest.mark.parametrize(
    ("now", "zone", "day"),
    [
        ("2026-01-12T06:29:00", AMSTERDAM, None),  # too early
        ("2026-01-12T06:30:00", AMSTERDAM, "2026-01-12"),
        ("2026-01-12T22:59:00", AMSTERDAM, "2026-01-12"),  # nobody worked all day: late, but today
        ("2026-01-12T23:00:00", AMSTERDAM, None),  # tomorrow, and too early
        ("2026-01-17T12:00:00", AMSTERDAM, None),  # Saturday
        ("2026-01-18T12:00:00", AMSTERDAM, None),
        ("2026-01-12T12:29:00", "America/New_York", None),
        ("2026-01-12T12:30:00", "America/New_York", "2026-01-12"),
        ("2026-01-18T22:30:00", "Pacific/Auckland", "2026-01-19"),  # Sunday here, Monday there
        ("2026-01-16T18:30:00", "Pacific/Auckland", None),
    ],
)
def test_whose_day_it_is(now: str, zone: str, day: str | None) -> None:
    assert digests.day(at(now), zone) == (date.fromisoformat(day) if day else None)


@given(
    st.integers(0, 15 * 365 * 24 * 60).map(lambda minutes: at("2020-01-01T00:00:00") + timedelta(minutes=minutes)),
    st.sampled_from([AMSTERDAM, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "UTC"]),
)
def test_the_next_morning_is_a_weekday_at_half_past_seven_and_soon(now: datetime, zone: str) -> None:
    following = digests.next_at(now, zone)
    here = following.astimezone(ZoneInfo(zone))
    assert here.weekday() < 5
    assert (here.hour, here.minute) == (7, 30)
    assert now < following <= now + timedelta(days=3, hours=2)
    assert digests.day(following, zone) == here.date()


STUDY = read(TEXT, file=str(PATH), catalogue_codes=None)
coordinator = Actor("staff", "1", "coordinator", "scopes", "nki")


@pytest.mark.parametrize(
    ("actor", "sites"),
    [
        (coordinator, {"scopes": ("nki",)}),
        (Actor("staff", "2", "data_manager", "scopes"), {"scopes": STUDY.site_codes}),
        (Actor("staff", "3", "admin"), {"scopes": STUDY.site_codes}),
        (Actor("staff", "4", "coordinator", "scopes", "elsewhere"), {}),
        (Actor("staff", "5", "coordinator", "other"), {}),
        (Actor("staff", "6", "statistician", "scopes"), {}),
        (Actor("staff", "7", "monitor", "scopes"), {}),
        (Actor("staff", "8", "investigator", "scopes"), {}),
        (Actor("staff", "9", ""), {}),
    ],
)
def test_who_is_told_about_which_sites(actor: Actor, sites: dict[str, tuple[str, ...]]) -> None:
    assert digests.places(actor, [STUDY]) == sites


LATE = Late("scopes", "nki", "NKI-001", {"en": "Three months", "nl": "Drie maanden"}, 9)
TROUBLE = Trouble(UUID(int=1), "scopes", "nki", "NKI-002", "failed")
READER = Reader(coordinator, "en", "all", places={"scopes": ("nki",)})


@pytest.mark.parametrize(
    ("reader", "digest", "kind"),
    [
        (READER, Digest((LATE,)), Kind.SEND),
        (READER, Digest((), (TROUBLE,)), Kind.SEND),
        (READER, Digest(), Kind.NOTHING),
        (Reader(coordinator, "en", "urgent", places=READER.places), Digest((LATE,)), Kind.OPTED_OUT),
        (Reader(coordinator, "en", "none", places=READER.places), Digest((LATE,)), Kind.OPTED_OUT),
        (Reader(coordinator, "en", "all"), Digest((LATE,)), Kind.DISABLED),
        (Reader(coordinator, "en", "all", disabled=True, places=READER.places), Digest((LATE,)), Kind.DISABLED),
    ],
)
def test_who_gets_a_digest(reader: Reader, digest: Digest, kind: Kind) -> None:
    assert digests.decide(reader, digest).kind is kind


@pytest.mark.parametrize(("wish", "kind"), [("all", Kind.SEND), ("urgent", Kind.SEND), ("none", Kind.OPTED_OUT)])
def test_who_gets_what_is_urgent(wish: str, kind: Kind) -> None:
    assert digests.decide_urgent(Reader(coordinator, "en", wish)).kind is kind
    assert digests.decide_urgent(Reader(coordinator, "en", wish, disabled=True)).kind is Kind.DISABLED


def test_only_ones_own_sites_are_in_ones_digest() -> None:
    other = Late("scopes", "lumc", "LUMC-001", {"en": "Baseline"}, 20)
    assert digests.addressed(READER, late=[LATE, other], troubles=[TROUBLE]) == Digest((LATE,), (TROUBLE,))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rows", [0, 1, 9, 500])
def test_a_digest_reads_well_with_any_number_of_rows(rows: int, language: str) -> None:
    """Failure row 22: a staff report died with fewer than ten rows."""
    late = tuple(Late("scopes", "nki", f"NKI-{n:03}", LATE.timepoint, 7 + n) for n in range(rows))
    troubles = tuple(Trouble(UUID(int=n), "scopes", "nki", f"NKI-{n:03}", "unknown") for n in range(rows))
    values = digest_values(Digest(late, troubles), language=language, base_url="https://pro.test")
    lines = values["places"].splitlines()
    codes = [line for line in lines if line.startswith("  NKI-")]
    assert (values["late"], values["troubles"]) == (str(rows), str(rows))
    assert len(codes) == 2 * min(rows, MOST_ROWS)
    more = fill(LINES[language].more, {"count": str(rows - MOST_ROWS)})
    assert lines.count(more) == (2 if rows > MOST_ROWS else 0)
    if rows:
        assert codes[0].startswith(f"  NKI-{rows - 1:03}: {LATE.timepoint[language]}, {6 + rows} ")  # longest first
        assert "https://pro.test/staff/studies/scopes" in lines[0]
    else:
        assert lines == []


def test_sites_stand_apart_in_the_order_of_their_codes() -> None:
    both = (LATE, Late("scopes", "lumc", "LUMC-001", {"en": "Baseline"}, 1))
    values = digest_values(Digest(both, (TROUBLE,)), language="en", base_url="https://pro.test")
    assert values["places"] == (
        "scopes, site lumc: https://pro.test/staff/studies/scopes\n"
        "Overdue:\n"
        "  LUMC-001: Baseline, 1 day\n"
        "\n"
        "scopes, site nki: https://pro.test/staff/studies/scopes\n"
        "Overdue:\n"
        "  NKI-001: Three months, 9 days\n"
        "Messages that did not arrive:\n"
        "  NKI-002: could not be delivered"
    )


def test_every_occasion_is_written_in_every_language() -> None:
    assert set(LINES) == set(LANGUAGES)
    for occasion, texts in TEXTS.items():
        assert set(texts) == set(LANGUAGES)
        assert words(occasion, "fr") == texts["en"]
