"""Reads the words of one language in a FHIR R4 Questionnaire as the texts of a pack, each with its line.

The language of the resource is that of its plain texts; the others are its translations (the standard extension).
Words of groups and of displays are none of a question's, and no pack has a place for them, but for the two displays
inside a slider that say what its ends mean. What a Questionnaire has no element for (the recall period, and often the
end of the licence) is told beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pro_service.domain import fhir
from pro_service.domain.errors import InvalidWording, Problem
from pro_service.domain.fhir_sliders import ends_of
from pro_service.domain.instruments import YES_NO
from pro_service.domain.wording import ENDS, Entry

Node = Mapping[str, Any]


def is_questionnaire(document: object) -> bool:
    """Is this the resource we can read words from?"""
    return isinstance(document, dict) and document.get("resourceType") == "Questionnaire"


def entries(document: Node, *, text: str, file: str, language: str) -> tuple[Entry, ...]:
    """Every text in a language; empty where the Questionnaire has none in it. InvalidWording where it cannot be read.

    Without a language it is that of the resource.
    """
    try:
        return tuple(_Reading(document, text, file, language).entries())
    except (KeyError, TypeError, AttributeError, ValueError):
        raise InvalidWording(f"{file} is not well formed: check it with a validator of FHIR") from None


class _Reading:
    """One Questionnaire, and the language that is wanted of it."""

    def __init__(self, document: Node, text: str, file: str, language: str) -> None:
        self.document, self.file, self.text = document, file, text
        self.base = str(document.get("language", "en"))
        self.language = language or self.base

    def entries(self) -> Iterator[Entry]:
        about = _by_url(self.document)
        if any(one.get("valueBoolean") for one in about.get(fhir.PLACEHOLDER, ())):
            message = "these are topics of our own that stand in for the words, not the words"
            raise InvalidWording(f"{self.file} cannot be used", problems=[Problem(message, file=self.file, line=1)])
        yield Entry("language", self.language, self._line("language"))
        for what, name in (
            ("instrument", "id"),
            ("version", "version"),
            ("owner", "publisher"),
            ("licence", "copyright"),
        ):
            if self.document.get(name):
                yield Entry(what, str(self.document[name]), self._line(name))
        yield Entry("title", self._words(self.document, "title"), self._line("title"))
        if self.document.get("effectivePeriod", {}).get("end"):
            yield Entry("expires_on", str(self.document["effectivePeriod"]["end"])[:10], self._line("effectivePeriod"))
        if fhir.RECALL in about:
            yield Entry("recall", self._recall(about), 1)
        for node in _flat(self.document.get("item", [])):
            yield from self._of_item(node)

    def _of_item(self, node: Node) -> Iterator[Entry]:
        code, about = str(node["linkId"]), _by_url(node)
        line = self._line("linkId", code)
        yield Entry("item", self._words(node, "text"), line, item=code)
        if fhir.RECALL in about:
            yield Entry("item_recall", self._recall(about), line, item=code)
        for one in about.get(fhir.UNIT, ()):
            yield Entry("unit", self._words(one["valueCoding"], "display"), line, item=code)
        for what, end in zip(ENDS, ends_of(node), strict=False):  # both or none
            yield Entry(what, self._words(end, "text"), self._line("linkId", str(end["linkId"])), item=code)
        if node["type"] == "boolean":  # its answers have no words there
            for option in YES_NO:
                yield Entry("option", option.label.get(self.language[:2], ""), line, item=code, option=str(option.code))
        for option in node.get("answerOption", ()):
            coding = option.get("valueCoding", {"code": str(option.get("valueInteger", option.get("valueString", "")))})
            if coding.get("code") == fhir.NOT_APPLICABLE:
                continue
            words = self._words(coding, "display") if "display" in coding else str(coding["code"])
            yield Entry("option", words, line, item=code, option=_code({**_by_url(coding), **_by_url(option)}, coding))

    def _words(self, node: Node, name: str) -> str:
        """A text in the language that is wanted; empty where there is none."""
        if self.language == self.base:
            return str(node.get(name, ""))
        for one in node.get(f"_{name}", {}).get("extension", ()):
            parts = {part["url"]: part for part in one.get("extension", ())}
            if one["url"] == fhir.TRANSLATION and parts["lang"]["valueCode"] == self.language:
                return str(parts["content"]["valueString"])
        return ""

    def _recall(self, about: Mapping[str, list[Node]]) -> str:
        parts = {part["url"]: str(part["valueString"]) for one in about[fhir.RECALL] for part in one["extension"]}
        return parts.get(self.language, "")

    def _line(self, name: str, value: str = "") -> int:
        """The line on which a member stands, the first of that name and value."""
        wanted = rf'"{name}"\s*:' + (rf'\s*"{re.escape(value)}"' if value else "")
        found = re.search(wanted, self.text)
        return self.text.count("\n", 0, found.start()) + 1 if found else 1


def _flat(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node["type"] not in {"group", "display"}:
            yield node
        yield from _flat(node.get("item", []))


def _code(about: Mapping[str, list[Node]], coding: Node) -> str:
    """The number of an answer: its ordinal, or its code."""
    for one in about.get(fhir.ORDINAL, ()):
        ordinal = float(one["valueDecimal"])
        return str(int(ordinal)) if ordinal.is_integer() else str(ordinal)
    return str(coding["code"])


def _by_url(node: Node) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for one in node.get("extension", ()):
        found.setdefault(one["url"], []).append(one)
    return found
