"""`pro instrument export` and `import`: a questionnaire as FHIR R4, and a FHIR R4 Questionnaire as a definition."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pro_service.cli.definitions import find, text_of
from pro_service.domain import fhir, fhir_import
from pro_service.domain.errors import InvalidInstrument
from pro_service.instruments.writer import write

_FILE = click.Path(dir_okay=False, path_type=Path)


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


@click.command(name="import", epilog="Example: pro instrument import their-form.json --output their-form.yaml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=_FILE, help="The definition to write; standard output unless told.")
def import_(file: Path, output: Path | None) -> None:
    """Make a definition (YAML) of a FHIR R4 Questionnaire (JSON). Nothing is loaded: add scales to it, then check it.

    What could not be carried over, or had to be assumed, is listed on standard error.
    """
    try:
        document = json.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        raise InvalidInstrument(f"{file.name} is not JSON") from error
    imported = fhir_import.instrument_of(document)
    for note in imported.notes:
        click.echo(f"{file.name}: {note}", err=True)
    _written(write(imported.instrument), output)


def _written(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
