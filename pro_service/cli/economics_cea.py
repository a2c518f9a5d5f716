"""`pro economics cea`: is it worth its money? From a file of costs and effects, or of replicates; no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np

from pro_service.cli.economics_analysis import Analysis, summary, write
from pro_service.cli.form_tables import STREAM
from pro_service.cli.paths import INPUT
from pro_service.cli.progress import progress
from pro_service.cli.whole_tables import Column, Number, Table, Text, read
from pro_service.cli.willingness import Willingness
from pro_service.domain.cost_effectiveness import Arm, Comparison, Means, compare, difference, resampled
from pro_service.domain.errors import InvalidTable
from pro_service.services.folders import fingerprint, refuse_used

FEW = 1000
"""Fewer replicates make the ends of an interval a matter of luck."""

PEOPLE: tuple[Column, ...] = (
    Text("id"),
    Text("arm"),
    Number("cost", "a number; impute what is missing first"),
    Number("effect", "a number; impute what is missing first"),
)
MEANS = ("cost_ref", "cost_new", "effect_ref", "effect_new")
REPLICATES: tuple[Column, ...] = (Text("arm", optional=True), *(Number(name, "a number") for name in MEANS))

_EXAMPLE = """\b
Examples:
  pro economics cea people.csv --reference conventional --output cea
  pro economics cea people.csv --reference conventional --wtp 20000,50000,80000 --bootstrap 10000 --seed 7 --output cea
  pro economics cea --replicates imputed.csv --output cea
"""


@click.command(epilog=_EXAMPLE)
@click.argument("source", metavar="[INPUT]", required=False, type=INPUT)
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder to write: new, or empty.")
@click.option("--reference", metavar="ARM", help="The arm that the others are compared with.")
@click.option("--wtp", type=Willingness(), default="0:100000:2500", show_default=True, help="What one unit may cost.")
@click.option("--bootstrap", metavar="N", type=click.IntRange(1), help="Replicates to draw.  [default: 5000]")
@click.option("--seed", type=click.IntRange(0), help="The same seed draws the same replicates.  [default: 1]")
@click.option("--replicates", metavar="FILE", type=INPUT, help="Ready-made replicates instead of INPUT.")
def command(
    *,
    source: str | None,
    output: Path,
    reference: str | None,
    wtp: tuple[float, ...],
    bootstrap: int | None,
    seed: int | None,
    replicates: str | None,
) -> None:
    """Compare the arms in INPUT with the reference: one row per person, with id, arm, cost and effect.

    Writes to a folder: the means per arm, incremental cost and effect, ICER with its quadrant, net benefit and
    acceptability per willingness to pay, the replicates, the pictures of both (SVG, PNG) and manifest.json. People are
    drawn anew within their arm, cost and effect together. The same input and seed make the same bytes.

    FILE of --replicates has cost_ref, cost_new, effect_ref and effect_new, the arms' means in each replicate (several
    new arms: and arm), for example from imputed data.
    """
    refuse_used(output)
    if replicates is not None:
        _alone(INPUT=source, reference=reference, bootstrap=bootstrap, seed=seed)
        comparisons = _ready_made(read(replicates, REPLICATES))
        analysis = Analysis(comparisons, wtp, {"replicates": _told(replicates)})
    elif source is None:
        raise click.UsageError("name INPUT, a table of people, or --replicates FILE")
    else:
        number, chance = bootstrap or 5000, 1 if seed is None else seed
        arms = _arms(read(source, PEOPLE), reference)
        made_from = {"input": _told(source), "reference": arms[0].name, "bootstrap": number, "seed": chance}
        analysis = Analysis(_drawn(arms, number, chance), wtp, made_from, arms)
    files = write(analysis, output)
    for comparison in analysis.comparisons:
        click.echo(summary(comparison))
    for name in files:
        click.echo(str(output / name))
    for warning in _warnings(analysis):
        click.echo(f"warning: {warning}", err=True)


def _alone(**others: object) -> None:
    given = [name if name.isupper() else f"--{name}" for name, value in others.items() if value is not None]
    if given:
        raise click.UsageError(f"--replicates stands instead of people: leave out {', '.join(given)}")


def _told(path: str) -> Mapping[str, object] | None:
    """What the manifest says of a file that was read: neither its name nor anything in it."""
    return None if path == STREAM else fingerprint(Path(path))


def _arms(table: Table, reference: str | None) -> list[Arm]:
    """The reference, then the other arms by name; within each the people by id, so that no order of rows matters."""
    people, arms = table.names["id"], table.names["arm"]
    again = np.setdiff1d(np.arange(table.rows), people.first_rows())
    table.refuse([(again, "id", "one row per person; this one has a row already")])
    names = arms.texts()
    if reference not in names:
        told = "which arm is the reference?" if reference is None else f"no arm {reference}:"
        raise click.BadParameter(f"{told} {table.name} has {', '.join(sorted(names))}", param_hint="--reference")
    if len(names) == 1:
        raise InvalidTable(f"{table.name} has no other arm than {reference}: nothing to compare it with")
    by_id = np.argsort(np.array(people.texts())[people.codes], kind="stable")
    costs, effects, codes = table.numbers["cost"][by_id], table.numbers["effect"][by_id], arms.codes[by_id]
    ordered = sorted(names, key=lambda name: (name != reference, name))
    return [
        Arm(name, costs[codes == place], effects[codes == place]) for name in ordered for place in [names.index(name)]
    ]


def _drawn(arms: Sequence[Arm], number: int, seed: int) -> list[Comparison]:
    chances = np.random.default_rng(seed).spawn(len(arms))
    replicates: list[Means] = []
    done = 0
    with progress("Drawing", "replicate") as advance:

        def told(more: int) -> None:
            nonlocal done
            done += more
            advance(done, number * len(arms))

        for arm, chance in zip(arms, chances, strict=True):
            replicates.append(resampled(arm, replicates=number, chance=chance, progress=told))
    return [
        compare(arm.name, replicates[0], made, seen=difference(arms[0], arm))
        for arm, made in zip(arms[1:], replicates[1:], strict=True)
    ]


def _ready_made(table: Table) -> list[Comparison]:
    names = table.names["arm"].texts() if "arm" in table.names else ["new"]
    codes = table.names["arm"].codes if "arm" in table.names else np.zeros(table.rows, dtype=np.intp)
    found = []
    for place, name in sorted(enumerate(names), key=lambda one: one[1]):
        cost_ref, cost_new, effect_ref, effect_new = (table.numbers[column][codes == place] for column in MEANS)
        found.append(compare(name, Means(cost_ref, effect_ref), Means(cost_new, effect_new)))
    return found


def _warnings(analysis: Analysis) -> list[str]:
    lonely = [arm.name for arm in analysis.people if len(arm.costs) == 1]
    told = [
        f"arm {name} has one person: drawing that one again says nothing of how sure its means are" for name in lonely
    ]
    for one in analysis.comparisons:
        if len(one.costs) < FEW:
            told.append(f"{one.arm}: {len(one.costs)} replicates; intervals want {FEW} or more")
        if np.isnan(one.icer_interval.low):
            told.append(f"{one.arm}: replicates gain and lose effect; no interval of the ICER, read the net benefit")
    return told
