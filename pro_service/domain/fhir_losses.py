"""What a FHIR R4 Questionnaire says that ours has no place for: listed where it is, or refused where it would matter.

What may be passed over is written down here, place by place: anything that is on no list is a loss. An element that
changes what others mean (modifierExtension, implicitRules) is always refused, because R4 forbids to go on without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pro_service.domain import fhir
from pro_service.domain.errors import Problem
from pro_service.domain.fhir_sliders import ends_of

Node = Mapping[str, Any]

HIDDEN = f"{fhir.HL7}questionnaire-hidden"
WEIGHT = f"{fhir.HL7}itemWeight"
"""What later guides call an answer's ordinalValue."""

NUMBERS = frozenset({"integer", "decimal", "quantity"})
TEXTS = frozenset({"string", "text"})
CHOSEN = frozenset({"choice", "string", "integer"})
"""Types that may come with a list of answers to choose from."""

_ROOT = frozenset(
    {"resourceType", "id", "language", "extension", "url", "version", "name", "title", "_title", "status"}
    | {"subjectType", "publisher", "copyright", "item"}
)
_ITEM = frozenset(
    {"extension", "linkId", "text", "_text", "type", "enableWhen", "enableBehavior", "required", "repeats"}
    | {"readOnly", "answerOption", "answerValueSet", "maxLength", "item"}
)
_NOT_ASKED = frozenset({"linkId", "type", "text", "item", "enableWhen", "enableBehavior", "repeats"})
_END = frozenset({"extension", "linkId", "type", "text", "_text"})
_OPTION = frozenset({"extension", "valueCoding", "valueInteger", "valueString"})
_CODING = frozenset({"extension", "system", "code", "display", "_display"})
_WHEN = frozenset(
    {"question", "operator", "answerBoolean", "answerCoding", "answerString", "answerInteger"}
)  # another kind of answer is refused in reading
_ABOUT = frozenset({fhir.PLACEHOLDER, fhir.VERIFIED, fhir.PERMISSION, fhir.RESPONDENT, fhir.RECALL, fhir.SOURCE})
_OF_ITEM = frozenset({fhir.RECALL, fhir.UNIT, fhir.ALLOWS_NA, fhir.ALSO, fhir.SAFETY, HIDDEN})
_OF_OPTION = frozenset({fhir.ORDINAL, WEIGHT})
_MANY = frozenset({fhir.SOURCE, fhir.ALSO, fhir.SAFETY})
_WHOLE = "Questionnaire"


def lost(where: str, what: str) -> str:
    """A line of the list."""
    return f"not carried: {where}, {what}"


def is_asked(node: Node) -> bool:
    """Does somebody answer it? Groups and displays hold or say something; hidden and read-only items are filled in."""
    hidden = any(one.get("url") == HIDDEN and one.get("valueBoolean") for one in node.get("extension", ()))
    return node["type"] not in {"group", "display"} and not node.get("readOnly") and not hidden


def losses(document: Node) -> Iterator[str]:
    """A line for everything that is not carried, but for words in languages: those are told in reading them."""
    yield from _members(_WHOLE, document, _ROOT)
    yield from _extensions(_WHOLE, document, _ABOUT)
    yield from _of_root(document)
    nodes = tuple(_nodes(document.get("item", ())))
    ends = {id(end) for node in nodes if is_asked(node) for end in ends_of(node)}
    for node in nodes:
        where = str(node["linkId"])
        if id(node) in ends:
            yield from _members(where, node, _END)
            yield from _extensions(where, node, frozenset({fhir.CONTROL}))
        elif is_asked(node):
            yield from _of_item(where, node)
        else:
            yield from _not_asked(where, node)


def refusals(document: Node) -> Iterator[Problem]:
    """What would change the meaning if it were left out."""
    if "implicitRules" in document:
        yield Problem("implicitRules: rules that ours does not know would have to hold", _WHOLE)
    yield from (Problem("a modifierExtension changes what stands beside it", where) for where in _modified(document))
    for node in _nodes(document.get("item", ())):
        where = str(node["linkId"])
        if node["type"] == "group" and "enableWhen" in node:
            yield Problem("a group that is shown on a condition: put it on its items", where)
        if node.get("repeats") and node["type"] != "display":
            group = node["type"] == "group"
            yield Problem("a group that repeats cannot be carried" if group else "several answers to one item", where)
        if is_asked(node) and "answerOption" in node and node["type"] not in CHOSEN | {"open-choice"}:
            yield Problem(f"answerOption: a {node['type']} is not chosen from a list here", where)
        if "answerValueSet" in node:
            yield Problem("answerValueSet: expected the answers themselves", where)
        for option in node.get("answerOption", ()):
            if not option.keys() & {"valueCoding", "valueInteger", "valueString"}:
                yield Problem("answerOption: expected a coding, a whole number or a text", where)


