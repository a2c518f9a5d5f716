"""Messages: composed at the moment they are sent, in the person's language, with a sign-in link made for this one.

Nothing composed here is stored: a delivery row holds who, when and why, never the words, the link or the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from babel.dates import format_date

from pro_service.domain import burden, link_messages
from pro_service.domain.assessments import Assessment
from pro_service.domain.deliveries import Delivery
from pro_service.domain.messages import Message, as_html, fill, one_line
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import MessageTemplate, Study
from pro_service.domain.reminders import ASKED_FOR, local_day
from pro_service.services import preferences
from pro_service.services.work import Work

DATES = {"en": "en_GB"}
"""How a language writes its dates, where the language alone would mean another country's way."""


def compose(
    work: Work,
    *,
    delivery: Delivery,
    to: str,
    participant: Participant,
    study: Study,
    assessments: Sequence[Assessment],
    token: str,
    base_url: str,
) -> Message:
    """The words of one delivery about these assessments (at least one). `token` is of a link that opens all of them."""
    template = _template(study, delivery.occasion, participant.language)
    link = f"{base_url}/l/{token}"
    unsubscribe = preferences_link(work, participant_id=participant.id, base_url=base_url)
    asked = [code for one in assessments for code in one.instruments]
    values = {
        "link": link,
        "preferences_link": unsubscribe,
        "study_contact": study.contact,
        "closes_on": _last_day(assessments, participant.timezone, template.language),
        "count": str(len(assessments)),
        "minutes": str(burden.minutes(burden.questions(work.catalogue, asked))),
    }
    text = fill(template.body, values)
    return Message(
        id=str(delivery.id),
        at=work.now,
        to=to,
        subject=fill(template.subject, values),
        text=text,
        html=as_html(text, links=(link, unsubscribe), language=template.language),
        language=template.language,
        short=one_line(fill(template.short or template.subject, values)),
        link=link,
        unsubscribe=unsubscribe,
    )


def preferences_link(work: Work, *, participant_id: UUID, base_url: str) -> str:
    """Where somebody chooses which messages they get; the same address each time."""
    return f"{base_url}/m/{preferences.token(work, participant_id=participant_id)}"


def _template(study: Study, occasion: str, language: str) -> MessageTemplate:
    """The text in the person's language, else in the study's first; of what people ask for, our own."""
    if occasion == ASKED_FOR:
        return link_messages.template(language)
    written = {one.language: one for one in study.messages if one.occasion == occasion}
    return written.get(language) or written[study.languages[0]]


def _last_day(assessments: Sequence[Assessment], timezone: str, language: str) -> str:
    """The last whole day on which the first of them can still be answered, in words."""
    closes_at = min(one.closes_at for one in assessments if one.closes_at is not None)
    day = local_day(closes_at - timedelta(microseconds=1), timezone)
    return str(format_date(day, "long", locale=DATES.get(language, language)))
