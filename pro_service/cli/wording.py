"""`pro wording`: the licensed words of questionnaires, which are not shipped."""

from __future__ import annotations

from pathlib import Path

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.cli.definitions import find
from pro_service.domain.audit import Actor
from pro_service.domain.wording import ABOUT, LANGUAGE, Pack
from pro_service.instruments import wording_template
from pro_service.instruments.wording import entries
from pro_service.instruments.wording_template import FORMS
from pro_service.services import licences, wording
from pro_service.services.wording import Standing


@click.group(
    name="wording",
    help="Wording packs: load licensed texts, see what is missing.\n\nExample: pro wording status",
)
def command() -> None:
    """The group `pro wording`."""


_EXAMPLES = """\b
Examples:
  pro wording load qlq-c30-nl.xlsx --actor j.jansen
  pro wording load phq-9.json --language nl --about licence=2026-14 --about expires_on=2027-12-31
"""


@command.command(epilog=_EXAMPLES)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file against the definition and keep nothing.")
@click.option("--language", default="", help="Which language of a FHIR Questionnaire; its own unless told.")
@click.option(
    "--about", "said", multiple=True, metavar="NAME=TEXT", help="What the file does not say, or says wrongly."
)
@actor_option
def load(file: Path, dry_run: bool, language: str, said: tuple[str, ...], actor: Actor) -> None:
    """Load the words of one questionnaire in one language, from YAML, JSON, CSV, XLSX or a FHIR Questionnaire.

    They are held against the definition item by item, and shown from then on in place of those before. NAME is
    instrument, version, title, recall, owner, licence or expires_on.
    """
    about = dict(_told(one) for one in said)
    with open_runtime().work(actor, writes=not dry_run) as work:
        take = wording.read if dry_run else wording.load
        texts = entries(file.read_bytes(), file=str(file), language=language)
        pack = take(work, texts=texts, file=str(file), language=language, about=about)
    did = "fits; nothing was kept" if dry_run else "is loaded"
    click.echo(f"{pack.instrument} {pack.version} in {pack.language} {did}; {_licence(pack)}; SHA-256 {pack.sha256}")


@command.command(epilog="Example: pro wording template qlq-c30 --language nl --format xlsx --output qlq-c30-nl.xlsx")
@click.argument("code")
@click.option("--language", required=True, metavar="LANGUAGE", help="Such as nl or pt-BR.")
@click.option("--format", "form", type=click.Choice(FORMS), help="As the output's name ends, unless told.")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def template(code: str, language: str, form: str | None, output: Path) -> None:
    """Write an empty pack to fill, of an instrument of the catalogue or in a file (CODE).

    It has a place for each text, and topics of our own beside them as a comment. `load` refuses it until every place
    is filled.
    """
    instrument = find(code, hint="CODE")
    if not LANGUAGE.fullmatch(language):
        raise click.BadParameter(f"{language}: expected a language such as nl or pt-BR", param_hint="--language")
    kind = form or output.suffix.lower().removeprefix(".")
    if kind not in FORMS:
        raise click.UsageError(f"{output}: say --format, one of {', '.join(FORMS)}")
    output.write_bytes(wording_template.template(instrument, language=language, form=kind))


@command.command(epilog="Example: pro wording status --study scopes")
@click.option("--study", default="", metavar="CODE", help="This study alone.")
@actor_option
def status(study: str, actor: Actor) -> None:
    """What each study asks, in each of its languages: licensed, own, incomplete, expired or placeholder.

    Exit status 1 where something is incomplete, expired or a placeholder.
    """
    with open_runtime().work(actor, writes=False) as work:
        found = licences.status(work, study=study)
    if not found:
        click.echo("no study is loaded yet")
    for code, standings in found.items():
        click.echo("\n".join([code, *map(_line, standings)]))
    if any(one.state not in ("licensed", "own") for standings in found.values() for one in standings):
        raise click.exceptions.Exit(1)


def _told(said: str) -> tuple[str, str]:
    name, sign, text = said.partition("=")
    if not sign or name not in ABOUT or name == "language":
        names = ", ".join(one for one in ABOUT if one != "language")
        raise click.BadParameter(f"{name}: expected NAME=TEXT with one of {names}", param_hint="--about")
    return name, text


def _line(one: Standing) -> str:
    about = f"{_licence(one.pack)}; {one.pack.owner}; SHA-256 {one.pack.sha256[:12]}" if one.pack else ""
    lacks = f"; lacks words at {', '.join(one.lacks)}" if one.state == "incomplete" else ""
    return f"  {one.instrument:<20} {one.version:<8} {one.language:<5} {one.state:<11} {about}{lacks}".rstrip()


def _licence(pack: Pack) -> str:
    return f"licence {pack.licence}, {'without end' if pack.expires_on is None else f'until {pack.expires_on}'}"