def _nodes(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _nodes(node.get("item", []))


def _modified(part: Any, where: str = _WHOLE) -> Iterator[str]:
    """Every place with a modifierExtension, however deep."""
    if isinstance(part, list):
        for one in part:
            yield from _modified(one, where)
    if isinstance(part, dict):
        place = str(part.get("linkId", where))
        if part.get("modifierExtension"):
            yield place
        for value in part.values():
            yield from _modified(value, place)


def _members(where: str, node: Node, known: frozenset[str]) -> Iterator[str]:
    """What no list has; something that is false is nothing."""
    for name in node:
        if name not in known and name != "modifierExtension" and node[name] is not False:
            yield lost(where, name)


def _extensions(where: str, node: Node, known: frozenset[str], *, inside: str = "") -> Iterator[str]:
    seen: set[str] = set()
    for one in node.get("extension", ()):
        url = str(one["url"])
        if url not in known or (url in seen and url not in _MANY):
            yield lost(where, f"{inside}extension {url}")
        seen.add(url)


def _of_root(document: Node) -> Iterator[str]:
    code, ours = str(document.get("id", "")), {one["url"] for one in document.get("extension", ())}
    if code and document.get("name") not in {None, fhir.machine_name(code)} and "title" in document:
        yield lost(_WHOLE, f"name {document['name']}")
    if fhir.SOURCE in ours and document.get("url") not in {None, fhir.canonical(code)}:
        yield lost(_WHOLE, f"url {document['url']}")
    if fhir.VERIFIED not in ours and "status" in document:
        yield lost(_WHOLE, f"status {document['status']}: what is imported is not verified")
    others = [kind for kind in document.get("subjectType", ()) if kind != "Patient"]
    if others:
        yield lost(_WHOLE, f"subjectType {', '.join(others)}")


def _not_asked(where: str, node: Node) -> Iterator[str]:
    what = {"group": "the heading of a group", "display": "a text without a question"}.get(node["type"])
    if what is None:
        yield lost(where, "an item that is hidden or read-only")
        return
    if "text" in node:
        yield lost(where, what)
    if node["type"] == "display" and "enableWhen" in node:
        yield lost(where, "enableWhen")
    yield from _members(where, node, _NOT_ASKED | {"extension", "_text"})
    yield from _extensions(where, node, frozenset())


def _of_item(where: str, node: Node) -> Iterator[str]:
    kind = node["type"]
    yield from _members(where, node, _ITEM)
    is_number = kind in NUMBERS and "answerOption" not in node
    bounds = frozenset({fhir.MINIMUM, fhir.MAXIMUM}) if is_number else frozenset()
    yield from _extensions(where, node, _OF_ITEM | bounds | {fhir.CONTROL})
    yield from _controls(where, node)
    if "maxLength" in node and (kind not in TEXTS or "answerOption" in node):
        yield lost(where, "maxLength")
    for one in node.get("extension", ()):
        coding = one.get("valueCoding", {}) if one["url"] == fhir.UNIT else {}
        if "display" in coding and "code" in coding:
            yield lost(where, f"unit code {coding['code']}")
    if len(node.get("item", ())) > len(ends_of(node)):
        yield lost(where, "that items lie inside this one: they follow it")
    for condition in node.get("enableWhen", ()):
        yield from _members(f"{where} enableWhen", condition, _WHEN)
    yield from _options(where, node)


def _controls(where: str, node: Node) -> Iterator[str]:
    for one in node.get("extension", ()):
        if one["url"] == fhir.CONTROL:
            codes = [str(coding.get("code", "")) for coding in one.get("valueCodeableConcept", {}).get("coding", ())]
            if node["type"] != "integer" or codes != ["slider"]:
                yield lost(where, f"itemControl {' '.join(codes) or 'in words'}")


def _options(where: str, node: Node) -> Iterator[str]:
    systems: dict[str, None] = {}
    for place, option in enumerate(node.get("answerOption", ()), start=1):
        at, coding = f"{where} answer {place}", option.get("valueCoding", {})
        yield from _members(at, option, _OPTION)
        yield from _extensions(at, option, _OF_OPTION)
        yield from _members(at, coding, _CODING)
        yield from _extensions(at, coding, _OF_OPTION, inside="coding ")
        systems.setdefault(str(coding.get("system", "")))
    for system in systems:
        if system and not system.startswith(fhir.options_system("")):
            yield lost(where, f"answers as codes of {system}: they are numbers here")
