"""How fast a data cut leaves, against PostgreSQL's own COPY of the very same rows from ready tables."""

from __future__ import annotations

import csv
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime, build
from pro_service.services import exports, simulation
from pro_service.services.simulation import Order
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped
from tests.support import postgres

NAMES = ("export_csv", "export_parquet")
UNTIL = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
PEOPLE, MONTHS, COPIES, SAMPLES = 12, 18, 60, 3
ACTOR = Actor(kind="cli", id="benchmark", role="admin")

COPY_PEOPLE = """
CREATE TEMP TABLE p AS SELECT id AS old, gen_random_uuid() AS new, k FROM participant, generate_series(1, %(copies)s) k;
CREATE TEMP TABLE a AS SELECT f.id AS old, gen_random_uuid() AS new, p.new AS participant_id
    FROM assessment f JOIN p ON p.old = f.participant_id;
CREATE TEMP TABLE r AS SELECT f.id AS old, gen_random_uuid() AS new, a.new AS assessment_id
    FROM response f JOIN a ON a.old = f.assessment_id;
"""
COPIED = (
    ("participant", "p", {"id": "m.new", "code": "t.code || '-' || m.k"}, "t.id = m.old"),
    ("assessment", "a", {"id": "m.new", "participant_id": "m.participant_id"}, "t.id = m.old"),
    ("response", "r", {"id": "m.new", "assessment_id": "m.assessment_id"}, "t.id = m.old"),
    ("score_set", "r", {"id": "gen_random_uuid()", "response_id": "m.new"}, "t.response_id = m.old"),
)


def run() -> Iterator[dict[str, object]]:
    """`export_csv` and `export_parquet`: rows a second of a whole cut, all tables together."""
    os.environ.setdefault("PRO_LOG_LEVEL", "error")
    with postgres.running() as server, tempfile.TemporaryDirectory() as scratch:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench_exports")
        url = f"{server}/bench_exports"
        runtime = _populated(url, Path(scratch))
        folders = []
        for form in ("csv", "parquet"):
            seconds, rows, folder = _export(runtime, form, Path(scratch))
            folders.append(folder)
            copied = _copy(url, folders[0], rows)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            yield {
                "name": f"export_{form}",
                "value": rows / seconds,
                "unit": "rows/s",
                "limit": rows / copied,
                "limit_is": "COPY ... TO STDOUT (FORMAT csv) of the same rows, ready made in tables of text",
                "ratio": copied / seconds,
                "samples": SAMPLES,
                "peak_mb": round(peak, 1),
            }
        runtime.engine.dispose()


def _populated(url: str, scratch: Path) -> Runtime:
    """A simulated cohort, each of them many times over."""
    runtime = build(
        from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(scratch), "PRO_DATABASE_URL": url}),
        clock=lambda: UNTIL,
    )
    upgrade(runtime.engine)
    text, file = shipped("scopes")
    order = Order(text, file, PEOPLE, 1, MONTHS, UNTIL)
    simulation.simulate(runtime.work, order=order, channels=runtime.channels, base_url="http://127.0.0.1:1")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(COPY_PEOPLE, {"copies": COPIES})
        for table, mapping, changed, joined in COPIED:
            found = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
            ).fetchall()
            names = [str(row[0]) for row in found]
            values = ", ".join(changed.get(name, f"t.{name}") for name in names)
            statement = (
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} t JOIN {mapping} m ON {joined}"
            )
            connection.execute(statement)
        connection.execute("ANALYZE")
    return runtime


def _export(runtime: Runtime, form: str, scratch: Path) -> tuple[float, int, Path]:
    """Median seconds of an export, how many rows it has, and where one lies."""
    taken, rows, folder = [], 0, scratch
    for sample in range(SAMPLES):
        folder = scratch / f"{form}-{sample}"
        begun = time.perf_counter()
        with runtime.work(ACTOR, writes=False) as work:
            manifest = exports.write(work, study="scopes", format=form, directory=folder)
        taken.append(time.perf_counter() - begun)
        rows = sum(file["rows"] for file in manifest["files"].values())
    return median(taken), rows, folder


def _copy(url: str, folder: Path, rows: int) -> float:
    """Median seconds in which PostgreSQL copies the rows of these files out of tables of text."""
    taken, copied = [], 0
    with psycopg.connect(url, autocommit=True) as connection:
        for path in folder.glob("*.csv"):
            with path.open(encoding="utf-8", newline="") as file:
                columns = ", ".join(f'"{name}" text' for name in next(csv.reader(file)))
            connection.execute(f'CREATE TEMP TABLE "x_{path.stem}" ({columns})')
            with connection.cursor().copy(f'COPY "x_{path.stem}" FROM STDIN (FORMAT csv, HEADER)') as copy:
                copy.write(path.read_bytes())
        for _ in range(SAMPLES):
            begun = time.perf_counter()
            for path in folder.glob("*.csv"):
                with connection.cursor().copy(f'COPY "x_{path.stem}" TO STDOUT (FORMAT csv)') as copy:
                    copied += sum(len(block) for block in copy)
            taken.append(time.perf_counter() - begun)
    if not copied or not rows:
        raise RuntimeError("nothing was copied")
    return median(taken)
