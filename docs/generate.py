"""Write the reference pages that follow from the code and the data: commands and instruments (`make docs`).

`python docs/generate.py --check` writes nothing and fails when a page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from pro_service.cli import pro
from pro_service.domain.instruments import Instrument, Item, Scale, ends
from pro_service.domain.interpretation import in_words
from pro_service.domain.scoring import missing_rule, missing_rules
from pro_service.instruments.reader import load_catalogue

REFERENCE = Path(__file__).resolve().parent / "reference"


def commands() -> str:
    """Every command with its help, as the program prints it."""
    parts = ["# The `pro` command", "", "Written by `make docs` from the program's own help; do not edit.", ""]
    for path, command in walk(pro, "pro"):
        context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
        lines = (line.rstrip() for line in command.get_help(context).splitlines())
        parts += [f"## `{path}`", "", "```text", *lines, "```", ""]
    return "\n".join(parts)


def walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """A group and everything below it, in the order listed."""
    yield path, group
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walk(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def catalogue(instruments: dict[str, Instrument]) -> str:
    """The list of instruments, one row each."""
    rows = [
        f"| [{code}]({code}.md) | {one.title['en']} | {len(one.items)} | {' '.join(s.code for s in one.scales)} | "
        f"{one.permission} | {'yes' if one.verified else 'no'} |"
        for code, one in sorted(instruments.items())
    ]
    return "\n".join(
        [
            "# Instruments",
            "",
            "Written by `make docs` from the catalogue; do not edit. Titles and labels are topics of our own: the",
            "wording of a questionnaire belongs to its owner and is not shipped. *Verified: no* means that some fact",
            "still has to be checked against its primary source. *Licence* says what it takes to show the",
            "wording: nothing (free), registration with the owner, an agreement, or a fee.",
            "",
            "| code | what it is | items | scales | licence | verified |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def page(one: Instrument) -> str:
    """One instrument: what it asks, what it allows, what it computes, and where each fact comes from."""
    return "\n".join(
        [
            f"# {one.code}: {one.title['en']}",
            "",
            f"Definition version {one.version}. Owner: {one.owner}. Licence ({one.permission}): {one.licence}",
            "",
            f"Recall: {one.recall.get('en') or 'none'}. Answered by the {one.respondent}. "
            f"Verified: {'yes' if one.verified else 'no'}. "
            f"Missing rules: {', '.join(missing_rules(one))}.",
            *([f"Value sets and price lists: {', '.join(one.value_sets)}."] if one.value_sets else []),
            "",
            "## Items",
            "",
            "| item | our topic label | answers |",
            "|---|---|---|",
            *(f"| {item.code} | {item.label['en']} | {answers(item)} |" for item in one.items),
            "",
            "## Scales",
            "",
            "| scale | meaning | method | items | missing rule | range | higher is |",
            "|---|---|---|---|---|---|---|",
            *(scale_row(scale) for scale in one.scales),
            "",
            *interpretation(one),
            "## Sources",
            "",
            *(f"- {key}: {source}" for key, source in one.sources.items()),
            "",
        ]
    )


def scale_row(scale: Scale) -> str:
    """One scale as a table row."""
    bounds = "" if scale.minimum is None or scale.maximum is None else f"{scale.minimum:g} to {scale.maximum:g}"
    made = [scale.method, " ".join(scale.items), missing_rule(scale)]
    cells = [scale.code, scale.label["en"], *made, bounds, scale.higher_is]
    return f"| {' | '.join(cells)} |"


def interpretation(one: Instrument) -> list[str]:
    """What helps to read the scales: differences that matter, thresholds, reference values, each with its source."""
    looks = [
        f"| {look.item} | to look at without delay when {', '.join(map(str, look.codes))} |" for look in one.safety
    ]
    if not one.readings and not looks:
        return []
    rows = (f"| {' '.join(reading.scales)} | {in_words(reading)} |" for reading in one.readings)
    return ["## Reading the scales", "", "| scales | number [source] |", "|---|---|", *rows, *looks, ""]


def answers(item: Item) -> str:
    """What an item allows, in a few words."""
    if item.options:
        text = ", ".join(str(option.code) for option in item.options)
    elif item.minimum is not None and item.maximum is not None:
        low, high = (f" ({words})" if words else "" for words in ends(item, "en"))
        text = f"{item.minimum:g}{low} to {item.maximum:g}{high}"
    else:
        text = item.kind
    extras = [item.unit.get("en", ""), "na" if item.allows_na else ""]
    extras += [f"in files also {name}" for name in item.also]
    shown = f"asked if {item.shown_if.item} is {', '.join(map(str, item.shown_if.codes))}" if item.shown_if else ""
    return "; ".join(part for part in [text, *extras, shown] if part)


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    instruments = dict(load_catalogue())
    folder = REFERENCE / "instruments"
    return {
        REFERENCE / "commands.md": commands(),
        folder / "README.md": catalogue(instruments),
        **{folder / f"{code}.md": page(one) for code, one in instruments.items()},
    }


def main() -> int:
    """Write the pages, or with --check only compare."""
    wanted = pages()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path.name} is out of date: run `make docs`\n")
        return 1 if stale else 0
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
