"""`pro toxicity`: each person's worst side effects from a file of PRO-CTCAE grades, no database."""

from __future__ import annotations

import click
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.cli.form_tables import STREAM, writing
from pro_service.cli.paths import INPUT, Tabular
from pro_service.cli.whole_tables import Column, Number, Table, Text, read
from pro_service.domain.errors import InvalidTable
from pro_service.domain.instruments import Instrument, allowed_codes
from pro_service.domain.scoring_block import Bools
from pro_service.domain.toxicity import worst
from pro_service.instruments import load_catalogue

INSTRUMENT = "pro-ctcae"
HIGHEST_GRADE = 3

_EXAMPLE = """\b
Examples:
  pro score pro-ctcae forms.csv --output grades.csv
  pro toxicity grades.csv --baseline baseline --output worst.csv
"""


@click.command(epilog=_EXAMPLE)
@click.argument("source", metavar="INPUT", type=INPUT)
@click.option("--baseline", required=True, metavar="VISIT", help="The visit before treatment, as it is named in INPUT.")
@click.option("--id", "person", default="id", show_default=True, metavar="COLUMN", help="Whose form it is.")
@click.option("--visit", default="visit", show_default=True, metavar="COLUMN", help="At which visit.")
@click.option("--output", "target", metavar="FILE", type=Tabular(), default=STREAM, help="- is standard output.")
def command(*, source: str, baseline: str, person: str, visit: str, target: str) -> None:
    """Find the worst PRO-CTCAE grades of each person in INPUT, one row per form: ever, after baseline, and adjusted.

    INPUT has the columns id, visit and any of the grades (T9) and items (t9F) of pro-ctcae, as `pro score` writes them.
    Output: one row per id, with for each of them the worst ever (T9_MAX), the worst after baseline (T9_AFTER) and
    that one adjusted (T9_ADJUSTED): it counts where it is worse than at baseline, and is 0 where it is not. Empty
    where there is no grade at baseline, or none after it.
    """
    grades = _columns(load_catalogue()[INSTRUMENT])
    table = read(source, (Text(person), Text(visit, expected="a visit"), *grades))
    there = [column.name for column in grades if column.name in table.numbers]
    if not there:
        raise InvalidTable(f"{table.name}: no column of {INSTRUMENT}, such as {grades[0].name} or {grades[-1].name}")
    at_baseline = _at_baseline(table, person, visit, baseline)
    people = table.names[person]
    first = people.first_rows()
    columns = {person: people.values.take(pa.array(people.codes[first]))}
    for name in there:
        found = worst(people.codes, at_baseline, table.numbers[name], number=len(first))
        for ending, values in (("MAX", found.ever), ("AFTER", found.after), ("ADJUSTED", found.adjusted)):
            columns[f"{name}_{ending}"] = pa.array(values, mask=np.isnan(values))
    output = pa.record_batch(columns)
    with writing(target, output.schema) as sink:
        sink.write(output)
    if lacking := len(first) - len(np.unique(people.codes[at_baseline])):
        click.echo(f"warning: people without a form at {baseline}; nothing of theirs is adjusted: {lacking}", err=True)


def _columns(instrument: Instrument) -> tuple[Column, ...]:
    """Every grade and item a file may have."""
    grades = [Number(one.code, "a grade from 0 to 3", 0, HIGHEST_GRADE, True, True) for one in instrument.scales]
    tops = {item.code: max(allowed_codes(item)) for item in instrument.items}
    items = [Number(code, f"a code from 0 to {top}", 0, top, True, True) for code, top in tops.items()]
    return (*grades, *items)


def _at_baseline(table: Table, person: str, visit: str, baseline: str) -> Bools:
    """Which forms are of that visit; a person has one form of each."""
    visits = table.names[visit]
    named = [place for place, text in enumerate(visits.texts()) if text == baseline]
    if not named:
        raise InvalidTable(
            f"{table.name}: no row has the {visit} {baseline}: there are {', '.join(visits.texts()[:10])}"
        )
    keys = np.stack([table.names[person].codes, visits.codes])
    _, first = np.unique(keys, axis=1, return_index=True)
    again = np.setdiff1d(np.arange(table.rows), first)
    table.refuse([(again, visit, f"one row for each {person} and {visit}; an earlier row has the same")])
    found: Bools = visits.codes == named[0]
    return found
