"""A folder of results: tables, what else is drawn into it, and a manifest; it appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.cli.form_tables import writing
from pro_service.services.folders import MANIFEST, appearing, fingerprint


def write_folder(
    directory: Path,
    tables: Mapping[str, pa.RecordBatch],
    facts: Mapping[str, object],
    *,
    draw: Callable[[Path], None] = lambda _: None,
) -> list[str]:
    """Write each table under its name, whatever `draw` adds, and a manifest of `facts`; the names of the files."""
    with appearing(directory) as folder:
        for name, table in tables.items():
            with writing(str(folder / name), table.schema) as sink:
                sink.write(table)
        draw(folder)
        files = {
            path.name: {**({"rows": tables[path.name].num_rows} if path.name in tables else {}), **fingerprint(path)}
            for path in sorted(folder.iterdir())
        }
        manifest = json.dumps({**facts, "files": files}, indent=2) + "\n"
        (folder / MANIFEST).write_text(manifest, encoding="utf-8")
    return [*files, MANIFEST]
