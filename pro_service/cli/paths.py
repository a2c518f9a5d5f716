"""Paths of tables on the command line: CSV or Parquet by suffix, or - for standard input and output.

What is read may be a CSV packed with gzip as well.
"""

from __future__ import annotations

import click

from pro_service.cli.form_tables import READABLE, STREAM, SUFFIXES


class Tabular(click.Path):
    """The path of a table, or -."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        path = str(super().convert(str(value), param, ctx))
        suffixes = READABLE if self.exists else SUFFIXES
        if path != STREAM and not path.lower().endswith(suffixes):
            self.fail(f"{path}: expected a name that ends in {', '.join(suffixes[:-1])} or {suffixes[-1]}", param, ctx)
        return path


INPUT = Tabular(exists=True, dir_okay=False, allow_dash=True)
