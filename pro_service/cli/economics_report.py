"""`pro economics report`: the utilities and QALYs of a study, from the scores that are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import click
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service import __version__
from pro_service.cli.acting import actor_option, open_runtime
from pro_service.cli.economics_folder import write_folder
from pro_service.cli.economics_options import qaly_options, qaly_table, remarks
from pro_service.cli.exports import AsOf
from pro_service.domain.audit import Actor
from pro_service.domain.discounting import Discounting, Timing
from pro_service.domain.economics import Course
from pro_service.domain.economics import utilities as columns
from pro_service.domain.qalys import Death, Qalys, qalys
from pro_service.services import economics
from pro_service.services.folders import refuse_used


@click.command()
@click.argument("study")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder to write: new, or empty.")
@click.option(
    "--as-of", type=AsOf(), help="The data as known at the end of this day, or at this instant.  [default: today]"
)
@click.option("--instrument", metavar="CODE", help="Where a study has more than one that gives a utility.")
@qaly_options
@actor_option
def command(
    *,
    study: str,
    output: Path,
    as_of: date | None,
    instrument: str | None,
    death: Death,
    discount: float,
    timing: Timing,
    actor: Actor,
) -> None:
    """Write the utilities of STUDY by the days on which forms were really filled in, and the QALYs per person and arm.

    Everybody who was enrolled is in it, by the arm they were allotted to. utilities.csv is what `pro economics qaly`
    reads. The same data at the same instant make the same bytes. Costs are not in it yet.

    Example: pro economics report scopes --output economics --as-of 2026-12-31
    """
    refuse_used(output)
    runtime = open_runtime()
    with runtime.work(actor) as work:
        economics.record(work, study=study, as_of=as_of, instrument=instrument)
    with runtime.work(actor, writes=False) as work:
        known = economics.utilities(work, study=study, as_of=as_of, instrument=instrument)
    if not known.courses:
        click.echo(f"nobody was enrolled in {study} by then; nothing is written", err=True)
        raise click.exceptions.Exit(1)
    observed = columns(known.courses)
    found = qalys(observed, death=death, discounting=Discounting(discount, timing))
    how = {"death": death, "discount": discount, "discount_timing": timing, "service_version": __version__}
    tables = _tables(known.courses, found)
    files = write_folder(output, tables, {**_made_from(known), **how})
    for arm in tables["arms.csv"].to_pylist():
        click.echo("{arm}: {observed} of {people} people observed, {died} died".format(**arm))
    for name in files:
        click.echo(str(output / name))
    for remark in remarks(observed, found):
        click.echo(f"warning: {remark}", err=True)


_UTILITIES = pa.schema(
    {
        "id": pa.string(),
        "arm": pa.string(),
        "timepoint": pa.string(),
        "occurrence": pa.int64(),
        "time": pa.float64(),
        "utility": pa.float64(),
        "death_time": pa.float64(),
    }
)


_ARMS = pa.schema(
    {
        "arm": pa.string(),
        "people": pa.int64(),
        "observed": pa.int64(),
        "died": pa.int64(),
        "mean_qaly": pa.float64(),
        "mean_qaly_discounted": pa.float64(),
        "mean_observed_years": pa.float64(),
    }
)


def _tables(courses: Sequence[Course], found: Qalys) -> dict[str, pa.RecordBatch]:
    people = {"id": pa.array([one.participant for one in courses]), "arm": pa.array(_arm_of(courses))}
    return {
        "arms.csv": pa.RecordBatch.from_pylist(_arms(courses, found), schema=_ARMS),
        "qalys.csv": qaly_table(people, found),
        "utilities.csv": pa.RecordBatch.from_pylist(_observations(courses), schema=_UTILITIES),
    }


def _observations(courses: Sequence[Course]) -> list[dict[str, object]]:
    """A row per form with a utility; somebody without any has one row that says so."""
    rows: list[dict[str, object]] = []
    for one in courses:
        who: dict[str, object] = {"id": one.participant, "arm": one.arm, "death_time": one.death_time}
        rows += [
            {
                **who,
                "timepoint": form.timepoint,
                "occurrence": form.occurrence,
                "time": form.time,
                "utility": form.utility,
            }
            for form in one.observations
        ] or [who]
    return rows


def _arms(courses: Sequence[Course], found: Qalys) -> list[dict[str, object]]:
    """Means of those who were observed: who was seen for less time has less, so that they are no comparison yet."""
    arm_of = np.array(_arm_of(courses))
    rows: list[dict[str, object]] = []
    for arm in sorted(set(_arm_of(courses))):
        within = arm_of == arm
        seen = within & ~np.isnan(found.qaly)
        means = {"qaly": found.qaly, "qaly_discounted": found.discounted, "observed_years": found.observed_years}
        rows.append(
            {
                "arm": arm,
                "people": int(within.sum()),
                "observed": int(seen.sum()),
                "died": int((within & ~found.censored).sum()),
                **{
                    f"mean_{name}": float(values[seen].mean()) if seen.any() else None for name, values in means.items()
                },
            }
        )
    return rows


def _arm_of(courses: Sequence[Course]) -> list[str]:
    return [one.arm for one in courses]


def _made_from(known: economics.StudyUtilities) -> Mapping[str, object]:
    return {
        "study": known.study,
        "cut_off": known.cut_off.isoformat().replace("+00:00", "Z"),
        "instrument": known.instrument,
        "scale": known.scale,
        "value_sets": list(known.value_sets),
    }
