"""What the commands of `pro economics` share: how QALYs are to be computed, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.domain.discounting import TIMINGS
from pro_service.domain.qalys import DEATHS, Qalys

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
