"""`pro instrument`: the catalogue of questionnaires, and a lint of definitions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from pro_service.cli.definitions import checked, find, warn
from pro_service.domain.instruments import Instrument, Item, Scale, ends, expectation
from pro_service.domain.interpretation import in_words, of_scale
from pro_service.domain.scoring import missing_rule, missing_rules, tariff_scales
from pro_service.instruments import load_catalogue, value_set

_FORMATS = click.Choice(["text", "json"])


@click.group(
    name="instrument",
    help="The catalogue of questionnaires; check a definition.\n\nExample: pro instrument show qlq-c30",
)
def command() -> None:
    """The group `pro instrument`; `load`, which needs the database, joins it from a module of its own."""


@command.command(name="list", epilog="Example: pro instrument list --format json")
@click.option("--format", "form", type=_FORMATS, default="text", show_default=True)
def list_(form: str) -> None:
    """List the catalogue: items, scales, what its wording takes, and whether its facts are verified."""
    if form == "json":
        click.echo(json.dumps([_summary(instrument) for instrument in load_catalogue().values()], indent=2))
        return
    click.echo("\n".join(_table([_row(instrument) for instrument in load_catalogue().values()])))


@command.command(epilog="Example: pro instrument show eq-5d-5l")
@click.argument("code")
@click.option("--format", "form", type=_FORMATS, default="text", show_default=True)
def show(code: str, form: str) -> None:
    """Show one instrument, of the catalogue or in a file: items, scales, the numbers to read them by, sources."""
    instrument = find(code, hint="CODE")
    if form == "json":
        click.echo(json.dumps(asdict(instrument), indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(_page(instrument)))


@command.command(epilog="Example: pro instrument check my-form.yaml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Check a definition: each problem on a line with file and line; exit status 1 when there is one.

    A scale without words at its ends is warned of.
    """
    instrument = checked(file)
    warn(instrument)
    click.echo(f"{instrument.code} {instrument.version}: {len(instrument.items)} items, "
               f"{len(instrument.scales)} scales, no problems")  # fmt: skip


def _summary(instrument: Instrument) -> dict[str, str | int | bool]:
    return {
        "code": instrument.code,
        "version": instrument.version,
        "title": instrument.title.get("en", ""),
        "items": len(instrument.items),
        "scales": len(instrument.scales),
        "permission": instrument.permission,
        "verified": instrument.verified,
        "placeholder_wording": instrument.placeholder_wording,
    }


_HEAD = ("CODE", "TITLE", "VERSION", "ITEMS", "SCALES", "LICENCE", "VERIFIED", "WORDING")
_WIDTH = 100


def _row(instrument: Instrument) -> tuple[str, ...]:
    return (
        instrument.code,
        instrument.title.get("en", ""),
        instrument.version,
        str(len(instrument.items)),
        str(len(instrument.scales)),
        instrument.permission,
        "yes" if instrument.verified else "no",
        "placeholder" if instrument.placeholder_wording else "licensed",
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """As columns, within a hundred characters: the title takes what the others leave."""
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    widths[1] = min(widths[1], _WIDTH - sum(widths[:1] + widths[2:]) - len(widths) + 1)
    return [
        " ".join(_fit(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (_HEAD, *rows)
    ]


def _fit(cell: str, width: int) -> str:
    return f"{cell:<{width}}" if len(cell) <= width else f"{cell[: width - 1]}…"


def _page(instrument: Instrument) -> list[str]:
    wording = (
        "placeholders of our own: a study needs the licensed wording" if instrument.placeholder_wording else "licensed"
    )
    lines = [
        f"{instrument.code}, version {instrument.version}: {instrument.title.get('en', '')}",
        f"  recall: {instrument.recall.get('en', 'none')}   respondent: {instrument.respondent}",
        f"  facts:   {'verified' if instrument.verified else 'NOT verified'}   wording: {wording}",
        f"  owner:   {instrument.owner}",
        f"  licence: {instrument.permission}. {instrument.licence}",
        "Items",
        *map(_item_line, instrument.items),
        "Scales",
        *(line for scale in instrument.scales for line in _scale_lines(instrument, scale)),
        f"Missing rules: {', '.join(missing_rules(instrument))}",
    ]
    for look in instrument.safety:
        lines.append(f"Look at without delay: {look.item} answered {_either(look.codes)}")
    if instrument.value_sets:
        lines.append(f"Value sets, needed for {', '.join(tariff_scales(instrument))}")
        lines += [f"  {id_:<18} {value_set(id_).label}" for id_ in instrument.value_sets]
    return [*lines, "Sources", *(f"  {key}: {source}" for key, source in instrument.sources.items())]


def _item_line(item: Item) -> str:
    allowed = "yes (1) or no (0)" if item.kind == "yes_no" else expectation(item)
    unit = f" {item.unit['en']}" if item.unit.get("en") else ""
    low, high = ends(item, "en")
    unit += f" ({low} to {high})" if low else ""
    gate = f"; only if {item.shown_if.item} is {_either(item.shown_if.codes)}" if item.shown_if else ""
    return f"  {item.code:<24} {item.label.get('en', ''):<34} {allowed}{unit}{gate}"


def _scale_lines(instrument: Instrument, scale: Scale) -> list[str]:
    """One line for what it is, one for how it is made, one for each number that helps to read it."""
    between = "" if scale.minimum is None else f", from {scale.minimum:g}"
    between += "" if scale.maximum is None else f" to {scale.maximum:g}"
    higher = "" if scale.higher_is == "neither" else f", higher is {scale.higher_is}"
    rule = missing_rule(scale)
    readings = map(in_words, of_scale(instrument.readings, scale.code))
    return [
        f"  {scale.code:<18} {scale.label.get('en', '')}{between}{higher}",
        f"      {scale.method} of {' '.join(scale.items)}{f'; {rule}' if rule else ''}",
        *(f"      {reading}" for reading in readings),
    ]


def _either(codes: tuple[int, ...]) -> str:
    return " or ".join(map(str, codes))
