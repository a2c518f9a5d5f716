"""Words in a message that may give away what somebody is treated for: pointed out, not refused.

A message says nothing of health. Whether "course" is a word of the trial's title or of everyday, nobody can tell from
the word alone, so these are hints, each with its line. What is sure is refused by `messages.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pro_service.domain.errors import Problem
from pro_service.studies.document import Notes, Value, parse

SHORTEST = 5
"""Letters. Shorter words of a title are hardly ever telling."""

EVERYDAY = """
about after again between course during first short short-term study their three through trial under versus weeks where
which while without people adult adults person persons quality questionnaire questionnaires other
ander andere dagen eerste geen korte kwaliteit mensen minder onderzoek periode personen schema studie tijdens tussen
vragen vragenlijst vragenlijsten waarbij weken zonder
"""
"""Words that stand in titles of trials and in messages alike."""

HEALTH = """
anxiety cancer chemotherapy clinic depression diagnosis disease doctor drug fatigue health hospital illness medication
medicine nurse oncology operation pain patient radiation radiotherapy sarcoma surgery symptom therapy treatment tumor
tumour
angst arts bestraling behandeling chemotherapie depressie diagnose gezondheid kanker klachten kliniek medicatie medicijn
moeheid oncologie operatie pijn patiënt radiotherapie sarcoom therapie verpleegkundige ziekenhuis ziekte
"""
"""Words that speak of health whatever the trial is about."""

_WORD = re.compile(r"[^\W\d_]+")
_VARIABLE = re.compile(r"\{\w*\}")


def hints(text: str, *, file: str) -> tuple[Problem, ...]:
    """Each telling word of each message, with its place; empty for a file that cannot be read as one."""
    sections = parse(text, Notes(file)).entries()
    told = {_stem(word) for name in ("title", "strata") if name in sections for word in _telling(sections[name])}
    health = {_stem(word) for word in HEALTH.split()}
    found = []
    for value in _texts(sections["messages"]) if "messages" in sections else ():
        seen = dict.fromkeys(word.lower() for word in _WORD.findall(_VARIABLE.sub(" ", value.scalar or "")))
        for word in seen:
            if _stem(word) in health:
                what = "a word of health"
            elif _stem(word) in told:
                what = "a word of the trial's title or strata"
            else:
                continue
            found.append(
                Problem(f"says '{word}', {what}: others may read it on the phone", value.path, file, value.line)
            )
    return tuple(found)


def _telling(value: Value) -> Iterator[str]:
    everyday = frozenset(EVERYDAY.split())
    for text in _texts(value):
        words = (word.lower() for word in _WORD.findall(text.scalar or ""))
        yield from (word for word in words if len(word) >= SHORTEST and word not in everyday)


def _texts(value: Value) -> Iterator[Value]:
    """Every text below a value."""
    if value.kind == "a mapping":
        for entry in value.entries().values():
            yield from _texts(entry)
    elif value.scalar is not None:
        yield value


def _stem(word: str) -> str:
    """The word without the endings of its plural, in English and in Dutch."""
    for ending in ("en", "es", "s", "n", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST - 1:
            return word.removesuffix(ending)
    return word
