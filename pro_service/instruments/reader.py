"""Reads instrument definitions: YAML in, `Instrument` out, every mistake with its file and line.

code, version, title, recall, owner, licence, verified              what it is, and whether every fact was read
permission: free, registration, agreement or fee                    what it takes to show its wording
sources:  [text, ...] or {key: text}                                a list's sources have the keys 1, 2, ...
options:  {name: {code: {en: ..., nl: ...}}}                        lists of answers that items share
recodes:  {name: {code: number}}                                    what answers count for, where not for their code
grades:   {name: [number, ...]}                                     one for every way to answer the items of a scale
defaults: {kind: choice, options: name}                             what an item is unless it says otherwise
items:    {code: {en: ..., nl: ..., kind, options, minimum, maximum, unit, allows_na, shown_if: {item: [codes]}}}
          a vas has low_end and high_end as well, {en: ..., nl: ...}: what its ends mean
scales:   {code: {en: ..., nl: ..., method, items: [q1, q4] or q1..q5, higher_is, range: [0, 100], ...}}
differences: [{scales, from, to, compare, direction, unit, setting, source, verified}]    the smallest that matter
thresholds:  [{scales, below, above or from, setting, source, verified}]         of clinical importance
safety:      {item: [codes]}                                                     answers to look at without delay
references:  [{scales, population: {en: ...}, mean, sd, people, source, verified}]
look_alikes: [{name, items, highest, instead}]                      others with these item codes, and their highest code
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import cast, get_args

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pro_service.domain.instruments import (
    YES_NO,
    Condition,
    Instrument,
    Item,
    Kind,
    LookAlike,
    Option,
    Permission,
    Text,
    allowed_codes,
)
from pro_service.instruments.interpretation import Interpreted, sources
from pro_service.instruments.page import Page, open_page
from pro_service.instruments.params import span
from pro_service.instruments.scales import read_scales
from pro_service.instruments.value_sets import value_set_ids

CATALOGUE = Path(__file__).parent / "catalogue"

_TOP = ("code", "version", "title", "recall", "owner", "licence", "permission", "sources", "verified",
        "placeholder_wording", "respondent", "value_sets", "options", "recodes", "grades", "defaults", "items",
        "scales", "differences", "thresholds", "references", "safety", "look_alikes")  # fmt: skip
_ITEM = ("kind", "options", "minimum", "maximum", "unit", "low_end", "high_end", "allows_na", "skippable",
         "shown_if", "recall", "also")  # fmt: skip
_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_BOUNDED = frozenset({"count", "number", "vas"})


class Catalogue(Mapping[str, Instrument]):
    """The instruments of a folder by code. Listing is free; a definition is parsed when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        self._read: dict[str, Instrument] = {}

    def __getitem__(self, code: str) -> Instrument:
        found = self._read.get(code)
        if found is None:
            found = self._read[code] = _of_file(self._files[code])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def load_catalogue(folder: Path = CATALOGUE) -> Mapping[str, Instrument]:
    """The catalogue of a folder, by default the one that ships."""
    return Catalogue(folder)


def read(text: str, *, file: str) -> Instrument:
    """The instrument a definition describes. Raises InvalidInstrument with every problem found."""
    page = open_page(text, file=file)
    root = page.root
    page.known(root, _TOP)
    items = _items(page)
    scales = read_scales(page, items)
    about = Interpreted(page, tuple(scale.code for scale in scales), sources(page))
    instrument = Instrument(
        code=page.string(root, "code"),
        version=page.string(root, "version"),
        title=_text(page, root, "title"),
        items=items,
        scales=scales,
        recall=_text(page, root, "recall"),
        owner=page.string(root, "owner"),
        licence=page.string(root, "licence"),
        permission=cast(Permission, page.choice(root, "permission", get_args(Permission), "agreement")),
        sources=about.sources,
        verified=page.flag(root, "verified"),
        value_sets=page.strings(root, "value_sets"),
        respondent="clinician"
        if page.choice(root, "respondent", ("patient", "clinician"), "patient") == "clinician"
        else "patient",
        placeholder_wording=page.flag(root, "placeholder_wording", True),
        differences=about.differences(),
        thresholds=about.thresholds(),
        references=about.references(),
        safety=_safety(page, {item.code: item for item in items}),
        look_alikes=_look_alikes(page, items),
    )
    if instrument.code and not _CODE.fullmatch(instrument.code):
        page.wrong("code: expected small letters, digits and hyphens, such as sleep-diary", root, "code")
    for unknown in sorted(set(instrument.value_sets) - set(value_set_ids())):
        page.wrong(f"value_sets: no table {unknown}", root, "value_sets")
    page.finish()
    return instrument


@cache
def _of_file(path: Path) -> Instrument:
    instrument = read(path.read_text(encoding="utf-8"), file=path.name)
    if instrument.code != path.stem:
        page = open_page(path.read_text(encoding="utf-8"), file=path.name)
        page.wrong(f"code: expected {path.stem}, as the file is named", page.root, "code")
        page.finish()
    return instrument


def _items(page: Page) -> tuple[Item, ...]:
    lists = page.mapping(page.root, "options", needed=False)
    options = {name: _options(page, node) for name, node in page.entries(lists)}
    defaults = page.mapping(page.root, "defaults", needed=False)
    page.known(defaults, _ITEM)
    items: dict[str, Item] = {}
    for code, node in page.entries(page.mapping(page.root, "items")):
        page.known(node, (*_ITEM, *_languages(node)))
        for key, value in defaults.items():
            if key not in node:
                node[key] = value
        items[code] = _item(page, code, node, options, items)
    return tuple(items.values())


