"""A browser on a slow line and a slow phone, and what went over that line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Page

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""400 kbit/s each way and 400 ms there and back; DevTools counts in bytes a second and milliseconds."""
SLOWER_CPU = 4


@dataclass
class Line:
    """What one page has loaded so far: bytes over the line, and every request's URL in order."""

    transferred: int = 0
    requested: list[str] = field(default_factory=list)
    _cached: set[str] = field(default_factory=set)

    def sent(self, event: dict[str, Any]) -> None:
        """A request is on its way."""
        if not event["request"]["url"].startswith("data:"):
            self.requested.append(event["request"]["url"])

    def from_cache(self, event: dict[str, Any]) -> None:
        """A request was answered by the browser itself."""
        self._cached.add(event["requestId"])

    def finished(self, event: dict[str, Any]) -> None:
        """The last byte of an answer came in."""
        if event["requestId"] not in self._cached:
            self.transferred += int(event["encodedDataLength"])


def watched(page: Page, *, slow: bool = False) -> Line:
    """From now on count what the page loads; with `slow`, on a slow line and a slow phone."""
    line, devtools = Line(), _devtools(page)
    devtools.on("Network.requestWillBeSent", line.sent)
    devtools.on("Network.requestServedFromCache", line.from_cache)
    devtools.on("Network.loadingFinished", line.finished)
    if slow:
        devtools.send("Network.emulateNetworkConditions", SLOW_3G)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_CPU})
    return line


def _devtools(page: Page) -> CDPSession:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    return devtools
