"""`pro instrument export` and `import`: a questionnaire as FHIR R4, another system's as a definition of ours."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pro_service.cli.definitions import find
from pro_service.domain import fhir
from pro_service.domain.scale_requests import example, with_scales
from pro_service.instruments.foreign import Foreign, opened
from pro_service.instruments.reader import read
from pro_service.instruments.writer import write

_FILE = click.Path(dir_okay=False, path_type=Path)
_EXAMPLES = """\b
Examples:
  pro instrument import their-form.json --output their-form.yaml
  pro instrument import dictionary.csv --form sleep --scale REST=q1,q2,q3:prorated_sum:better --output sleep.yaml
  pro instrument import survey.xlsx --output survey.yaml
"""


@click.command(epilog="Example: pro instrument export phq-9 --format fhir --output phq-9.json")
@click.argument("code")
@click.option("--format", "form", type=click.Choice(["fhir"]), default="fhir", show_default=True)
@click.option("--output", type=_FILE, help="The file to write; standard output unless told.")
def export(code: str, form: str, output: Path | None) -> None:  # noqa: ARG001  # one form so far
    """Write an instrument, of the catalogue or in a file, as a FHIR R4 Questionnaire.

    Labels are topics of our own. Licensed words never leave: the codes of items stand in for them.
    """
    instrument = find(code, hint="CODE")
    text = json.dumps(fhir.questionnaire(instrument), indent=2, ensure_ascii=False) + "\n"
    _written(text, output)


@click.command(name="import", epilog=_EXAMPLES)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=_FILE, help="The definition to write; standard output unless told.")
@click.option("--form", default="", metavar="NAME", help="Which form of a REDCap dictionary that has several.")
@click.option("--language", default="en", show_default=True, help="The language of words that name none.")
@click.option(
    "--scale",
    "requests",
    multiple=True,
    metavar="NAME=ITEM,ITEM:METHOD",
    help="A scale to declare (linear, mean, prorated_sum, item_sum); add :better or :worse for what higher is.",
)
@click.option("--without-logic", is_flag=True, help="Ask always what was asked on a condition that can't be carried.")
def import_(
    *, file: Path, output: Path | None, form: str, language: str, requests: tuple[str, ...], without_logic: bool
) -> None:
    """Make a definition (YAML) of a questionnaire of another system. Nothing is loaded: read it, then check it.

    FILE is a FHIR R4 Questionnaire (JSON), a REDCap data dictionary (CSV) or an XLSForm (XLSX, CSV). What could not be
    carried over, or had to be assumed, is listed on standard error with its row. Without --scale it counts what was
    answered, and shows in comments how scales are declared.
    """
    foreign = opened(file.read_bytes(), file=file.name)
    if without_logic and not foreign.is_table:
        raise click.BadParameter(
            f"{foreign.kind} is refused where its logic can't be carried", param_hint="--without-logic"
        )
    imported = foreign.read(_chosen(foreign, form), _two_letters(language), without_logic)
    instrument = with_scales(imported.instrument, requests)
    text = write(instrument)
    if instrument.scales:
        read(text, file=output.name if output else "the definition")  # what we write can be used
    for note in imported.notes:
        click.echo(f"{file.name}: {note}", err=True)
    _written(text if requests else text + example(instrument), output)


def _chosen(foreign: Foreign, form: str) -> str:
    if form and not foreign.forms:
        raise click.BadParameter(f"{foreign.kind} is one form", param_hint="--form")
    if not form and len(foreign.forms) > 1:
        raise click.UsageError(f"{foreign.kind} with several forms: say --form with one of {', '.join(foreign.forms)}")
    return form or next(iter(foreign.forms), "")


def _two_letters(language: str) -> str:
    if len(language) != 2 or not language.isalpha() or not language.islower():
        raise click.BadParameter(f"{language}: expected two letters, such as nl", param_hint="--language")
    return language


def _written(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
