"""Prints the findings of the fault rounds at the end of a test run, however many processes it was spread over."""

from __future__ import annotations

import pytest

PROPERTY = "faults"
"""Under this name a test records its line of findings."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A section of its own, where there are findings."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    lines = [str(text) for one in reports for name, text in one.user_properties if name == PROPERTY]
    if lines:
        terminalreporter.section("faults")
        terminalreporter.write("\n".join(lines) + "\n")
