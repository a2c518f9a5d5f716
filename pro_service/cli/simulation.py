"""`pro study simulate`: a protocol tried on a synthetic cohort before anybody takes part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from pro_service.cli.definitions import beside, known_to, text_of
from pro_service.cli.progress import progress
from pro_service.cli.simulation_report import AsFiles, AsJson, AsText, Report
from pro_service.cli.studies import sound_study, study_text
from pro_service.domain import simulation as in_memory
from pro_service.domain.feasibility import Limits, findings
from pro_service.domain.protocol import Study
from pro_service.domain.simulation import FAR, Lived
from pro_service.domain.tally import Tally
from pro_service.observability import configure
from pro_service.runtime import build
from pro_service.services import simulation
from pro_service.services.simulation import ADMIN, Order
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade

UNTIL = date(2026, 1, 1)
"""The last day on which people of a study old enough are enrolled: fixed, so that a seed means the same for ever."""

COUNT = click.IntRange(min=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for: its arguments and options, by their names there."""

    file: str
    participants: int
    seed: int
    months: int
    until: datetime | None
    form: str
    totals: bool
    output: Path | None
    weekly_messages: int | None
    form_minutes: int | None
    total_minutes: int | None
    through_database: bool

    @property
    def totals_only(self) -> bool:
        """Whether nobody is printed: because only totals are wanted, or because people go to files."""
        return self.totals or self.output is not None

    @property
    def limits(self) -> Limits:
        """What the designer has promised."""
        return Limits(self.weekly_messages, self.form_minutes, self.total_minutes)

    def order(self, study: Study) -> Order:
        """The cohort; people enrol in the months before the end."""
        document, name = study_text(self.file)
        last_on = self.until.date() if self.until else max(UNTIL, study.born_on + timedelta(days=31 * self.months))
        end = datetime.combine(last_on, time(23, 59), UTC)
        questionnaires = {str(path): text_of(path) for path in beside(self.file)}
        return Order(document, name, self.participants, self.seed, self.months, end, questionnaires)


@click.command()
@click.argument("file")
@click.option("--participants", type=COUNT, default=60, show_default=True, help="How many people.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same cohort.")
@click.option("--months", type=click.IntRange(1, 120), default=18, show_default=True, help="How long people enrol.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Stop on that day.  [default: when all is over]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--totals", is_flag=True, help="Totals and problems only, not each person.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write each person to CSV files here.")
@click.option("--weekly-messages", type=COUNT, help="More messages to one person in a week are an error.")
@click.option("--form-minutes", type=COUNT, help="Warn of a form that takes longer.")
@click.option("--total-minutes", type=COUNT, help="Warn where all forms of a person take longer.")
@click.option("--through-database", is_flag=True, help="Slower: answer, store and score for real, then throw it away.")
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Let synthetic people live through a study: every window and message of each, totals, and what cannot work.

    FILE is a path or a study that ships. Problems go to standard error, one per line: errors, with which the exit
    status is 1, and warnings. Nothing is kept.

    Example: pro study simulate scopes --participants 1000 --seed 7 --totals
    """
    wish = Wish(**options)
    study = sound_study(wish.file)
    order = wish.order(study)
    tally = Tally(study, known_to(wish.file), order.until if wish.until or wish.through_database else FAR)
    with ExitStack() as stack:
        reports: list[Report] = [(AsJson if wish.form == "json" else AsText)(wish.totals_only)]
        if wish.output is not None:
            reports.append(AsFiles(wish.output, stack))
        path = _through_database if wish.through_database else _in_memory
        more = path(wish, order, tally, reports)
        found = findings(tally, wish.limits)
        for report in reports:
            report.totals(tally, found, more)
    for one in found:
        click.echo(f"{one.severity}: {one.code}: {one.text}", err=True)
    context.exit(1 if any(one.severity == "error" for one in found) else 0)


def _in_memory(wish: Wish, order: Order, tally: Tally, reports: Sequence[Report]) -> dict[str, int]:
    """Everybody by the rules alone; there is nothing more to count."""
    period = replace(order.period, until=tally.at)
    dice = simulation.dice(order.seed)
    everybody = in_memory.lives(tally.study, participants=order.participants, period=period, dice=dice)
    with progress("Simulating", "person", hidden=not wish.totals_only) as advance:
        _tell(everybody, tally, reports, lambda done: advance(done, order.participants))
    return {}


def _tell(everybody: Iterable[Lived], tally: Tally, reports: Sequence[Report], advance: Callable[[int], None]) -> None:
    """Count each person and tell of them; none of them is kept."""
    for done, lived in enumerate(everybody, start=1):
        burden, endings = tally.add(lived)
        for report in reports:
            report.person(lived, endings, burden)
        advance(done)


def _through_database(_wish: Wish, order: Order, tally: Tally, reports: Sequence[Report]) -> dict[str, int]:
    """The same through every use case and a database that is thrown away; what only that path can count."""
    configure("error", lasting=False)
    with TemporaryDirectory(prefix="pro-simulation-") as folder:
        runtime = build(from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(Path(folder))}))
        try:
            upgrade(runtime.engine)
            with progress("Simulating") as advance:
                totals = simulation.simulate(
                    runtime.work,
                    order=order,
                    channels=runtime.channels,
                    base_url=runtime.settings.base_url,
                    progress=advance,
                )
            with runtime.work(ADMIN, now=order.until, writes=False) as work:
                _tell(simulation.lives(work, study=tally.study, order=order), tally, reports, lambda _done: None)
        finally:
            runtime.engine.dispose()
    return {"answers": totals.answers, "scores": totals.scores}
