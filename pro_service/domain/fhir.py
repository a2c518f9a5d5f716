"""A questionnaire as a FHIR R4 Questionnaire; `fhir_import` is the way back.

The words of an item leave only where they are topics of our own or free for all: of any other wording only the codes
do, marked as placeholders. What R4 has no element for travels in extensions whose addresses begin with `urn:`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pro_service.domain.instruments import Condition, Instrument, Item, Option, Text

Resource = dict[str, Any]

HL7 = "http://hl7.org/fhir/StructureDefinition/"
OURS = "urn:pro-service:"
ORDINAL, TRANSLATION, UNIT = f"{HL7}ordinalValue", f"{HL7}translation", f"{HL7}questionnaire-unit"
MINIMUM, MAXIMUM, CONTROL = f"{HL7}minValue", f"{HL7}maxValue", f"{HL7}questionnaire-itemControl"
RECALL, ALSO, ALLOWS_NA, SAFETY = f"{OURS}recall", f"{OURS}also", f"{OURS}allows-na", f"{OURS}safety"
PERMISSION, VERIFIED, PLACEHOLDER = f"{OURS}permission", f"{OURS}verified", f"{OURS}placeholder-wording"
RESPONDENT, SOURCE = f"{OURS}respondent", f"{OURS}source"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
LOWER, UPPER = "lower", "upper"
"""Controls of the two displays inside a slider that say what its ends mean."""

NOT_APPLICABLE = "na"

TYPES = {
    "choice": "choice",
    "yes_no": "boolean",
    "count": "integer",
    "vas": "integer",
    "number": "decimal",
    "text": "text",
    "date": "date",
}
"""Kind of item -> R4 type; a count and a vas differ in their control."""


def canonical(instrument: str) -> str:
    """The address by which everybody knows a questionnaire; it is the same on every server."""
    return f"{OURS}questionnaire:{instrument}"


def options_system(instrument: str) -> str:
    """The code system of a questionnaire's answers."""
    return f"{OURS}answers:{instrument}"


def option_coding(instrument: Instrument, option: Option) -> Resource:
    """An answer as it is given: the code, and its words in one language where they may leave."""
    words = _Words(instrument).label("display", option.label, option.code)
    coding = {"system": options_system(instrument.code), "code": str(option.code)}
    return {**coding, **{name: word for name, word in words.items() if name == "display"}}


def questionnaire(instrument: Instrument, *, language: str = "en") -> Resource:
    """The definition as a Questionnaire, in that language where it has it; the others come as translations.

    Scales are not part of it: scoring stays with this service.
    """
    words = _Words(instrument, language)
    return {
        "resourceType": "Questionnaire",
        "id": instrument.code,
        "language": words.language,
        "extension": _about(words),
        "url": canonical(instrument.code),
        "version": instrument.version,
        "name": machine_name(instrument.code),
        **words.name("title", instrument.title),
        "status": "active" if instrument.verified else "draft",
        "subjectType": ["Patient"],
        "publisher": instrument.owner,
        "copyright": instrument.licence,
        "item": [_item(words, item) for item in instrument.items],
    }


def wording_may_leave(instrument: Instrument) -> bool:
    """Are its labels topics of our own, or words that are free for all? The words of a loaded pack never leave."""
    return not instrument.wordings and (instrument.placeholder_wording or instrument.permission == "free")


class _Words:
    """The texts of one questionnaire: in a base language, the others as translations."""

    def __init__(self, instrument: Instrument, language: str = "en") -> None:
        spoken = instrument.title
        self.instrument = instrument
        self.may_leave = wording_may_leave(instrument)
        self.language = language if language in spoken and self.may_leave else _base(spoken)

    def text(self, name: str, text: Text) -> Resource:
        """The element of that name and, beside it, its translations."""
        base = self.language if self.language in text else next(iter(text), "")
        if not base:
            return {}
        found = [_translation(language, words) for language, words in text.items() if language != self.language]
        return {name: text[base], **({f"_{name}": {"extension": found}} if found else {})}

    def name(self, name: str, text: Text) -> Resource:
        """What it is called: a fact, unless a pack says it."""
        return self.text(name, text if not self.instrument.wordings else {"en": self.instrument.code})

    def period(self, recall: Text) -> list[Resource]:
        """Each language as an extension inside: other readers refuse a translation beside an extension's value."""
        parts = [{"url": language, "valueString": words} for language, words in recall.items()]
        return [{"url": RECALL, "extension": parts}] if parts and self.may_leave else []

    def label(self, name: str, text: Text, code: object) -> Resource:
        """A label of an item or an answer: its code stands in for words that belong to somebody."""
        return self.text(name, text if self.may_leave else {"en": str(code)})


