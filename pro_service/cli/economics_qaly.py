"""`pro economics qaly`: quality-adjusted life years from a file of utilities, no database."""

from __future__ import annotations

import click
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.cli.economics_options import qaly_options, qaly_table, remarks
from pro_service.cli.form_tables import STREAM, writing
from pro_service.cli.paths import INPUT, Tabular
from pro_service.cli.whole_tables import Column, Number, Rows, Table, Text, read
from pro_service.domain.discounting import Discounting, Timing
from pro_service.domain.qalys import Death, Utilities, qalys

COLUMNS: tuple[Column, ...] = (
    Text("id"),
    Text("arm", optional=True),
    Number("time", "years since randomisation, from -1 to 100", -1, 100, blank=True),
    # below every published value set, above the codes that stand for missing
    Number("utility", "a utility from -2 to 1", -2, 1, blank=True),
    Number("death_time", "years from randomisation to death, from 0 to 100", 0, 100, blank=True, optional=True),
)

_EXAMPLE = """\b
Examples:
  pro economics qaly utilities.csv --output qalys.csv
  pro economics qaly utilities.parquet --death carry --discount 0.035 --output qalys.parquet
"""


@click.command(epilog=_EXAMPLE)
@click.argument("source", metavar="INPUT", type=INPUT)
@click.option("--output", "target", metavar="FILE", type=Tabular(), default=STREAM, help="- is standard output.")
@qaly_options
def command(*, source: str, target: str, death: Death, discount: float, timing: Timing) -> None:
    """Compute each person's QALYs from INPUT, one row per person and assessment.

    Columns: id, time (years from randomisation to the day it was really filled in), utility, and where you have them
    arm and death_time. Output: one row per id with qaly, qaly_discounted, observed_years and censored.

    The area under straight lines between observations. From death on the utility is 0: linear draws a line from the
    last observation to it, carry keeps the last utility until then. Nothing is made up before the first observation or
    after the last of somebody alive. annual discounts whole years, the first not at all; continuous every instant.
    """
    table = read(source, COLUMNS)
    observed = _observed(table)
    found = qalys(observed, death=death, discounting=Discounting(discount, timing))
    names = [name for name in ("id", "arm") if name in table.names]
    first = table.names["id"].first_rows()
    carried = [table.names[name].values.take(pa.array(table.names[name].codes[first])) for name in names]
    output = qaly_table(dict(zip(names, carried, strict=True)), found)
    with writing(target, output.schema) as sink:
        sink.write(output)
    for warning in remarks(observed, found):
        click.echo(f"warning: {warning}", err=True)


def _observed(table: Table) -> Utilities:
    """The observations; raises InvalidTable where a person's rows contradict each other or a utility has no time."""
    people, first = table.names["id"].codes, table.names["id"].first_rows()
    times, utilities = table.numbers["time"], table.numbers["utility"]
    told = table.numbers.get("death_time", np.full(table.rows, np.nan))
    deaths = np.full(len(first), np.inf)
    np.minimum.at(deaths, people, np.where(np.isnan(told), np.inf, told))
    timeless = np.flatnonzero(np.isnan(times) & ~np.isnan(utilities))
    wrong: list[tuple[Rows, str, str]] = [(timeless, "time", "a time, as there is a utility")]
    late = np.flatnonzero(told > deaths[people])
    wrong.append((late, "death_time", "the same death in all rows of a person; another has an earlier one"))
    if "arm" in table.names:
        arms = table.names["arm"].codes
        wrong.append((np.flatnonzero(arms != arms[first][people]), "arm", "the arm of the person's first row"))
    table.refuse(wrong)
    return Utilities(people, times, utilities, np.where(np.isinf(deaths), np.nan, deaths))
