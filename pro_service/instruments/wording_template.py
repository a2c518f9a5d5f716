"""Writes an empty wording pack to fill: what it is, its items and options by code, and a place for each text.

Our topic labels stand beside as a comment, in a column `topic` or behind a #, never in the place of a text. What comes
out can be loaded when every place is filled, and is refused before.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from pro_service.domain.instruments import Instrument, Item, Text
from pro_service.instruments.wording import HEADER, TOPIC

_ABOUT = {
    "title": "as its owner words it",
    "recall": "the period asked about, as its owner words it",
    "licence": "the number or the date of your licence",
    "expires_on": "the last day of the licence as YYYY-MM-DD, or never",
}
_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a pack: what belongs there, and our own words on what it is about."""

    what: str
    item: str = ""
    option: str = ""
    text: str = ""
    topic: str = ""


def template(instrument: Instrument, *, language: str, form: str) -> bytes:
    """The empty pack of a questionnaire in a language, as one of FORMS."""
    return _WRITE[form](tuple(_places(instrument, language)), instrument)


def _places(instrument: Instrument, language: str) -> Iterator[Place]:
    yield Place("instrument", text=instrument.code)
    yield Place("version", text=instrument.version)
    yield Place("language", text=language)
    yield Place("owner", text=instrument.owner)
    for what, topic in _ABOUT.items():
        if what != "recall" or instrument.recall:
            own = {"title": instrument.title, "recall": instrument.recall}.get(what)
            yield Place(what, topic=f"{topic}: {_said(own, language)}" if own else topic)
    for item in instrument.items:
        yield from _of_item(item, language)


def _of_item(item: Item, language: str) -> Iterator[Place]:
    yield Place("item", item.code, topic=_said(item.label, language))
    if item.recall:
        yield Place("item_recall", item.code, topic=_said(item.recall, language))
    if item.unit:
        yield Place("unit", item.code, topic=_said(item.unit, language))
    for what, end, words in (("low_end", item.minimum, item.low_end), ("high_end", item.maximum, item.high_end)):
        if words:
            yield Place(what, item.code, topic=f"what {end:g} means: {_said(words, language)}")
    for option in item.options:
        yield Place("option", item.code, str(option.code), topic=_said(option.label, language))


def _said(text: Text, language: str) -> str:
    """Our own words, on one line, in the language or else in English."""
    return " ".join((text.get(language) or text.get("en") or next(iter(text.values()), "")).split())


def _cells(place: Place) -> list[str]:
    topic = (
        f"'{place.topic}" if place.topic.startswith(_SIGNS) else place.topic
    )  # no spreadsheet may take it for a formula
    return [place.what, place.item, place.option, place.text, topic]


def _csv(places: tuple[Place, ...], _: Instrument) -> bytes:
    page = StringIO()
    csv.writer(page, lineterminator="\r\n").writerows([[*HEADER, TOPIC], *map(_cells, places)])
    return page.getvalue().encode("utf-8-sig")  # the mark tells a spreadsheet that it is UTF-8


def _xlsx(places: tuple[Place, ...], _: Instrument) -> bytes:
    book, page = Workbook(write_only=True), BytesIO()
    sheet = book.create_sheet("wording")
    for column, width in zip("ABCDE", (12, 16, 8, 60, 50), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    for cells in ([*HEADER, TOPIC], *map(_cells, places)):
        row = [WriteOnlyCell(sheet, value=cell) for cell in cells]
        for cell in row:
            cell.data_type = "s"
        sheet.append(row)
    book.save(page)
    return page.getvalue()


def _yaml(places: tuple[Place, ...], instrument: Instrument) -> bytes:
    document, items = CommentedMap(), CommentedMap()
    for place in places:
        if not place.item:
            document[place.what] = place.text
            _comment(document, place.what, place.topic)
            continue
        own = items.setdefault(place.item, CommentedMap())
        if place.what == "option":
            options = own.setdefault("options", CommentedMap())
            options[int(place.option)] = ""
            _comment(options, int(place.option), place.topic)
        else:
            key = {"item": "text", "item_recall": "recall"}.get(place.what, place.what)
            own[key] = ""
            _comment(own, key, place.topic)
    document["items"] = items
    document.yaml_set_start_comment(
        f"The words of {instrument.code} {instrument.version} as their owner licensed them to you. "
        "Behind # stand topics of our own.\n"
        "Items may share their answers: a list under options, and its name at each item."
    )
    yaml, page = YAML(), BytesIO()
    yaml.width = 200
    yaml.dump(document, page)
    return page.getvalue()


def _comment(node: CommentedMap, key: str | int, words: str) -> None:
    if words:
        node.yaml_add_eol_comment(words, key, column=0)


_WRITE: Mapping[str, Callable[[tuple[Place, ...], Instrument], bytes]] = {"yaml": _yaml, "csv": _csv, "xlsx": _xlsx}
FORMS = tuple(_WRITE)
"""The formats of a template."""
