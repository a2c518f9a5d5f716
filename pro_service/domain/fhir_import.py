"""A FHIR R4 Questionnaire read as a questionnaire of ours: what cannot be carried is listed, never dropped in silence.

Groups are opened up: their items stand in one row. Scales are not in a Questionnaire; whoever imports one adds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast, get_args

from pro_service.domain import fhir
from pro_service.domain.errors import InvalidInstrument, Problem
from pro_service.domain.fhir_losses import WEIGHT, is_asked, losses, lost, refusals
from pro_service.domain.fhir_sliders import ends_of, is_slider
from pro_service.domain.instruments import YES_NO, Condition, Instrument, Item, Kind, Option, Permission, Text

MOST = 999_999
"""The bound of a number whose questionnaire names none."""

_KINDS: Mapping[str, Kind] = {
    "choice": "choice",
    "boolean": "yes_no",
    "integer": "count",
    "decimal": "number",
    "quantity": "number",
    "string": "text",
    "text": "text",
    "date": "date",
}
T = TypeVar("T")
_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Imported:
    """The questionnaire without scales, and a line for each thing that could not be carried or had to be assumed."""

    instrument: Instrument
    notes: tuple[str, ...]


def instrument_of(document: object) -> Imported:
    """Read a Questionnaire. InvalidInstrument with every problem where no questionnaire of ours can come of it."""
    if not isinstance(document, dict) or document.get("resourceType") != "Questionnaire":
        raise InvalidInstrument("this is no FHIR Questionnaire: expected resourceType Questionnaire")
    try:
        return _Reading(document).imported()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInstrument("this FHIR Questionnaire is not well formed: check it with a validator") from error


@dataclass(slots=True)
class _Reading:
    """One Questionnaire on its way in."""

    document: Mapping[str, Any]
    notes: dict[str, None] = field(default_factory=dict)  # each line once
    problems: list[Problem] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)  # linkId -> our code
    by_answer: dict[str, dict[str, int]] = field(default_factory=dict)  # linkId -> code in FHIR -> our code
    safety: list[Condition] = field(default_factory=list)

    def imported(self) -> Imported:
        root = self.document
        self.problems += refusals(root)
        self.notes = dict.fromkeys(losses(root))
        for node in self._flat(root.get("item", [])):
            self._take(node)
        if not self.items:
            self.problems.append(Problem("expected at least one question", field="item"))
        if self.problems:
            raise InvalidInstrument("this FHIR Questionnaire cannot be carried over", problems=self.problems)
        return Imported(self._instrument(), tuple(self.notes))

    def _instrument(self) -> Instrument:
        root, about = self.document, _by_url(self.document)
        return Instrument(
            code=self._code(),
            version=str(self._said("version", "1")),
            title=self._text(root, "title", self._said("title", str(root.get("name", "Questionnaire")))),
            items=tuple(self.items.values()),
            scales=(),
            recall=_recall(about) or self._assumed("recall", {"en": "not stated"}),
            owner=self._said("publisher", "not stated"),
            licence=self._said("copyright", "not stated"),
            permission=cast(Permission, _one_of(about, fhir.PERMISSION, get_args(Permission), "agreement")),
            sources=_sources(about) or {"import": str(root.get("url") or "a FHIR Questionnaire without an address")},
            verified=bool(_value(about, fhir.VERIFIED, False)),
            respondent=cast(
                Literal["patient", "clinician"],
                _one_of(about, fhir.RESPONDENT, ("patient", "clinician"), "patient"),
            ),
            placeholder_wording=bool(_value(about, fhir.PLACEHOLDER, False)),
            safety=tuple(self.safety),
        )

    def _code(self) -> str:
        given = str(self.document.get("id") or self.document.get("name") or "questionnaire")
        code = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")[:40].strip("-")
        code = code if code[:1].isalpha() else f"q-{code}"[:40]
        if code != given:
            self._note(f"id: {given} became the code {code}")
        return code

    def _said(self, name: str, otherwise: str) -> str:
        return str(self.document[name]) if self.document.get(name) else self._assumed(name, otherwise)

    def _assumed(self, name: str, value: T) -> T:
        self._note(f"{name}: nothing is said; a stand-in was written, put yours in its place")
        return value

    def _note(self, line: str) -> None:
        self.notes[line] = None

    def _flat(self, nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for node in nodes:
            if is_asked(node):
                yield node
            yield from self._flat(node.get("item", []))

    def _take(self, node: dict[str, Any]) -> None:
        link, kind = str(node["linkId"]), _KINDS.get(node["type"])
        if kind is None:
            self.problems.append(Problem(f"type {node['type']}: expected one of {', '.join(_KINDS)}", link))
            return
        about = _by_url(node)
        if kind in {"count", "text"} and "answerOption" in node:
            self._note(f"{link}: type {node['type']} with a list of answers is a choice here")
            kind = "choice"
        if kind == "count" and is_slider(node):
            kind = "vas"
        code = self._column(link)
        options, allows_na = self._options(node) if kind == "choice" else (YES_NO if kind == "yes_no" else (), False)
        if kind == "choice" and not options:
            self.problems.append(Problem("expected answerOption with at least one answer", link))
        lowest, highest = self._bounds(node, about, kind)
        ends = [self._text(end, "text", str(end["linkId"]), str(end["linkId"])) for end in ends_of(node)]
        self.items[code] = Item(
            code=code,
            kind=kind,
            label=self._text(node, "text", link, link),
            options=options,
            minimum=lowest,
            maximum=highest,
            unit=self._unit(about, link),
            low_end=ends[0] if ends else {},
            high_end=ends[1] if ends else {},
            allows_na=allows_na or bool(_value(about, fhir.ALLOWS_NA, False)),
            skippable=not node.get("required", False),
            shown_if=self._gate(node),
            recall=_recall(about),
            also=(*(() if code == link else (link,)), *_values(about, fhir.ALSO)),
        )
        self.codes[link] = code
        if about.get(fhir.SAFETY):
            self.safety.append(Condition(code, _values(about, fhir.SAFETY)))

    def _column(self, link: str) -> str:
        """A linkId that can name a column stays; any other becomes an alias of a code of ours."""
        if link in self.codes or link in self.items:
            self.problems.append(Problem("this linkId is there twice", link))
        if _COLUMN.fullmatch(link):
            return link
        code = f"item{len(self.items) + 1}"
        self._note(f"{link}: cannot name a column; its code is {code}")
        return code

    def _options(self, node: dict[str, Any]) -> tuple[tuple[Option, ...], bool]:
        known = self.by_answer.setdefault(node["linkId"], {})
        found, allows_na = [], False
        for place, option in enumerate(node.get("answerOption", []), start=1):
            given = option.get("valueCoding") or {
                "code": str(option.get("valueInteger", option.get("valueString", "")))
            }
            if given.get("code") == fhir.NOT_APPLICABLE:
                allows_na = True
                continue
            key = str(given.get("code") or given.get("display"))
            known[key] = self._answer_code(node["linkId"], option, key, place)
            found.append(Option(known[key], self._text(given, "display", key, f"{node['linkId']} answer {place}")))
        if len({option.code for option in found}) < len(found):
            self.problems.append(Problem("two answers have the same number", node["linkId"]))
        return tuple(found), allows_na

    def _answer_code(self, link: str, option: dict[str, Any], key: str, place: int) -> int:
        about = {**_by_url(option.get("valueCoding", {})), **_by_url(option)}
        ordinal = _value(about, fhir.ORDINAL, _value(about, WEIGHT, None))
        if isinstance(ordinal, (int, float)) and float(ordinal).is_integer():
            return int(ordinal)
        if re.fullmatch(r"-?[0-9]{1,9}", key):
            return int(key)
        why = f"its weight {ordinal} is no whole number" if ordinal is not None else "it has no number"
        self._note(f"{link}: answer {key} is stored as {place}: {why}")
        return place

    def _bounds(
        self, node: dict[str, Any], about: Mapping[str, list[dict[str, Any]]], kind: Kind
    ) -> tuple[float | None, float | None]:
        if kind == "text":
            return None, float(node["maxLength"]) if "maxLength" in node else None
        if kind not in {"count", "number", "vas"}:
            return None, None
        lowest, highest = _number(about, fhir.MINIMUM), _number(about, fhir.MAXIMUM)
        if lowest is None or highest is None:
            lowest = 0.0 if lowest is None else lowest
            highest = float(MOST) if highest is None else highest
            self._note(f"{node['linkId']}: bounds are missing; {lowest:g} to {highest:g} was written")
        return lowest, highest

    def _gate(self, node: dict[str, Any]) -> Condition | None:
        """The condition under which an item is shown; ours is one earlier item with any of some codes."""
        conditions = node.get("enableWhen", [])
        if not conditions:
            return None
        asked = {one["question"] for one in conditions}
        joined = node.get("enableBehavior", "any") == "any" or len(conditions) == 1
        link = min(asked)
        codes = [self._gate_code(one) for one in conditions]
        if len(asked) > 1 or not joined or None in codes or link not in self.codes:
            self.problems.append(
                Problem(
                    "enableWhen: expected one earlier choice or boolean that equals any of some answers", node["linkId"]
                )
            )
            return None
        return Condition(self.codes[link], tuple(code for code in codes if code is not None))

    def _gate_code(self, one: dict[str, Any]) -> int | None:
        if one["operator"] != "=":
            return None
        if "answerBoolean" in one:
            return int(one["answerBoolean"])
        answer = one.get("answerCoding", {}).get("code", one.get("answerString", one.get("answerInteger")))
        return self.by_answer.get(one["question"], {}).get(str(answer))

    def _text(self, node: Mapping[str, Any], name: str, otherwise: str, where: str = "Questionnaire") -> Text:
        """A text in its languages; the definition needs English, so the base language stands in for it."""
        base = self._language(str(self.document.get("language", "en"))) or "en"
        found = {base: str(node.get(name) or otherwise)}
        beside = node.get(f"_{name}", {})
        for member in beside.keys() - {"extension"}:
            self._note(lost(where, f"_{name}.{member}"))
        for tag, words in sorted(self._translations(beside, name, where), key=lambda one: len(one[0])):
            language = self._language(tag)
            if language is None or language in found:
                self._note(lost(where, f"{name} in {tag}"))
            else:
                found[language] = words
        if "en" not in found:
            self._note(f"language: there are no English words; those in {base} stand in for them")
        return found if "en" in found else {"en": found[base], **found}

    def _translations(self, beside: Mapping[str, Any], name: str, where: str) -> Iterator[tuple[str, str]]:
        """Language and words of each translation beside a text."""
        for one in beside.get("extension", ()):
            if one["url"] == fhir.TRANSLATION:
                parts = {part["url"]: part for part in one.get("extension", ())}
                yield str(parts["lang"]["valueCode"]), str(parts["content"]["valueString"])
            else:
                self._note(lost(where, f"{name} extension {one['url']}"))

    def _language(self, tag: str) -> str | None:
        """The two letters that a definition has for a language; None where it has no two letters."""
        short = tag.partition("-")[0].lower()
        if len(short) != 2 or not short.isalpha():
            return None
        if short != tag:
            self._note(f"language: words in {tag} are those in {short} here")
        return short

    def _unit(self, about: Mapping[str, list[dict[str, Any]]], link: str) -> Text:
        if fhir.UNIT not in about:
            return {}
        coding = about[fhir.UNIT][0]["valueCoding"]
        return self._text(coding, "display", str(coding.get("code", "")), link)


def _by_url(node: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in node.get("extension", []):
        found.setdefault(one["url"], []).append(one)
    return found


def _values(about: Mapping[str, list[dict[str, Any]]], url: str) -> tuple[Any, ...]:
    return tuple(value for one in about.get(url, []) for name, value in one.items() if name.startswith("value"))


def _value(about: Mapping[str, list[dict[str, Any]]], url: str, otherwise: object) -> Any:
    return next(iter(_values(about, url)), otherwise)


def _one_of(about: Mapping[str, list[dict[str, Any]]], url: str, words: tuple[str, ...], otherwise: str) -> str:
    given = _value(about, url, otherwise)
    return given if given in words else otherwise


def _number(about: Mapping[str, list[dict[str, Any]]], url: str) -> float | None:
    given = _value(about, url, None)
    return None if given is None else float(given)


def _sources(about: Mapping[str, list[dict[str, Any]]]) -> dict[str, str]:
    found = {}
    for one in about.get(fhir.SOURCE, []):
        parts = {part["url"]: str(part["valueString"]) for part in one["extension"]}
        found[parts["key"]] = parts["text"]
    return found


def _recall(about: Mapping[str, list[dict[str, Any]]]) -> Text:
    parts = about[fhir.RECALL][0]["extension"] if fhir.RECALL in about else ()
    return {str(part["url"]): str(part["valueString"]) for part in parts}
