"""What each person chose about messages, and what somebody may choose.

Kept as words beside the participant; what was never chosen is absent:

    channel                   a channel of this installation, or `none`: no messages at all
    invitation, reminder      `yes` or `no`: is this kind of message wanted? Wanted, unless said otherwise
    paused_until              the last day of a pause, YYYY-MM-DD; messages go on the morning after
    quiet_from, quiet_until   quiet hours of one's own, HH:MM local, on top of the study's night
    text_size                 of the pages
    moving_on                 `button` or `tap`: what leads on from a question to choose an answer of; `button`, unless
                              said otherwise

Turning messages off is not leaving the study: the questionnaires stay open to whoever has a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from pro_service.domain.errors import Problem
from pro_service.domain.protocol import OCCASIONS

NO_CHANNEL = "none"
"""The value of `channel` of someone who wants no messages."""

YES, NO = "yes", "no"
TEXT_SIZES = ("normal", "large", "largest")
BUTTON, TAP = "button", "tap"
LONGEST_PAUSE = timedelta(days=183)
"""Half a year: whoever wants none for longer wants none, and says so."""

STOPPED: Mapping[str, str | None] = dict.fromkeys(OCCASIONS, NO)
"""The choices of whoever unsubscribes from everything with one click."""

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def wants(preferences: Mapping[str, str], occasion: str) -> bool:
    """Does this person want that kind of message?"""
    return preferences.get(occasion) != NO


def hears(preferences: Mapping[str, str]) -> bool:
    """Is this person told when a questionnaire opens?"""
    return preferences.get("channel") != NO_CHANNEL and wants(preferences, "invitation")


def paused_until(preferences: Mapping[str, str], day: date) -> date | None:
    """The last day of the pause that holds on `day`; None where there is none. What cannot be read is none."""
    try:
        last = date.fromisoformat(preferences["paused_until"])
    except (KeyError, ValueError):
        return None
    return last if day <= last else None


def merged(before: Mapping[str, str], choices: Mapping[str, str | None]) -> dict[str, str]:
    """The preferences after these choices; None takes a choice back."""
    return {name: value for name, value in {**before, **choices}.items() if value is not None}


def problems(
    before: Mapping[str, str],
    choices: Mapping[str, str | None],
    *,
    today: date,
    channels: Mapping[str, bool],
) -> Iterator[Problem]:
    """What is wrong with these choices, by name; never what was given.

    `today` is the person's own date. `channels` are those of this installation, true where the person has an address.
    """
    for name, value in choices.items():
        check = _CHECKS.get(name)
        if check is None:
            yield Problem("no such preference", name)
        elif value is not None and (expected := check(value, today)):
            yield Problem(expected, name)
    if (channel := choices.get("channel")) is not None and channel != NO_CHANNEL:
        if channel not in channels:
            yield Problem(f"expected one of {', '.join([*channels, NO_CHANNEL])}", "channel")
        elif not channels[channel]:
            yield Problem("there is no address for this channel yet; give one first", "channel")
    after = merged(before, choices)
    for one, other in (("quiet_from", "quiet_until"), ("quiet_until", "quiet_from")):
        if one in after and other not in after and {one, other} & choices.keys():
            yield Problem(f"expected together with {one}", other)


def _clock(value: str, _today: date) -> str:
    return "" if _TIME.fullmatch(value) else "expected a time of day as HH:MM"


def _yes_or_no(value: str, _today: date) -> str:
    return "" if value in (YES, NO) else "expected yes or no"


def _text_size(value: str, _today: date) -> str:
    return "" if value in TEXT_SIZES else f"expected one of {', '.join(TEXT_SIZES)}"


def _moving_on(value: str, _today: date) -> str:
    return "" if value in (BUTTON, TAP) else f"expected {BUTTON} or {TAP}"


def _pause(value: str, today: date) -> str:
    try:
        last = date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        last = None
    if last is None:
        return "expected the last day of the pause as YYYY-MM-DD"
    if last < today:
        return "expected a day that is not over yet"
    return "" if last - today <= LONGEST_PAUSE else f"expected a day at most {LONGEST_PAUSE.days} days ahead"


def _any(_value: str, _today: date) -> str:
    return ""


_CHECKS: Mapping[str, Callable[[str, date], str]] = {
    "channel": _any,  # checked above against the channels there are
    **dict.fromkeys(OCCASIONS, _yes_or_no),
    "paused_until": _pause,
    "quiet_from": _clock,
    "quiet_until": _clock,
    "text_size": _text_size,
    "moving_on": _moving_on,
}
"""What may be chosen, and what was expected where it is something else."""

CHOICES = tuple(_CHECKS)
