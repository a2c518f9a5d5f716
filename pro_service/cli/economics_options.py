"""What the commands of `pro economics` share: how QALYs are to be computed, the table of them, and what to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import click
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.domain.discounting import TIMINGS
from pro_service.domain.qalys import DEATHS, Qalys, Utilities

Command = TypeVar("Command", bound=Callable[..., Any])


def qaly_options(command: Command) -> Command:
    """Add `--death`, `--discount` and `--discount-timing`, handed on as `death`, `discount` and `timing`."""
    for option in (
        click.option("--discount-timing", "timing", type=click.Choice(TIMINGS), default="annual", show_default=True),
        click.option("--discount", metavar="RATE", type=click.FloatRange(0, 1), default=0.015, show_default=True),
        click.option(
            "--death", type=click.Choice(DEATHS), default="linear", show_default=True, help="How utility gets to 0."
        ),
    ):
        command = option(command)
    return command


def qaly_table(people: Mapping[str, pa.Array], found: Qalys) -> pa.RecordBatch:
    """A row per person: the columns that say who, then the QALYs."""
    counted = {"qaly": found.qaly, "qaly_discounted": found.discounted, "observed_years": found.observed_years}
    numbers = {name: pa.array(values, mask=np.isnan(values)) for name, values in counted.items()}
    return pa.record_batch({**people, **numbers, "censored": pa.array(found.censored)})


def remarks(observed: Utilities, found: Qalys) -> Iterator[str]:
    """What was left out or is not known; nothing where nothing is the matter."""
    usable = observed.usable()
    filled = ~np.isnan(observed.utilities)
    # a utility of 0 at death is how some write the death itself down: it says nothing new
    after = filled & ~usable & (observed.utilities != 0)
    seen = np.unique(np.stack([observed.people[usable], observed.times[usable]]), axis=1)
    earliest = np.full(len(observed.deaths), np.inf)
    np.minimum.at(earliest, observed.people[usable], observed.times[usable])
    counts = (
        (~filled, "rows without a utility, left out"),
        (after, "rows at or after the person's death, left out"),
        (
            np.ones(int(np.count_nonzero(usable)) - seen.shape[1]),
            "rows at the same time as another of the person, of which the mean counts",
        ),
        (np.isnan(found.qaly), "people without any observation; their QALYs are empty"),
        (
            (earliest > 0) & np.isfinite(earliest),
            "people first seen after randomisation; nothing is counted before that",
        ),
        ((found.observed_years == 0) & ~np.isnan(found.qaly), "people seen once; their QALYs are 0 over 0 years"),
    )
    for rows, words in counts:
        if number := int(np.count_nonzero(rows)):
            yield f"{words}: {number}"
