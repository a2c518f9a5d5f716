"""Scoring beside what no scoring can avoid: in memory, from file to file, of a big file, and a backlog of forms.

In memory the limit is one pass of NumPy over the same matrix; for a file, reading it and writing as many numbers with
Arrow alone; for a backlog, the bare driver reading the same rows, inserting ready-made scores and marking them.
Rounds of ours and of the limit alternate, so that a busy machine slows them alike; the fastest round of each counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped]  # the same
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from pro_service.domain.schedule import TrialEvent
from pro_service.domain.scoring import score, scored_items
from pro_service.instruments import load_catalogue, value_set
from pro_service.runtime import Runtime, build
from pro_service.services import participants, scores, studies
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped
from tests.support import people, postgres

FORMS, ROUNDS = 500_000, 7
NAMES = (
    "score_qlqc30", "score_eq5d", "score_file", "score_parquet_qlqc30", "score_parquet_eq5d", "score_big_file",
    "score_backlog",
)  # fmt: skip
FILE_FORMS, PARQUET_FORMS, BIG_BYTES = 100_000, 1_000_000, 300_000_000
BACKLOG, BATCH = 4_000, 2_000
MISSING = 0.05


def run() -> Iterator[dict[str, object]]:
    """Measure; one line per name."""
    yield _in_memory("score_qlqc30", "qlq-c30", None)
    yield _in_memory("score_eq5d", "eq-5d-5l", "nl-2016")
    yield _file()
    yield _parquet("score_parquet_qlqc30", "qlq-c30")
    yield _parquet("score_parquet_eq5d", "eq-5d-5l", "--value-set", "nl-2016")
    yield _big_file()
    yield _backlog()


def _forms(code: str, number: int) -> NDArray[np.float64]:
    """Random forms with missing answers, a row per form, laid out column by column."""
    random = np.random.default_rng(30)
    items = scored_items(load_catalogue()[code])
    tops = [len(item.options) or int(item.maximum or 0) for item in items]
    matrix = np.asfortranarray(np.column_stack([random.integers(1, top + 1, number).astype(float) for top in tops]))
    matrix[random.random(matrix.shape) < MISSING] = np.nan
    return matrix


def _in_memory(name: str, code: str, set_id: str | None) -> dict[str, object]:
    instrument, matrix = load_catalogue()[code], _forms(code, FORMS)
    columns = {item.code: matrix[:, place] for place, item in enumerate(scored_items(instrument))}
    tariff = value_set(set_id) if set_id else None
    value, limit = _fastest(lambda: score(instrument, columns, value_set=tariff), lambda: np.nanmean(matrix, axis=1))
    tracemalloc.start()
    score(instrument, columns, value_set=tariff)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "name": name,
        "value": round(value / FORMS * 1e9, 1),
        "unit": "nanoseconds per form",
        "limit": round(limit / FORMS * 1e9, 1),
        "limit_is": "one pass of NumPy over the same matrix: the mean of each form's answers (nanmean)",
        "ratio": round(value / limit, 2),
        "samples": FORMS * ROUNDS,
        "peak_mb": round(peak / 1e6, 1),
    }


def _fastest(ours: Callable[[], object], bound: Callable[[], object]) -> tuple[float, float]:
    value = limit = float("inf")
    for _ in range(ROUNDS):
        value, limit = min(value, _cpu(ours)), min(limit, _cpu(bound))
    return value, limit


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _file() -> dict[str, object]:
    """Processor time of `pro score` beyond its start-up, and the most memory the process took."""
    with tempfile.TemporaryDirectory() as folder:
        one, many = Path(folder, "one.csv"), Path(folder, "many.csv")
        _write(one, 1)
        _write(many, FILE_FORMS)
        start_up = min(_pro_score("qlq-c30", one)[0] for _ in range(3))
        runs = [_pro_score("qlq-c30", many) for _ in range(3)]
        value, limit = min(cpu for cpu, _ in runs) - start_up, min(_cpu(lambda: _bare_file(many)) for _ in range(3))
    return {
        "name": "score_file",
        "value": round(value, 3),
        "unit": f"seconds of processor time for {FILE_FORMS} qlq-c30 forms, CSV to CSV, beyond start-up",
        "limit": round(limit, 3),
        "limit_is": "Arrow reading the same file and writing sixteen numbers per form, scoring nothing",
        "ratio": round(value / limit, 2),
        "samples": FILE_FORMS * len(runs),
        "peak_mb": round(max(peak for _, peak in runs), 1),
    }


def _write(path: Path, forms: int) -> None:
    matrix = _forms("qlq-c30", forms)
    with path.open("w") as file:
        file.write("id," + ",".join(f"q{number}" for number in range(1, 31)) + "\n")
        for row, answers in enumerate(matrix.tolist()):
            file.write(f"P{row}," + ",".join("" if np.isnan(code) else str(int(code)) for code in answers) + "\n")


def _parquet(name: str, code: str, *options: str) -> dict[str, object]:
    """Processor time of `pro score` from Parquet to Parquet beyond its start-up, with an id carried along."""
    with tempfile.TemporaryDirectory() as folder:
        one, many = Path(folder, "one.parquet"), Path(folder, "many.parquet")
        for path, number in ((one, 1), (many, PARQUET_FORMS)):
            matrix = _forms(code, number)
            items = [item.code for item in scored_items(load_catalogue()[code])]
            codes = [pa.array(np.nan_to_num(matrix[:, place]).astype(np.int16), mask=np.isnan(matrix[:, place]))
                     for place in range(len(items))]  # fmt: skip
            ids = pa.array([f"P{row:07d}" for row in range(number)])
            pq.write_table(pa.table([ids, *codes], names=["id", *items]), path)
        start_up = min(_pro_score(code, one, *options)[0] for _ in range(3))
        runs = [_pro_score(code, many, *options) for _ in range(3)]
        value, limit = min(cpu for cpu, _ in runs) - start_up, min(_cpu(lambda: _bare_parquet(many)) for _ in range(3))
    return {
        "name": name,
        "value": round(value, 3),
        "unit": f"seconds of processor time for {PARQUET_FORMS} {code} forms, Parquet to Parquet, beyond start-up",
        "limit": round(limit, 3),
        "limit_is": "Arrow reading the same file and writing the ids and as many numbers, scoring nothing",
        "ratio": round(value / limit, 2),
        "samples": PARQUET_FORMS * len(runs),
        "peak_mb": round(max(peak for _, peak in runs), 1),
    }


def _bare_parquet(path: Path) -> None:
    file = pq.ParquetFile(path, pre_buffer=False)
    names = file.schema_arrow.names
    scales = len(names) // 2 + 1
    numbers = pa.array(np.round(np.linspace(0, 100, 1 << 15)))
    schema = pa.schema([("id", pa.string()), *((f"s{place}", pa.float64()) for place in range(scales))])
    with pq.ParquetWriter(path.with_suffix(".bare.parquet"), schema) as writer:
        for batch in file.iter_batches(batch_size=1 << 15):
            column = numbers.slice(0, batch.num_rows)
            writer.write(pa.record_batch([batch.column(0), *[column] * scales], schema=schema))


def _big_file() -> dict[str, object]:
    """Most memory of `pro score` on a CSV of hundreds of megabytes, beside a file of a fiftieth of that."""
    with tempfile.TemporaryDirectory() as folder:
        small, big = Path(folder, "small.csv"), Path(folder, "big.csv")
        rows = [_grow(path, size) for path, size in ((small, BIG_BYTES // 50), (big, BIG_BYTES))]
        limit, value = (_pro_score("qlq-c30", path)[1] for path in (small, big))
    return {
        "name": "score_big_file",
        "value": round(value, 1),
        "unit": f"megabytes at most, scoring a CSV of {BIG_BYTES // 1_000_000} megabytes ({rows[1]} qlq-c30 forms)",
        "limit": round(limit, 1),
        "limit_is": "the same program on a file of a fiftieth of the size: memory should not grow with the file",
        "ratio": round(value / limit, 2),
        "samples": 1,
        "peak_mb": round(value, 1),
    }


def _grow(path: Path, size: int) -> int:
    """Write forms until the file has this size; each row with an id of its own."""
    matrix = _forms("qlq-c30", 1000)
    tails = [",".join("" if np.isnan(code) else str(int(code)) for code in answers) for answers in matrix.tolist()]
    written = rows = 0
    with path.open("w") as file:
        written += file.write("id," + ",".join(f"q{number}" for number in range(1, 31)) + "\n")
        while written < size:
            written += file.write("".join(f"P{rows + place},{tail}\n" for place, tail in enumerate(tails)))
            rows += len(tails)
    return rows


def _pro_score(code: str, path: Path, *options: str) -> tuple[float, float]:
    """Processor seconds and peak megabytes of one run in a process of its own.

    The peak is the kernel's high-water mark of that program alone; `ru_maxrss` would count this process before exec.
    """
    program = (
        "import sys, time; from pro_service.cli import run; status = run(sys.argv[1:]); "
        "print(time.process_time(), open('/proc/self/status').read().split('VmHWM:')[1].split()[0]); sys.exit(status)"
    )
    target = path.with_suffix(f".out{path.suffix}")
    command = [sys.executable, "-c", program, "score", code, str(path), "--output", str(target), *options]
    cpu, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(cpu), int(peak) / 1024


def _bare_file(path: Path) -> None:
    table = arrow_csv.read_csv(path, read_options=arrow_csv.ReadOptions(use_threads=False))
    column = pa.array(np.linspace(0, 100, table.num_rows))
    arrow_csv.write_csv(pa.table({f"s{place}": column for place in range(16)}), path.with_suffix(".bare.csv"))


def _backlog() -> dict[str, object]:
    with postgres.running(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE backlog")
        url = f"{server}/backlog"
        runtime = build(from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": folder, "PRO_DATABASE_URL": url}))
        _enrol(runtime)
        value = limit = float("inf")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE bare_score (LIKE score_set INCLUDING ALL)")
            for number in range(3):
                _add_pending(connection, 2 * number)
                value = min(value, _seconds(lambda: _score_all(runtime)))
                _add_pending(connection, 2 * number + 1)
                limit = min(limit, _seconds(lambda: _bare_backlog(url)))
            _add_pending(connection, 6)
            tracemalloc.start()
            _score_all(runtime)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        runtime.engine.dispose()
    return {
        "name": "score_backlog",
        "value": round(BACKLOG / value, 1),
        "unit": "forms per second",
        "limit": round(BACKLOG / limit, 1),
        "limit_is": "bare psycopg reading the rows in the same batches, storing ready-made scores and marking rows",
        "ratio": round(limit / value, 2),
        "samples": BACKLOG * 3,
        "peak_mb": round(peak / 1e6, 1),
    }


def _enrol(runtime: Runtime) -> None:
    upgrade(runtime.engine)
    text, path = shipped("scopes")
    today = datetime.now(UTC).date() - timedelta(days=1)
    with runtime.work(people.everything) as work:
        study = studies.load(work, document=text, file=str(path))
        studies.activate(work, code=study.code)
        participants.enrol(
            work, study=study.code, code="B-1", site="nki", arm="short", stratum="lower_extremity", language="en",
            eligibility={each.code: "no" if each.excludes else "yes" for each in study.criteria}, consented_on=today,
            events=[TrialEvent("randomisation", today)],
        )  # fmt: skip


def _add_pending(connection: psycopg.Connection[Any], place: int) -> None:
    """Submitted forms that wait for their scores, each in an assessment of its own."""
    answers = Jsonb({f"q{number}": 1 + number % 4 for number in range(1, 31)})
    connection.execute(
        "INSERT INTO assessment (id, participant_id, timepoint, occurrence, instruments, mode) "
        "SELECT gen_random_uuid(), participant.id, 'bench', %s + number, '[\"qlq-c30\"]', 'self' "
        "FROM participant, generate_series(1, %s) AS number",
        (place * BACKLOG, BACKLOG),
    )
    connection.execute(
        "INSERT INTO response (id, assessment_id, instrument, instrument_version, language, wording, answers, stamps, "
        "revision, to_score, scored_revision, created_at, updated_at) "
        "SELECT gen_random_uuid(), id, 'qlq-c30', '3.0', 'en', 'placeholder', %s, '{}', 1, true, 0, now(), now() "
        "FROM assessment WHERE timepoint = 'bench' AND occurrence > %s",
        (answers, place * BACKLOG),
    )
    connection.execute("VACUUM ANALYZE response")


def _score_all(runtime: Runtime) -> None:
    found = BATCH
    while found == BATCH:
        with runtime.work(people.system) as work:
            found = scores.score_pending(work, limit=BATCH)


_PENDING = (
    "SELECT response.id, response.answers, participant.study_version_id FROM response "
    "JOIN assessment ON assessment.id = response.assessment_id "
    "JOIN participant ON participant.id = assessment.participant_id "
    "WHERE response.to_score AND response.scored_revision < response.revision "
    "AND (response.claimed_until IS NULL OR response.claimed_until <= now()) "
    "LIMIT %s FOR UPDATE OF response SKIP LOCKED"
)
_BARE_INSERT = (
    "INSERT INTO bare_score (id, response_id, revision, instrument, instrument_version, scorer_version, value_set, "
    "missing_rule, input_hash, scales, computed_at) "
    "VALUES (gen_random_uuid(), %s, 1, 'qlq-c30', '3.0', '1', '', 'default', %s, %s, now())"
)


def _bare_backlog(url: str) -> None:
    ready = Jsonb({scale.code: {"value": 66.66666666666667, "n_answered": 2, "n_items": 2}
                   for scale in load_catalogue()["qlq-c30"].scales})  # fmt: skip
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        while rows := cursor.execute(_PENDING, (BATCH,)).fetchall():
            cursor.executemany(_BARE_INSERT, [(row[0], "0" * 64, ready) for row in rows])
            cursor.execute(
                "UPDATE response SET scored_revision = revision WHERE id = ANY(%s)", ([row[0] for row in rows],)
            )
            connection.commit()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
