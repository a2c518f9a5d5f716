"""`pro score`: scores a file of forms, no database."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import click
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.cli.definitions import find
from pro_service.cli.form_columns import check_kinds, forms_of
from pro_service.cli.form_tables import STREAM, FormTable, reading, writing
from pro_service.cli.paths import INPUT, Tabular
from pro_service.cli.score_output import output_of, schema_of
from pro_service.cli.score_tally import Tally
from pro_service.domain.errors import InvalidTable
from pro_service.domain.instruments import Instrument
from pro_service.domain.scoring import DEFAULT_RULE, missing_rules, score, scored_items, tariff_scales
from pro_service.domain.value_sets import Tariff
from pro_service.instruments import value_set

_EXAMPLE = """\b
Examples:
  pro score qlq-c30 forms.csv --output scores.csv
  pro score eq-5d-5l forms.parquet --value-set nl-2016 --output scores.parquet
"""


@click.command(epilog=_EXAMPLE)
@click.argument("instrument")
@click.argument("source", metavar="INPUT", type=INPUT)
@click.option(
    "--output",
    "target",
    metavar="FILE",
    type=Tabular(),
    default=STREAM,
    help="Where the scores go; - is standard output.",
)
@click.option("--value-set", "value_set_id", metavar="ID", help="The value set or price list to score with.")
@click.option(
    "--missing-rule",
    "rule",
    metavar="RULE",
    default=DEFAULT_RULE,
    help="default (the owner's), half, more-than-half, all, all-but-one or any.",
)
def command(instrument: str, source: str, target: str, value_set_id: str | None, rule: str) -> None:
    """Score the forms in INPUT, one per row, with a column per item named by its code.

    INSTRUMENT is a code of the catalogue, or a definition of your own: a file whose name ends in .yaml.
    INPUT and FILE are CSV or Parquet by suffix, INPUT also .csv.gz; - is standard input or output (CSV). Other columns
    are carried through unchanged, first. An empty cell is missing; a value the item does not allow is taken as missing
    and counted. What looks like another edition, codes from 0, swapped columns or rows given twice is told; a row with
    more or fewer cells than the header is left out, which ends with exit status 1.
    """
    chosen = find(instrument, hint="INSTRUMENT")
    tariff = _tariff(chosen, value_set_id)
    if rule not in missing_rules(chosen):
        raise click.BadParameter(
            f"{rule}: {chosen.code} takes {', '.join(missing_rules(chosen))}", param_hint="--missing-rule"
        )
    items = {item.code: item.also for item in scored_items(chosen)}
    with reading(source, items=items) as table:
        carried = _carried(chosen, table)
        tally = Tally(chosen, tuple(table.schema.names[position] for position in carried))
        with writing(target, schema_of(chosen, table.schema, carried)) as sink:
            for batch in _watched(table, target):
                forms, refused = forms_of(chosen, batch, comma=table.comma)
                scores = score(chosen, forms.values, na=forms.na, value_set=tariff, missing_rule=rule)
                output, blank = output_of(chosen, batch, carried, scores)
                sink.write(output)
                tally.count(forms, refused, scores, blank, [batch.column(position) for position in carried])
            if table.left_out.rows and not tally.forms:
                raise InvalidTable(f"{table.name} has no row like its header: {table.left_out.in_words()}")
    for warning in tally.warnings(table):
        click.echo(f"warning: {warning}", err=True)
    if table.left_out.rows:
        raise click.exceptions.Exit(1)


def _watched(table: FormTable, target: str) -> Iterator[pa.RecordBatch]:
    """The batches, with a bar on a terminal that fills as they go; not on one where the scores appear themselves."""
    seen = sys.stderr.isatty() and not (target == STREAM and sys.stdout.isatty())
    steps: Iterable[int] = repeat(0) if table.expected is None else range(table.expected)
    forms = 0
    with click.progressbar(
        steps, label="Scoring", file=sys.stderr, hidden=not seen, item_show_func=lambda _: f"{forms} forms"
    ) as bar:
        for batch in table.batches:
            yield batch
            forms += batch.num_rows
            bar.update(1)


def _tariff(instrument: Instrument, chosen: str | None) -> Tariff | None:
    needing = tariff_scales(instrument)
    ids = ", ".join(instrument.value_sets)
    if chosen is None:
        if needing:
            raise click.UsageError(f"{', '.join(needing)} of {instrument.code} needs --value-set: one of {ids}")
        return None
    if chosen not in instrument.value_sets:
        there_are = f"{instrument.code} takes {ids}" if ids else f"{instrument.code} takes none"
        raise click.BadParameter(f"{chosen}: {there_are}", param_hint="--value-set")
    return value_set(chosen)


def _carried(instrument: Instrument, table: FormTable) -> list[int]:
    """Positions of the columns that are no items. Every item must be there once, and no scale's name be taken."""
    names = table.schema.names
    items = [item.code for item in scored_items(instrument)]
    missing = [item for item in items if item not in names]
    twice = [item for item in items if names.count(item) > 1]
    carried = [position for position, name in enumerate(names) if name not in items]
    taken = [scale.code for scale in instrument.scales if scale.code in {names[position] for position in carried}]
    if len(missing) == len(items) and not _near(names, items):
        raise InvalidTable(
            f"{table.name}: none of the {len(items)} columns {items[0]} to {items[-1]} is there: is its "
            "first line the header, with commas, semicolons or tabs between the names?"
        )
    if missing:
        raise InvalidTable(f"{table.name}: no column {', '.join(missing)}{_near(names, missing)}")
    for found, message in (
        (twice, "more than one column"),
        (taken, "a column already bears the name of a scale:"),
    ):
        if found:
            raise InvalidTable(f"{table.name}: {message} {', '.join(found)}")
    check_kinds(instrument, table.schema)
    return carried


def _near(names: Sequence[str], missing: Sequence[str]) -> str:
    """Columns that bear a missing name in other letters."""
    near = {name.strip().lower(): name for name in names}
    there = [near[item.lower()] for item in missing if item.lower() in near]
    return f"; there is {', '.join(there)}, and capitals count" if there else ""
