"""How a simulation is told: every window and message per person as they live, totals at the end.

A report is handed one person after the other and keeps none of them. Local times are those of the person's zone.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

import click
from rich import box
from rich.console import Console
from rich.table import Table

from pro_service.domain import calendar
from pro_service.domain.assessments import Status
from pro_service.domain.feasibility import Finding
from pro_service.domain.simulation import Lived
from pro_service.domain.tally import Burden, Ending, Tally

PLAIN_WIDTH = 150
SPREADS = ("questions", "minutes", "messages")
COLUMNS = {
    "participants.csv": (
        *("participant", "arm", "stratum", "site", "timezone", "randomised_on"),
        *("questions", "minutes", "messages_sent", "busiest_week"),
    ),
    "windows.csv": (
        *("participant", "timepoint", "occurrence", "status", "reason", "opens_at", "due_at", "closes_at"),
        *("opens_local", "closes_local", "submitted_at", "instruments"),
    ),
    "messages.csv": (*("participant", "at", "local", "occasion", "timepoints", "decision", "reason", "sent_at"),),
}
"""The CSV files of `--output`; the same names are used in JSON."""


class Report(Protocol):
    """Where a simulation is told to."""

    def person(self, lived: Lived, endings: Sequence[Ending], burden: Burden) -> None: ...
    def totals(self, tally: Tally, found: Sequence[Finding], more: Mapping[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class AsText:
    """For people: a paragraph per person, unless only totals are wanted."""

    totals_only: bool

    def person(self, lived: Lived, endings: Sequence[Ending], burden: Burden) -> None:
        """One person: what is asked of them, then a line per window and per decision about a message."""
        if self.totals_only:
            return
        about = person_row(lived, burden)
        lines = [
            f"{about['participant']}  {about['arm']}, {about['stratum']}, {about['timezone']}, randomised "
            f"{about['randomised_on']}: {burden.questions} questions, {burden.minutes} minutes, "
            f"{burden.messages} messages, at most {burden.busiest_week} a week"
        ]
        for window in map(window_row, endings, [lived] * len(endings)):
            state = f"{window['status']}: {window['reason']}" if window["reason"] else window["status"]
            span = f"{window['opens_local'] or '-':16} to {window['closes_local'] or '-':16}"
            lines.append(f"  window   {window['timepoint']:20} {span}  {state}")
        for said in message_rows(lived):
            why = f"{said['decision']}: {said['reason']}"
            lines.append(
                f"  message  {said['local']} = {said['at']}  {said['occasion']:10} {said['timepoints']}  {why}"
            )
        click.echo("\n".join(lines))

    def totals(self, tally: Tally, found: Sequence[Finding], more: Mapping[str, int]) -> None:  # noqa: ARG002
        """The totals; what was found goes to standard error and is not repeated here."""
        totals = as_totals(tally, more)
        for name in ("participants", *more):
            click.echo(f"{name} {totals[name]}")
        for name in ("groups", "timezones", "never_happened", "assessments", "decisions"):
            counts = ", ".join(f"{key} {number}" for key, number in totals[name].items())
            click.echo(f"{name.replace('_', ' ')}: {counts or 'none'}")
        for name in SPREADS:
            one = totals[f"{name}_per_participant"]
            click.echo(
                f"{name} per participant: mean {one['mean']:.1f}, median {one['median']:.0f}, "
                f"95 in 100 at most {one['p95']}, most {one['most']}"
            )
        week = totals["messages_per_week"]
        click.echo(f"messages per participant and week: mean {week['mean']:.2f}, most {week['most']}")
        self._timepoints(totals["timepoints"])
        for one in totals["overlaps"]:
            asked = ", ".join(one["instruments"])
            click.echo(f"close together: {one['earlier']} and {one['later']}, {one['participants']} people ({asked})")

    def _timepoints(self, rows: Sequence[Mapping[str, Any]]) -> None:
        table = Table(box=box.SIMPLE_HEAD)
        for heading in rows[0] if rows else ():
            table.add_column(heading.replace("_", " "), no_wrap=heading == "timepoint")
        for row in rows:
            cells = [_counts(cell) if isinstance(cell, dict) else str(cell) for cell in row.values()]
            table.add_row(*cells)
        Console(width=PLAIN_WIDTH, highlight=False).print(table)


@dataclass(frozen=True, slots=True)
class AsJson:
    """For programs: one object per line and person, the last with the totals; or the totals alone."""

    totals_only: bool

    def person(self, lived: Lived, endings: Sequence[Ending], burden: Burden) -> None:
        """One line."""
        if not self.totals_only:
            windows = [{**window_row(ending, lived), "instruments": list(ending.one.instruments)} for ending in endings]
            line = {**person_row(lived, burden), "windows": windows, "messages": message_rows(lived)}
            click.echo(json.dumps(line))

    def totals(self, tally: Tally, found: Sequence[Finding], more: Mapping[str, int]) -> None:
        """The last line, or the only object."""
        line = {"totals": as_totals(tally, more), "problems": [asdict(one) for one in found]}
        click.echo(json.dumps(line, indent=2 if self.totals_only else None))


class AsFiles:
    """Three CSV files and the totals in a folder; each is there whole once the simulation is over, or not at all."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._open: dict[str, IO[str]] = {}
        self._writers: dict[str, Any] = {}
        for name, columns in COLUMNS.items():
            target = (folder / f"{name}.part").open("w", newline="", encoding="utf-8")
            self._open[name] = stack.enter_context(target)
            self._writers[name] = csv.DictWriter(target, columns)
            self._writers[name].writeheader()

    def person(self, lived: Lived, endings: Sequence[Ending], burden: Burden) -> None:
        """A row, and a row per window and per message."""
        code = {"participant": lived.person.code}
        self._writers["participants.csv"].writerow(person_row(lived, burden))
        self._writers["windows.csv"].writerows({**code, **window_row(ending, lived)} for ending in endings)
        self._writers["messages.csv"].writerows({**code, **row} for row in message_rows(lived))

    def totals(self, tally: Tally, found: Sequence[Finding], more: Mapping[str, int]) -> None:
        """Write the totals, and give every file its name."""
        whole = {"totals": as_totals(tally, more), "problems": [asdict(one) for one in found]}
        (self._folder / "totals.json.part").write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
        for name, target in self._open.items():
            target.close()
            os.replace(self._folder / f"{name}.part", self._folder / name)
        os.replace(self._folder / "totals.json.part", self._folder / "totals.json")


