"""The message that answers somebody who asked for a new link, in each language. It is the service's own, not a study's.

Like every message it names no disease, trial or questionnaire; its variables are those of a study's own messages.
"""

from __future__ import annotations

from collections.abc import Mapping

from pro_service.domain.protocol import MessageTemplate

TEMPLATES: Mapping[str, MessageTemplate] = {
    "en": MessageTemplate(
        occasion="link",
        language="en",
        subject="Your new link",
        body="Hello,\n\nThis is the link you asked for. It opens your questionnaires:\n\n{link}\n\nIt is yours alone: "
        "please do not pass it on. Did you not ask for it? Then you need not do anything.\n\nQuestions? Contact the "
        "study team: {study_contact}\n\nYour choices about messages: {preferences_link}\n",
        short="Your new link",
    ),
    "nl": MessageTemplate(
        occasion="link",
        language="nl",
        subject="Uw nieuwe link",
        body="Hallo,\n\nDit is de link waar u om vroeg. Hij opent uw vragenlijsten:\n\n{link}\n\nHij is alleen voor u: "
        "geef hem niet door. Hebt u er niet om gevraagd? Dan hoeft u niets te doen.\n\nVragen? Neem contact op met het "
        "onderzoeksteam: {study_contact}\n\nUw keuzes over berichten: {preferences_link}\n",
        short="Uw nieuwe link",
    ),
}


def template(language: str) -> MessageTemplate:
    """The words in a person's language, else in English."""
    return TEMPLATES.get(language) or TEMPLATES["en"]