def _item(
    page: Page, code: str, node: CommentedMap, options: Mapping[str, tuple[Option, ...]], before: Mapping[str, Item]
) -> Item:
    kind = cast(Kind, page.choice(node, "kind", get_args(Kind)))
    chosen: tuple[Option, ...] = YES_NO if kind == "yes_no" else ()
    if kind == "choice":
        name = page.choice(node, "options", options or ("(none defined)",))
        chosen = options.get(name, ())
    item = Item(
        code=code,
        kind=kind,
        label=_label(page, code, node),
        options=chosen,
        minimum=page.number(node, "minimum") if kind in _BOUNDED else None,
        maximum=page.number(node, "maximum") if kind in _BOUNDED or kind == "text" else None,
        unit=_text(page, node, "unit", needed=False),
        low_end=_text(page, node, "low_end", needed=False) if kind == "vas" else {},
        high_end=_text(page, node, "high_end", needed=False) if kind == "vas" else {},
        allows_na=page.flag(node, "allows_na", False),
        skippable=page.flag(node, "skippable", True),
        shown_if=_condition(page, node, before),
        recall=_text(page, node, "recall", needed=False),
        also=page.strings(node, "also"),
    )
    if kind in _BOUNDED and (item.minimum is None or item.maximum is None or item.minimum >= item.maximum):
        page.wrong(f"{code}: a {kind} needs a minimum below a maximum", node)
    _check_ends(page, item, node)
    return item


def _check_ends(page: Page, item: Item, node: CommentedMap) -> None:
    """Words at both ends of a scale or at none, and at the ends of nothing else."""
    own = node.lc.data or {}  # what comes from the defaults is passed over where it does not apply, as a minimum is
    for key, words, other in (("low_end", item.low_end, item.high_end), ("high_end", item.high_end, item.low_end)):
        if item.kind != "vas" and key in own:
            page.wrong(f"{item.code}: {key}: only a vas has words at its ends", node, key)
        elif other and not words:
            page.wrong(f"{item.code}: {key}: expected words per language, as the other end has", node)


def _condition(page: Page, node: CommentedMap, before: Mapping[str, Item]) -> Condition | None:
    if "shown_if" not in node:
        return None
    gates = page.mapping(node, "shown_if")
    if len(gates) != 1:
        page.wrong("shown_if: expected one earlier item with a list of its codes", node, "shown_if")
        return None
    gate = next(iter(gates))
    if gate not in before:
        page.wrong(f"shown_if: no earlier item {gate}", node, "shown_if")
        return None
    return _answered_so(page, node, "shown_if", before[gate], gates[gate])


def _safety(page: Page, items: Mapping[str, Item]) -> tuple[Condition, ...]:
    """Answers that somebody should look at without delay."""
    found = []
    for code, codes in page.mapping(page.root, "safety", needed=False).items():
        if code in items:
            found.append(_answered_so(page, page.root, "safety", items[code], codes))
        else:
            page.wrong(f"safety: no item {code}", page.root, "safety")
    return tuple(condition for condition in found if condition)


def _answered_so(page: Page, node: CommentedMap, key: str, item: Item, codes: object) -> Condition | None:
    known = allowed_codes(item)
    if isinstance(codes, CommentedSeq) and codes and all(code in known for code in codes):
        return Condition(item.code, tuple(codes))
    page.wrong(f"{key}: expected a list of codes of {item.code}: {', '.join(map(str, known))}", node, key)
    return None


def _look_alikes(page: Page, items: tuple[Item, ...]) -> tuple[LookAlike, ...]:
    listed = page.root.get("look_alikes", CommentedSeq())
    if not isinstance(listed, CommentedSeq) or not all(isinstance(node, CommentedMap) for node in listed):
        page.wrong("look_alikes: expected a list of mappings", page.root, "look_alikes")
        return ()
    by_code = {item.code: item for item in items}
    found = []
    for node in listed:
        page.known(node, ("name", "items", "highest", "instead"))
        highest = node.get("highest")
        if not isinstance(highest, int) or isinstance(highest, bool):
            page.wrong("highest: expected a whole number", node, "highest")
            continue
        codes = span(page, node, "items", by_code)
        found.append(LookAlike(page.string(node, "name"), codes, highest, page.string(node, "instead", "")))
    return tuple(found)


def _options(page: Page, node: CommentedMap) -> tuple[Option, ...]:
    for key in node:
        if not isinstance(key, int) or isinstance(key, bool):
            page.wrong(f"{key}: expected a whole number as code", node, key)
    return tuple(Option(int(key), _text(page, node, key)) for key in node if isinstance(key, int))


def _text(page: Page, node: CommentedMap, key: str | int, *, needed: bool = True) -> Text:
    words = node.get(key)
    if words is None and not needed:
        return {}
    if not isinstance(words, CommentedMap) or (needed and not words):
        page.wrong(f"{key}: expected words per language, such as {{en: ..., nl: ...}}", node, key)
        return {}
    return {str(language): str(value) for language, value in words.items()}


def _languages(node: CommentedMap) -> tuple[str, ...]:
    return tuple(key for key in node if isinstance(key, str) and len(key) == 2 and key.islower())


def _label(page: Page, code: str, node: CommentedMap) -> Text:
    label = {language: page.string(node, language) for language in _languages(node)}
    if "en" not in label:
        page.wrong(f"{code}: expected an English label (en)", node)
    return label
