"""Paths of tables on the command line: CSV or Parquet by suffix, or - for standard input and output."""

from __future__ import annotations

import click

from pro_service.cli.form_tables import STREAM, SUFFIXES


class Tabular(click.Path):
    """The path of a table, or -."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        path = str(super().convert(str(value), param, ctx))
        if path != STREAM and not path.lower().endswith(SUFFIXES):
            self.fail(f"{path}: expected a name that ends in .csv or .parquet", param, ctx)
        return path


INPUT = Tabular(exists=True, dir_okay=False, allow_dash=True)
