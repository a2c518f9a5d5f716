"""The command itself: quick help, one clear line for every error, and the three exit statuses."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import click
import pytest

from pro_service.cli import COMMANDS, LazyGroup, pro, run
from pro_service.domain.errors import Invalid, Problem

HEAVY = ("sqlalchemy", "pydantic", "flask", "celery", "polars", "cryptography", "alembic", "pro_service.cli.")


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


ALL = list(every_command(pro))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["nonsense"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = f"import sys; from pro_service.cli import run; run({arguments}); print(*sys.modules, file=sys.stderr)"
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = outcome.stderr.split()
    assert [name for name in loaded if name.startswith(HEAVY)] == []


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_every_command_helps_with_an_example(
    path: tuple[str, ...], command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*path, "--help"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"Examples?:\s+pro ", printed)
    assert command.get_short_help_str(), "the list of commands says what it does"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_lists_only_commands_that_exist(name: str) -> None:
    module, _, attribute = COMMANDS[name][0].partition(":")
    assert isinstance(getattr(import_module(f"pro_service.cli.{module}"), attribute or "command"), click.Command)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nonsense"], "Error: No such command 'nonsense'."),
        (["db", "--nonsense"], "Error: No such option '--nonsense'."),
        (["contact", "erase"], "Error: Missing argument 'PARTICIPANT'."),
        (["staff", "add", "ann@example.org", "--role", "king"], "Error: Invalid value for '--role'"),
    ],
)
def test_wrong_use_is_two(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert line in capsys.readouterr().err


def raising(error: BaseException) -> click.Command:
    def callback() -> None:
        raise error

    return click.Command("fail", callback=callback)


@pytest.mark.parametrize(
    ("error", "printed"),
    [
        (Invalid("no good", problems=[Problem("too long", "code")]), "invalid: no good\ncode: too long\n"),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), "file-error: No such file or directory: x.csv\n"),
        (click.Abort(), "stopped\n"),
        (click.ClickException("told by click"), "Error: told by click\n"),
    ],
)
def test_an_error_is_one_clear_line_and_status_one(
    error: BaseException, printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(pro.commands, "fail", raising(error))
    assert run(["fail"]) == 1
    assert capsys.readouterr().err == printed


def test_a_fault_of_ours_shows_no_trace_and_no_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(pro.commands, "fail", raising(KeyError("Jan Jansen")))
    assert run(["fail"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("internal-error: KeyError at test_pro.py:")
    assert "Jan" not in printed
    monkeypatch.setenv("PRO_LOG_LEVEL", "debug")
    with pytest.raises(KeyError):
        run(["fail"])


def test_a_status_a_command_asks_for_is_its_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pro.commands, "fail", raising(click.exceptions.Exit(3)))
    assert run(["fail"]) == 3


def test_a_nested_command_stands_beside_those_its_group_brings() -> None:
    context = click.Context(pro)
    study = pro.get_command(context, "study")
    assert isinstance(study, LazyGroup)
    assert {"simulate", "check", "plan"} <= set(study.list_commands(context))
