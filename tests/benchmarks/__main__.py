"""`python -m tests.benchmarks [NAME ...]`: runs every benchmark (or those named) and prints a JSON object per line."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator

import tests.benchmarks as shelf

FIELDS = ("name", "value", "unit", "limit", "limit_is", "ratio", "samples", "peak_mb")


def results(names: set[str]) -> Iterator[dict[str, object]]:
    """Each module of this folder with a `run` yields its results; those whose NAMES nobody asked for do not run."""
    for module in sorted(pkgutil.iter_modules(shelf.__path__), key=lambda found: found.name):
        loaded = importlib.import_module(f"tests.benchmarks.{module.name}") if module.name != "__main__" else None
        if loaded is not None and hasattr(loaded, "run") and (not names or names & set(loaded.NAMES)):
            yield from loaded.run()


def main(names: list[str]) -> int:
    """Print what was measured; 1 when a name asked for was not measured."""
    seen = set()
    for result in results(set(names)):
        if names and result["name"] not in names:
            continue
        seen.add(result["name"])
        sys.stdout.write(json.dumps({field: result[field] for field in FIELDS}) + "\n")
        sys.stdout.flush()
    for missing in sorted(set(names) - seen):
        sys.stderr.write(f"no benchmark is called {missing}\n")
    return 0 if set(names) <= seen else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
