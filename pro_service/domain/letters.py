"""Letters: an invitation on paper, in the person's language. It names no person, disease, trial or questionnaire.

The study team puts the name on by themselves: the window of the envelope shows an empty field with the participant's
code in a corner, for an address label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pro_service.domain.messages import fill

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, ready to be printed: whose, its words, the link to draw, and the code where there is one."""

    participant: str
    language: str
    title: str
    opening: str
    square: str
    scan: str
    typing: str
    warning: str
    contact: str
    link: str = field(repr=False)
    code: str = field(default="", repr=False)


TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Your questionnaires",
        "opening": "You take part in a study. From time to time we ask you how you are doing. You can answer on a "
        "phone, a tablet or a computer, whenever it suits you; every answer is saved as you give it.",
        "square": "A square for the camera of a phone. It opens the link beneath it.",
        "scan": "Point the camera of your phone at the square, and tap the link that appears.",
        "typing": "No camera? Go to {address}, and type this code and the year you were born:",
        "warning": "This letter is yours alone: whoever has it can open your questionnaires. Keep it, you can use it "
        "again each time. Did you lose it? Tell the study team; a new letter ends this one.",
        "contact": "Questions? Contact the study team: {contact}",
    },
    "nl": {
        "title": "Uw vragenlijsten",
        "opening": "U doet mee aan een onderzoek. Af en toe vragen we hoe het met u gaat. U kunt antwoorden op een "
        "telefoon, tablet of computer, wanneer het u uitkomt; elk antwoord wordt meteen bewaard.",
        "square": "Een vierkant voor de camera van een telefoon. Het opent de link eronder.",
        "scan": "Richt de camera van uw telefoon op het vierkant, en tik op de link die verschijnt.",
        "typing": "Geen camera? Ga naar {address}, en typ deze code en het jaar waarin u geboren bent:",
        "warning": "Deze brief is alleen voor u: wie hem heeft, kan uw vragenlijsten openen. Bewaar hem, u kunt hem "
        "elke keer opnieuw gebruiken. Bent u hem kwijt? Zeg het tegen het onderzoeksteam; een nieuwe brief vervangt "
        "deze.",
        "contact": "Vragen? Neem contact op met het onderzoeksteam: {contact}",
    },
}


def composed(*, participant: str, language: str, contact: str, base_url: str, token: str, code: str = "") -> Letter:
    """The letter that carries this token, and this code if it has one, in the person's language or else in English."""
    spoken = language if language in TEXTS else FALLBACK
    address = f"{base_url.partition('://')[2]}/in"
    words = {name: fill(text, {"address": address, "contact": contact}) for name, text in TEXTS[spoken].items()}
    if not code:
        words["typing"] = ""
    link = f"{base_url}/l/{token}"
    return Letter(participant=participant, language=spoken, link=link, code=code, **words)