def person_row(lived: Lived, burden: Burden) -> dict[str, object]:
    """The columns of participants.csv."""
    person = lived.person
    return {
        "participant": person.code,
        "arm": person.arm,
        "stratum": person.stratum,
        "site": person.site,
        "timezone": person.timezone,
        "randomised_on": person.randomised_on.isoformat(),
        "questions": burden.questions,
        "minutes": burden.minutes,
        "messages_sent": burden.messages,
        "busiest_week": burden.busiest_week,
    }


def window_row(ending: Ending, lived: Lived) -> dict[str, Any]:
    """The columns of windows.csv, but for the person."""
    one, zone = ending.one, lived.person.timezone
    return {
        "timepoint": one.timepoint,
        "occurrence": one.occurrence,
        "status": str(ending.status),
        "reason": ending.reason,
        "opens_at": _utc(one.opens_at),
        "due_at": _utc(one.due_at),
        "closes_at": _utc(one.closes_at),
        "opens_local": _local(one.opens_at, zone),
        "closes_local": _local(one.closes_at, zone),
        "submitted_at": _utc(one.submitted_at),
        "instruments": " ".join(one.instruments),
    }


def message_rows(lived: Lived) -> list[dict[str, Any]]:
    """The columns of messages.csv, but for the person; a row per decision."""
    names = {one.id: one.timepoint for one in lived.assessments}
    return [
        {
            "at": _utc(one.decided_at),
            "local": _local(one.decided_at, lived.person.timezone),
            "occasion": one.occasion,
            "timepoints": " ".join(names[each] for each in one.assessment_ids),
            "decision": str(one.decision),
            "reason": one.reason,
            "sent_at": _utc(one.sent_at),
        }
        for one in lived.deliveries
    ]


def as_totals(tally: Tally, more: Mapping[str, int]) -> dict[str, Any]:
    """The totals as they are printed; `more` is what only the path through the database knows."""
    people, kinds = tally.participants, tally.study.events
    messages = sum(one.messages * number for one, number in tally.burdens.items())
    return {
        "participants": people,
        **more,
        "groups": {f"{arm}/{stratum}": number for (arm, stratum), number in sorted(tally.groups.items())},
        "timezones": dict(sorted(tally.zones.items())),
        "never_happened": {kind.code: people - tally.happened[kind.code] for kind in kinds if not kind.ends},
        "assessments": {str(state): number for state in Status if (number := _of_status(tally, state))},
        "decisions": dict(sorted(tally.decisions.items())),
        **{f"{name}_per_participant": asdict(tally.spread(name)) for name in SPREADS},
        "messages_per_week": {
            "mean": round(messages / max(1, tally.weeks), 3),
            "most": tally.spread("busiest_week").most,
        },
        "timepoints": [_timepoint(tally, point.code) for point in tally.study.timepoints],
        "overlaps": [
            {"earlier": earlier, "later": later, "instruments": list(instruments), "participants": number}
            for (earlier, later, instruments), number in sorted(tally.crowded.items())
        ],
    }


def _timepoint(tally: Tally, code: str) -> dict[str, Any]:
    states = {str(state): tally.statuses[code, state] for state in Status}
    never = {reason: number for (point, reason), number in sorted(tally.unopened.items()) if point == code}
    return {
        "timepoint": code,
        "asked": tally.timepoint(tally.asked, code),
        "opened": tally.timepoint(tally.opened, code),
        **{name: states[name] for name in ("submitted", "partial", "missed")},
        "minutes": tally.minutes_of.get(code, 0),
        "not_opened": never,
    }


def _of_status(tally: Tally, state: Status) -> int:
    return sum(number for (_, each), number in tally.statuses.items() if each is state)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())


def _utc(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def _local(at: datetime | None, zone: str) -> str:
    return at.astimezone(calendar.zone(zone)).strftime("%Y-%m-%d %H:%M") if at else ""
