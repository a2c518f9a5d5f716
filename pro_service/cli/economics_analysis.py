"""What `pro economics cea` writes: tables, pictures and a manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service import __version__
from pro_service.cli.economics_folder import write_folder
from pro_service.cli.economics_pictures import acceptability, plane, save
from pro_service.domain.cost_effectiveness import LEVEL, Arm, Comparison, Interval

VERSIONS = {"service": __version__, "numpy": np.__version__, "matplotlib": mpl.__version__}
"""Another one may draw other replicates or other pictures."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything to write. `made_from` goes into the manifest; `people` are empty where replicates were ready-made."""

    comparisons: Sequence[Comparison]
    willingness: Sequence[float]
    made_from: Mapping[str, object]
    people: Sequence[Arm] = field(default=())


def write(analysis: Analysis, directory: Path) -> list[str]:
    """Write all of it; the names of the files."""
    facts = {
        **analysis.made_from,
        "people": {arm.name: len(arm.costs) for arm in analysis.people},
        "wtp": list(analysis.willingness),
        "level": LEVEL,
        "versions": VERSIONS,
    }

    def draw(folder: Path) -> None:
        save(plane(analysis.comparisons), folder, "plane")
        save(acceptability(analysis.comparisons, analysis.willingness), folder, "ceac")

    return write_folder(directory, _tables(analysis), facts, draw=draw)


def summary(comparison: Comparison) -> str:
    """A comparison in one line."""
    seen = comparison.difference
    ratio = "none" if np.isnan(seen.icer) else f"{seen.icer:.2f}"
    return (
        f"{comparison.arm}: cost {seen.cost:+.2f} {_within(comparison.cost_interval, 2)}, "
        f"effect {seen.effect:+.4f} {_within(comparison.effect_interval, 4)}, "
        f"ICER {ratio}, {seen.quadrant}, {seen.verdict}"
    )


def _tables(analysis: Analysis) -> dict[str, pa.RecordBatch]:
    """The tables by the names of their files."""
    compared = analysis.comparisons
    worths = [(one.arm, one.worth(amount)) for one in compared for amount in analysis.willingness]
    at = [{"arm": arm, "wtp": worth.willingness} for arm, worth in worths]
    inmb = [{"inmb": worth.net_benefit, **_ends("inmb", worth.interval)} for _, worth in worths]
    found = {
        "incremental.csv": _table(map(_incremental, compared)),
        "inmb.csv": _table({**where, **what} for where, what in zip(at, inmb, strict=True)),
        "ceac.csv": _table(
            {**where, "probability": worth.acceptability} for where, (_, worth) in zip(at, worths, strict=True)
        ),
        "replicates.csv": pa.concat_batches([_replicates(one) for one in compared]),
    }
    return found | ({"arms.csv": _table(map(_arm, analysis.people))} if analysis.people else {})


def _arm(arm: Arm) -> dict[str, object]:
    return {
        "arm": arm.name,
        "people": len(arm.costs),
        "cost": float(arm.costs.mean()),
        "effect": float(arm.effects.mean()),
    }


def _incremental(comparison: Comparison) -> dict[str, object]:
    seen = comparison.difference
    return {
        "arm": comparison.arm,
        "incremental_cost": seen.cost,
        **_ends("incremental_cost", comparison.cost_interval),
        "incremental_effect": seen.effect,
        **_ends("incremental_effect", comparison.effect_interval),
        "icer": seen.icer,
        **_ends("icer", comparison.icer_interval),
        "quadrant": seen.quadrant,
        "verdict": seen.verdict,
        **{f"share_{name}": share for name, share in comparison.shares().items()},
    }


def _replicates(comparison: Comparison) -> pa.RecordBatch:
    """The columns that --replicates reads."""
    reference, new = comparison.reference, comparison.new
    named = {"cost_ref": reference.costs, "cost_new": new.costs}
    named |= {"effect_ref": reference.effects, "effect_new": new.effects}
    return pa.record_batch({"arm": pa.array([comparison.arm] * len(new.costs)), **named})


def _ends(name: str, interval: Interval) -> dict[str, float]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


def _within(interval: Interval, decimals: int) -> str:
    return f"({interval.low:+.{decimals}f} to {interval.high:+.{decimals}f})"


def _table(rows: Iterable[dict[str, object]]) -> pa.RecordBatch:
    """Rows as columns; what is not a number is an empty cell."""
    table = list(rows)
    columns = {
        name: [None if isinstance(cell, float) and np.isnan(cell) else cell for cell in (row[name] for row in table)]
        for name in table[0]
    }
    kinds = {name: pa.float64() if isinstance(cell, float) else None for name, cell in table[0].items()}
    return pa.record_batch({name: pa.array(cells, type=kinds[name]) for name, cells in columns.items()})
