"""`python -m workers worker` and `python -m workers beat`: what `pro worker` and `pro beat` start."""

from __future__ import annotations

import sys

from pro_service.runtime import build, settle
from pro_service.settings import from_environment
from workers.app import run_beat, run_worker

RUN = {"worker": run_worker, "beat": run_beat}

if __name__ == "__main__":
    runtime = build(from_environment())
    settle()
    RUN[sys.argv[1]](runtime)