def _base(text: Text) -> str:
    return "en" if "en" in text or not text else next(iter(text))


def _translation(language: str, words: str) -> Resource:
    parts = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": words}]
    return {"url": TRANSLATION, "extension": parts}


def machine_name(code: str) -> str:
    """A name that a program can use: a capital first, then letters, digits and underscores."""
    name = code.replace("-", "_")
    return name[0].upper() + name[1:]


def _about(words: _Words) -> list[Resource]:
    instrument = words.instrument
    shows_placeholders = instrument.placeholder_wording or not words.may_leave
    return [
        {"url": PLACEHOLDER, "valueBoolean": shows_placeholders},
        {"url": VERIFIED, "valueBoolean": instrument.verified},
        {"url": PERMISSION, "valueCode": instrument.permission},
        {"url": RESPONDENT, "valueCode": instrument.respondent},
        *words.period(instrument.recall),
        *(
            {
                "url": SOURCE,
                "extension": [{"url": "key", "valueString": key}, {"url": "text", "valueString": source}],
            }
            for key, source in instrument.sources.items()
        ),
    ]


def _item(words: _Words, item: Item) -> Resource:
    gate = item.shown_if
    return {
        **_filled("extension", _item_extensions(words, item)),
        "linkId": item.code,
        **words.label("text", item.label, item.code),
        "type": TYPES[item.kind],
        **({} if gate is None else _enable_when(words.instrument, gate)),
        **({} if item.skippable else {"required": True}),
        **({"maxLength": int(item.maximum)} if item.kind == "text" and item.maximum is not None else {}),
        **_filled("answerOption", _options(words, item) if item.kind == "choice" else ()),
        **_filled("item", _ends(words, item) if words.may_leave else ()),
    }


def _ends(words: _Words, item: Item) -> list[Resource]:
    """What the ends of a scale mean: displays inside it, named after it with a dot, which is in no code of ours."""
    return [
        {
            "extension": [_control(code)],
            "linkId": f"{item.code}.{code}",
            **words.text("text", text),
            "type": "display",
        }
        for code, text in ((LOWER, item.low_end), (UPPER, item.high_end))
        if text
    ]


def _control(code: str) -> Resource:
    return {"url": CONTROL, "valueCodeableConcept": {"coding": [{"system": CONTROLS, "code": code}]}}


def _item_extensions(words: _Words, item: Item) -> list[Resource]:
    found = [*_bounds(item), *words.period(item.recall)]
    if item.kind == "vas":
        found.append(_control("slider"))
    if item.unit and words.may_leave:
        found.append({"url": UNIT, "valueCoding": words.text("display", item.unit)})
    if item.allows_na and item.kind != "choice":
        found.append({"url": ALLOWS_NA, "valueBoolean": True})
    found += [{"url": ALSO, "valueString": name} for name in item.also]
    watched = [one for one in words.instrument.safety if one.item == item.code]
    return found + [{"url": SAFETY, "valueInteger": code} for one in watched for code in one.codes]


def _bounds(item: Item) -> list[Resource]:
    if item.kind not in {"count", "vas", "number"}:
        return []
    whole = item.kind in {"count", "vas"}
    bounds = ((MINIMUM, item.minimum), (MAXIMUM, item.maximum))
    return [
        {"url": url, "valueInteger": int(bound)}
        if whole and bound.is_integer()
        else {"url": url, "valueDecimal": bound}
        for url, bound in bounds
        if bound is not None
    ]


def _options(words: _Words, item: Item) -> list[Resource]:
    system = options_system(words.instrument.code)
    found = [_option(words, system, option) for option in item.options]
    if item.allows_na:
        found.append({"valueCoding": {"system": system, "code": NOT_APPLICABLE, "display": "Not applicable"}})
    return found


def _option(words: _Words, system: str, option: Option) -> Resource:
    coding = {"system": system, "code": str(option.code), **words.label("display", option.label, option.code)}
    return {"extension": [{"url": ORDINAL, "valueDecimal": option.code}], "valueCoding": coding}


def _enable_when(instrument: Instrument, gate: Condition) -> Resource:
    """Shown when the earlier item has any of these answers."""
    asked = instrument.item(gate.item)
    conditions = [
        {
            "question": gate.item,
            "operator": "=",
            **(
                {"answerBoolean": code == 1}
                if asked.kind == "yes_no"
                else {"answerCoding": {"system": options_system(instrument.code), "code": str(code)}}
            ),
        }
        for code in gate.codes
    ]
    return {"enableWhen": conditions, **({"enableBehavior": "any"} if len(conditions) > 1 else {})}


def _filled(name: str, entries: Sequence[Mapping[str, Any]]) -> Resource:
    """FHIR knows no empty list: an element without entries is left out."""
    return {name: list(entries)} if entries else {}
