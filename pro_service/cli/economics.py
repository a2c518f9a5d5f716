"""`pro economics`: what answers are worth in quality-adjusted years, and whether a treatment is worth its money."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """QALYs and cost-effectiveness: of a study, or from files without a database.

    Example: pro economics qaly utilities.csv --output qalys.csv
    """
