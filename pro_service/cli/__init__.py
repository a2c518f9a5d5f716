"""The `pro` command: one file per noun, imported only when that noun is asked for.

So `pro --help` is quick and `pro score` never loads a database. An error raised on purpose is one clear line on
stderr with its code, exit status 1; wrong use is 2; nobody is shown a stack trace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import NoReturn, cast

import click

from pro_service import __version__
from pro_service.domain.errors import ProError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "up": ("processes:up", "Run everything on this machine: web, worker and beat."),
    "demo": ("demo", "Run everything on this machine with a demo study and synthetic participants."),
    "web": ("processes:web", "Run the web server."),
    "worker": ("processes:worker", "Run a worker: scores, messages, exports."),
    "beat": ("processes:beat", "Run the timetable that wakes the workers."),
    "doctor": ("doctor", "Is it healthy? One line per thing that must work."),
    "db": ("db", "Migrate and check the database."),
    "study": ("studies", "Check, plan, load and activate study protocols."),
    "study diff": ("amendments:diff", "What an amendment would change, and for how many participants."),
    "study activate": ("amendments:activate", "Make the newest version the active one, and carry its amendment out."),
    "study simulate": ("simulation", "Try a protocol on synthetic people before it starts."),
    "participant": ("participants", "Enrol and list participants; choose their messages."),
    "participant letter": ("letters:letter", "Print letters to sign in with: a square and a code."),
    "participant revoke": ("letters:revoke", "End every link, letter and session of a participant."),
    "event": ("events", "Record what happens to participants; see what that changes."),
    "delivery": ("deliveries", "Why a message was sent, or not; what failed or is in doubt."),
    "instrument": ("instruments", "The catalogue of questionnaires; check a definition."),
    "instrument load": ("own_instruments:load", "Keep a definition of your own, for good."),
    "instrument export": ("exchange:export", "Write a questionnaire as a FHIR R4 Questionnaire."),
    "instrument import": ("exchange:import_", "Make a definition of another system's questionnaire."),
    "wording": ("wording", "Wording packs: load licensed texts, see what is missing."),
    "score": ("score", "Score a file of forms; needs no database."),
    "toxicity": ("toxicity", "Each person's worst side effects from a file of PRO-CTCAE grades; needs no database."),
    "economics": ("economics", "QALYs and cost-effectiveness."),
    "economics report": ("economics_report", "The utilities and QALYs of a study, per person and arm."),
    "economics qaly": ("economics_qaly", "QALYs from a file of utilities; needs no database."),
    "economics cea": ("economics_cea", "Cost-effectiveness from a file of costs and effects; needs no database."),
    "rescore": ("rescore", "Score a study again under a new scorer, and say what differs."),
    "export": ("exports", "Write a data cut."),
    "staff": ("staff", "Accounts of the study team."),
    "key": ("keys", "API keys, and the keys that seal names and addresses."),
    "webhook": ("webhooks", "Endpoints of other systems that are told what happens."),
    "channel": ("channels", "See whether a channel works; put on record what came back."),
    "contact": ("contacts", "Erase what identifies a person."),
    "audit": ("audit", "Seal and verify the audit trail."),
}
"""Command -> (module under pro_service.cli and attribute, `command` by default; help line)."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run. `table` maps a name to (module:attribute, help)."""

    def __init__(self, *, table: Mapping[str, tuple[str, str]], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # click's own options, handed through
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table, then those a group brought along."""
        return [*(name for name in self.table if " " not in name), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; a name with a nested one in the table (`study simulate`) gets it as a subcommand."""
        if cmd_name not in self.table:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command = cast(click.Command, getattr(import_module(f"{__name__}.{module}"), attribute or "command"))
        prefix = f"{cmd_name} "
        nested = {name.removeprefix(prefix): entry for name, entry in self.table.items() if name.startswith(prefix)}
        if nested and isinstance(command, click.Group):
            return LazyGroup(name=cmd_name, help=command.help, commands=command.commands, table=nested)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's own
        """List every command with its line, without importing the ones of the table."""
        brought = [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        own = [(name, help_line) for name, (_, help_line) in self.table.items() if " " not in name]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *brought])


pro = LazyGroup(
    name="pro",
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Patient-reported outcomes for clinical trials.\n\nExample: pro demo",
)
pro = click.version_option(__version__, prog_name="pro")(pro)


def main() -> NoReturn:
    """The console command `pro`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; the exit status: 0 done, 1 the work found problems, 2 wrong use."""
    try:
        status = pro.main(args=arguments, prog_name="pro", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has left; so do we, quietly
        return 1
    except (Exception, click.Abort) as error:  # whatever goes wrong, people get one line
        if not isinstance(error, ProError | click.Abort | OSError) and _wants_traces():
            raise
        click.echo(_line(error), err=True)
        return 1
    return status if isinstance(status, int) else 0


def _line(error: BaseException) -> str:
    """What to tell about an error. One that nobody raised on purpose is a fault of ours: say where, not what with."""
    if isinstance(error, ProError):
        return f"{error.code}: {error}"
    if isinstance(error, click.Abort):
        return "stopped"
    if isinstance(error, OSError):
        return f"file-error: {error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": ")
    return f"internal-error: {type(error).__name__} at {_place(error)}; PRO_LOG_LEVEL=debug shows more"


def _wants_traces() -> bool:
    return os.environ.get("PRO_LOG_LEVEL", "").lower() == "debug"


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
