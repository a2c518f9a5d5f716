"""What messages to the study team say, in each language they may choose: data with variables in braces.

No text takes a name, an address, an answer, a score or an arm; there is no variable for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pro_service.domain.digests import Digest
from pro_service.domain.messages import fill

MOST_ROWS = 50
"""How many lines of a kind a digest shows for one site; the rest are counted, and stand on the desk."""

DIGEST, ALERT, WEBHOOK_DISABLED = "digest", "alert", "webhook_disabled"


@dataclass(frozen=True, slots=True)
class Words:
    """One occasion in one language."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The parts a digest is put together from."""

    place: str
    late: str
    late_row: str
    one_day_row: str
    troubles: str
    failed_row: str
    unknown_row: str
    more: str


TEXTS: Mapping[str, Mapping[str, Words]] = {
    DIGEST: {
        "en": Words(
            "Overdue questionnaires: {late}. Messages not delivered: {troubles}",
            "Good morning,\n\n{places}\n\nYou get this on weekday mornings when there is something to look at. "
            "Which of these messages you get is a setting of your account.",
        ),
        "nl": Words(
            "Vragenlijsten te laat: {late}. Berichten niet bezorgd: {troubles}",
            "Goedemorgen,\n\n{places}\n\nU krijgt dit op werkdagen 's ochtends als er iets te bekijken is. "
            "Welke van deze berichten u krijgt, is een instelling van uw account.",
        ),
    },
    ALERT: {
        "en": Words(
            "Please look at participant {participant}",
            "An alert was raised for participant {participant}, {study}, site {site}. What it is about stands on the "
            "desk:\n\n{link}",
        ),
        "nl": Words(
            "Kijkt u alstublieft naar deelnemer {participant}",
            "Er is een signaal voor deelnemer {participant}, {study}, centrum {site}. Waar het over gaat, staat op de "
            "werkplek:\n\n{link}",
        ),
    },
    WEBHOOK_DISABLED: {
        "en": Words(
            "A webhook of {study} was disabled",
            "The endpoint {host} said that it is gone, so it is told nothing any more. Enabled again, it is told "
            "what it missed:\n\npro webhook enable {webhook}",
        ),
        "nl": Words(
            "Een webhook van {study} is uitgezet",
            "Het adres {host} zei dat het niet meer bestaat en krijgt daarom niets meer te horen. "
            "Wordt het weer aangezet, dan hoort het wat het gemist heeft:\n\npro webhook enable {webhook}",
        ),
    },
}

LINES: Mapping[str, Lines] = {
    "en": Lines(
        place="{study}, site {site}: {link}",
        late="Overdue:",
        late_row="  {participant}: {timepoint}, {days} days",
        one_day_row="  {participant}: {timepoint}, 1 day",
        troubles="Messages that did not arrive:",
        failed_row="  {participant}: could not be delivered",
        unknown_row="  {participant}: nobody knows whether it arrived",
        more="  and {count} more",
    ),
    "nl": Lines(
        place="{study}, centrum {site}: {link}",
        late="Te laat:",
        late_row="  {participant}: {timepoint}, {days} dagen",
        one_day_row="  {participant}: {timepoint}, 1 dag",
        troubles="Berichten die niet aankwamen:",
        failed_row="  {participant}: kon niet bezorgd worden",
        unknown_row="  {participant}: onbekend of het aankwam",
        more="  en nog {count}",
    ),
}

LANGUAGES = tuple(LINES)
"""What a member of staff may choose; English is what they get who chose none."""


def words(occasion: str, language: str) -> Words:
    """The text of an occasion in a language, or in English."""
    texts = TEXTS[occasion]
    return texts.get(language) or texts["en"]


def digest_values(digest: Digest, *, language: str, base_url: str) -> dict[str, str]:
    """The variables of a digest's text."""
    lines = LINES.get(language) or LINES["en"]
    parts = []
    for (study, site), late, troubles in digest.places():
        link = desk(base_url, study)
        rows = [fill(lines.place, {"study": study, "site": site, "link": link})]
        shown = [
            fill(
                lines.one_day_row if one.days == 1 else lines.late_row,
                {
                    "participant": one.participant,
                    "timepoint": one.timepoint.get(language) or next(iter(one.timepoint.values())),
                    "days": str(one.days),
                },
            )
            for one in late
        ]
        rows += _section(lines, lines.late, shown)
        shown = [
            fill(lines.failed_row if one.outcome == "failed" else lines.unknown_row, {"participant": one.participant})
            for one in troubles
        ]
        rows += _section(lines, lines.troubles, shown)
        parts.append("\n".join(rows))
    return {"late": str(len(digest.late)), "troubles": str(len(digest.troubles)), "places": "\n\n".join(parts)}


def desk(base_url: str, study: str) -> str:
    """Where the desk of a study is."""
    return f"{base_url}/staff/studies/{study}"


def _section(lines: Lines, title: str, rows: Sequence[str]) -> list[str]:
    """The rows under their title, the longest lists cut short; nothing where there are none."""
    if not rows:
        return []
    left = len(rows) - MOST_ROWS
    return [title, *rows[:MOST_ROWS], *([fill(lines.more, {"count": str(left)})] if left > 0 else [])]
