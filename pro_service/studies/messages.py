"""The section of a study file that holds the words of messages: by occasion and language, with safe variables."""

from __future__ import annotations

from collections.abc import Collection
from string import Formatter

from pro_service.domain.protocol import MESSAGE_VARIABLES, OCCASIONS, MessageTemplate
from pro_service.studies import values
from pro_service.studies.document import Value, meant


def messages(value: Value, languages: Collection[str], private: Collection[str]) -> tuple[MessageTemplate, ...]:
    """`messages:` occasion -> language -> subject and body.

    `private` are words no message may carry (the trial's name and registration): a phone lies on a table, face up.
    """
    occasions = value.fields(*OCCASIONS)
    return tuple(
        template
        for occasion in OCCASIONS
        if occasions[occasion].node is not None
        for template in _in_each_language(occasion, occasions[occasion], languages, private)
    )


def _in_each_language(
    occasion: str, value: Value, languages: Collection[str], private: Collection[str]
) -> list[MessageTemplate]:
    templates = []
    texts = value.fields(*languages) if languages else value.entries()
    for language, entry in texts.items():
        fields = entry.fields("subject", "body")
        subject, body = _template(fields["subject"], private), _template(fields["body"], private)
        if body and "{link}" not in body:
            fields["body"].note("expected {link} somewhere in the text; without it nobody can answer")
        if "\n" in subject:
            fields["subject"].note("expected one line")
        templates.append(MessageTemplate(occasion, language, subject, body))
    return templates


def _template(value: Value, private: Collection[str]) -> str:
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
    for word in private:
        if word and word.lower() in text.lower():
            value.note(f"a message may not name the trial ('{word}'): others may read it on the phone")
    return text
