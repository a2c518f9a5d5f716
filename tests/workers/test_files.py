"""The broker that is a folder: whoever reads while somebody writes gets whole messages, each once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty

from kombu.connection import Connection

from workers.app import FILES

MESSAGES = 60


def connected(options: dict[str, str]) -> Connection:
    return Connection(transport=FILES, transport_options=options)  # type: ignore[no-untyped-call]  # kombu declares nothing


def test_a_message_is_there_when_it_is_whole(tmp_path: Path) -> None:
    options = {name: str(tmp_path) for name in ("data_folder_in", "data_folder_out", "control_folder")}

    def write() -> None:
        with connected(options) as connection:
            for number in range(MESSAGES):
                connection.default_channel._put("pro", {"number": number})

    def read() -> list[int]:
        found: list[int] = []
        with connected(options) as connection:
            while len(found) < MESSAGES:
                try:
                    found.append(connection.default_channel._get("pro")["number"])
                except Empty:
                    continue
        return found

    with ThreadPoolExecutor(2) as pool:
        reading, writing = pool.submit(read), pool.submit(write)
        writing.result(timeout=60)
        assert sorted(reading.result(timeout=60)) == list(range(MESSAGES))
    assert list(tmp_path.iterdir()) == []
