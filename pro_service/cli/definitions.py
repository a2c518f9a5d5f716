"""Where the command line finds questionnaires: those that ship, a file, or the folder beside a study file."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import click

from pro_service.domain.errors import InvalidInstrument
from pro_service.domain.instruments import Instrument, scales_without_ends
from pro_service.instruments import load_catalogue
from pro_service.instruments.reader import read
from pro_service.instruments.tariffs import check_tariffs

FOLDER = "instruments"
"""Beside a study file: the definitions that the study brings along."""


def find(code: str, *, hint: str) -> Instrument:
    """The questionnaire of that code, or the one defined in that file (a name that ends in .yaml)."""
    if code.endswith((".yaml", ".yml")) and Path(code).is_file():
        return checked(Path(code))
    catalogue = load_catalogue()
    if code not in catalogue:
        near = get_close_matches(code.lower(), catalogue, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise click.BadParameter(f"{code}: {meant}there are {', '.join(catalogue)}", param_hint=hint)
    return catalogue[code]


def checked(path: Path) -> Instrument:
    """The questionnaire in a file. InvalidInstrument with everything that is wrong with it."""
    instrument = read(text_of(path), file=str(path))
    check_tariffs(instrument)
    return instrument


def warn(instrument: Instrument) -> None:
    """Say on standard error what is allowed, and hardly meant."""
    mute = scales_without_ends(instrument)
    if mute:
        click.echo(f"warning: no words at the ends of {', '.join(mute)}: say low_end and high_end", err=True)


def text_of(path: Path) -> str:
    """The text of a definition; InvalidInstrument where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInstrument(f"{path.name} is not UTF-8 text") from error


def beside(study_file: str) -> tuple[Path, ...]:
    """The definitions in the folder `instruments` beside a study file, by name."""
    path = Path(study_file)
    return tuple(sorted((path.parent / FOLDER).glob("*.yaml"))) if path.is_file() else ()


def known_to(study_file: str) -> Mapping[str, Instrument]:
    """What a study in that file may ask: what ships, and what lies beside it."""
    own = (checked(path) for path in beside(study_file))
    return {**load_catalogue(), **{instrument.code: instrument for instrument in own}}
