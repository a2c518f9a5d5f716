"""The section of a study file that holds the words of messages: by occasion and language, with safe variables.

Others read a phone over a shoulder. What is sure to give the trial away (its name, its registration, the name of a
questionnaire) is refused here; words that may (of the illness, say) are pointed out by `discretion.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from string import Formatter

from pro_service.domain.protocol import MESSAGE_VARIABLES, OCCASIONS, MessageTemplate
from pro_service.studies import values
from pro_service.studies.document import Value, meant

LONGEST_SHORT = 70
"""Characters of a short text with its variables at their longest: with the link, one text message."""

LONGEST = {"minutes": "999", "count": "99", "closes_on": "30 September 2026", "study_contact": "x" * 30}
LINKS = frozenset({"link", "preferences_link"})


def messages(
    value: Value, languages: Collection[str], private: Collection[str], instruments: Iterable[str] = ()
) -> tuple[MessageTemplate, ...]:
    """`messages:` occasion -> language -> subject, body and, for a phone's screen, short.

    `private` are words no message may carry (the trial's name and registration), and so are codes of `instruments`.
    """
    refused = [*_names_of_the_trial(private), *_names_of_questionnaires(instruments)]
    occasions = value.fields(*OCCASIONS)
    return tuple(
        template
        for occasion in OCCASIONS
        if occasions[occasion].node is not None
        for template in _in_each_language(occasion, occasions[occasion], languages, refused)
    )


Refused = tuple[re.Pattern[str], str]
"""A pattern no message may match, and what to say of one that does."""


def _names_of_the_trial(words: Iterable[str]) -> Iterable[Refused]:
    for word in words:
        if word:
            yield re.compile(re.escape(word), re.IGNORECASE), f"may not name the trial ('{word}')"


def _names_of_questionnaires(codes: Iterable[str]) -> Iterable[Refused]:
    """A code however it is written, `EQ 5D` for `eq-5d-5l` too: two parts of a longer one are a name already."""
    for code in codes:
        name = r"[\s_-]*".join(re.escape(part) for part in code.split("-")[:2])
        yield re.compile(rf"\b{name}", re.IGNORECASE), f"may not name a questionnaire ('{code}')"


def _in_each_language(
    occasion: str, value: Value, languages: Collection[str], refused: Collection[Refused]
) -> list[MessageTemplate]:
    templates = []
    texts = value.fields(*languages) if languages else value.entries()
    for language, entry in texts.items():
        fields = entry.fields("subject", "body", optional=["short"])
        subject, body = _template(fields["subject"], refused), _template(fields["body"], refused)
        if body and "{link}" not in body:
            fields["body"].note("expected {link} somewhere in the text; without it nobody can answer")
        if "\n" in subject:
            fields["subject"].note("expected one line")
        short = _short(fields["short"], refused) if "short" in fields else ""
        templates.append(MessageTemplate(occasion, language, subject, body, short))
    return templates


def _short(value: Value, refused: Collection[Refused]) -> str:
    """One line that fits a text message beside the link, which is added by itself."""
    noted = len(value.notes.problems)
    text = _template(value, refused)
    if len(value.notes.problems) > noted:
        return ""
    names = {name for _, name, *_ in Formatter().parse(text) if name is not None}
    for name in sorted(names & LINKS):
        value.note(f"write the short text without {{{name}}}; the link is added by itself")
    length = len(text.format(**dict.fromkeys(LINKS, ""), **LONGEST))
    if "\n" in text:
        value.note("expected one line")
    elif length > LONGEST_SHORT:
        value.note(f"expected at most {LONGEST_SHORT} characters, found {length} with the variables at their longest")
    return text


def _template(value: Value, refused: Collection[Refused]) -> str:
    text = values.text(value)
    try:
        pieces = list(Formatter().parse(text))
    except ValueError:
        value.note("a brace is not closed; write {{ and }} for braces that are meant as such")
        return ""
    for _, name, form, conversion in pieces:
        if name is not None and name not in MESSAGE_VARIABLES:
            value.note(f"no variable '{{{name}}}'{meant(name, MESSAGE_VARIABLES)}")
        elif form or conversion:
            value.note(f"write {{{name}}} without anything behind the name")
    for pattern, why in refused:
        if pattern.search(text):
            value.note(f"a message {why}: others may read it on the phone")
    return text
