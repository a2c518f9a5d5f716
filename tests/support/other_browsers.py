"""Real Firefox and real WebKit as Debian has them, driven by the few commands of WebDriver that a journey takes.

Playwright drives its own builds of the two only. Firefox speaks WebDriver over a socket of its own (Marionette), WebKit
over HTTP. A machine that lacks one of them skips what needs it: `apt-get install firefox-esr webkit2gtk-driver xvfb`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.support import processes
from tests.support.ports import free_port, listens, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The name of an element's id in every answer: WebDriver, section 12.1."""
PATIENCE = 60.0
WIDTH, HEIGHT = 390, 844
PREFERENCES = {
    "marionette.port": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "browser.shell.checkDefaultBrowser": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
"""A Firefox that starts without questions and calls nobody."""


class OtherBrowser(ABC):
    """What a person does in it, and what is to be seen."""

    @abstractmethod
    def _command(self, gecko: str, method: str, path: str, **said: Any) -> Any:
        """One command, by its name in Firefox and its address in WebKit."""

    def size(self) -> None:
        """Make the window as small as a phone, or as small as it can be."""
        self._command("WebDriver:SetWindowRect", "POST", "/window/rect", width=WIDTH, height=HEIGHT)

    def go(self, url: str) -> None:
        self._command("WebDriver:Navigate", "POST", "/url", url=url)

    def back(self) -> None:
        self._command("WebDriver:Back", "POST", "/back")

    def look(self, expression: str) -> Any:
        """What an expression of JavaScript says in the page."""
        return self.run(f"return {expression}")

    def run(self, script: str) -> Any:
        return self._command("WebDriver:ExecuteScript", "POST", "/execute/sync", script=script, args=[])

    def tap(self, selector: str) -> None:
        element = self._element(selector)
        self._command("WebDriver:ElementClick", "POST", f"/element/{element}/click", id=element)

    def type(self, selector: str, words: str) -> None:
        element = self._element(selector)
        self._command("WebDriver:ElementSendKeys", "POST", f"/element/{element}/value", id=element, text=words)

    def _element(self, selector: str) -> str:
        found = self._command("WebDriver:FindElement", "POST", "/element", using="css selector", value=selector)
        return str(found[ELEMENT])

    def wait(self, expression: str) -> None:
        """Until it holds; a page on its way to another one says nothing yet."""
        wait_until(lambda: self._holds(expression), seconds=PATIENCE, what=expression)

    def _holds(self, expression: str) -> bool:
        try:
            return bool(self.look(expression))
        except RefusedCommand:
            return False


class RefusedCommand(Exception):
    """The browser could not do what it was told."""


class Firefox(OtherBrowser):
    """Over Marionette: a list of four in JSON each way, its length before it."""

    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.stream = self.line.makefile("rb")
        self._read()  # who it is
        self._command("WebDriver:NewSession", "", "")

    def _command(self, gecko: str, method: str, path: str, **said: Any) -> Any:
        asked = json.dumps([0, 1, gecko, said]).encode()
        self.line.sendall(b"%d:%s" % (len(asked), asked))
        _, _, error, answer = self._read()
        if error:
            raise RefusedCommand(error["message"])
        return answer.get("value", answer) if isinstance(answer, dict) else answer

    def close(self) -> None:
        self.stream.close()
        self.line.close()

    def _read(self) -> Any:
        length = b""
        while (digit := self.stream.read(1)) != b":":
            length += digit
        return json.loads(self.stream.read(int(length)))


class WebKit(OtherBrowser):
    """Over HTTP, as the standard has it."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/session"
        self.session = ""
        made = self._command("", "POST", "", capabilities={"alwaysMatch": {}})
        self.session = f"/{made['sessionId']}"

    def close(self) -> None:
        self._command("", "DELETE", "")

    def _command(self, gecko: str, method: str, path: str, **said: Any) -> Any:
        answer = requests.request(method, f"{self.base}{self.session}{path}", json=said, timeout=PATIENCE)
        value = answer.json()["value"]
        if not answer.ok:
            raise RefusedCommand(value["message"])
        return value


def missing(name: str) -> str:
    """Why this machine cannot run it; "" when it can."""
    needed = {"firefox": ("firefox-esr",), "webkit": ("WebKitWebDriver", "Xvfb")}[name]
    absent = [program for program in needed if shutil.which(program) is None]
    return f"{name} is not to be had here: no {', '.join(absent)}" if absent else ""


@contextmanager
def running(name: str) -> Iterator[OtherBrowser]:
    """A browser of that name with nothing in it, until the end of the block."""
    with {"firefox": _firefox, "webkit": _webkit}[name]() as browser:
        browser.size()
        yield browser


@contextmanager
def _firefox() -> Iterator[OtherBrowser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});" for key, value in PREFERENCES.items()]
        Path(profile, "user.js").write_text("\n".join(lines))
        with _started("firefox-esr", "--headless", "--marionette", "--profile", profile):
            told = Path(profile, "MarionetteActivePort")
            wait_until(lambda: told.exists() and told.read_text() != "", seconds=PATIENCE, what="Firefox to start")
            browser = Firefox(int(told.read_text()))
            yield browser
            browser.close()


@contextmanager
def _webkit() -> Iterator[OtherBrowser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        told, port = Path(folder, "display"), free_port()
        with _started("Xvfb", "-displayfd", "1", "-screen", "0", "1024x1024x24", log=told):
            wait_until(lambda: told.exists() and told.read_text().strip() != "", what="a screen")
            screen = {**os.environ, "DISPLAY": f":{told.read_text().strip()}", "HOME": folder}
            with _started("WebKitWebDriver", f"--port={port}", environment=screen):
                wait_until(lambda: listens(port), seconds=PATIENCE, what="WebKitWebDriver to start")
                browser = WebKit(port)
                yield browser
                browser.close()


@contextmanager
def _started(*command: str, log: Path | None = None, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    process = processes.start(command, log=log, environment=environment)
    yield
    processes.end(process)
