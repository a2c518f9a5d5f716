"""My messages: which, by what way, when, and a pause. The page behind the link at the foot of every message.

Looking (GET) changes nothing, whoever or whatever looks. A mail program's own unsubscribe button posts here too
(RFC 8058) and turns all messages off. The link signs nobody in: this page knows a person's choices and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from pro_service.domain.errors import Invalid
from pro_service.domain.participants import Participant
from pro_service.domain.preferences import NO, NO_CHANNEL, STOPPED, YES
from pro_service.domain.protocol import OCCASIONS
from pro_service.http.authentication import public
from pro_service.http.transaction import act_as, runtime, work
from pro_service.services import participants, preferences, studies
from pro_service.web import i18n, pages
from pro_service.web.pages import gettext, page

ONE_CLICK = "List-Unsubscribe"
TYPED = ("channel", "paused_until", "quiet_from", "quiet_until")


@public
def show(token: str) -> ResponseReturnValue:
    """What holds now, in a form."""
    return _page(_person(token))


@public
def choose(token: str) -> ResponseReturnValue:
    """Keep what was chosen, and show what holds now. The same again changes nothing."""
    person = _person(token)
    stop = ONE_CLICK in request.form or "stop" in request.form
    choices: Mapping[str, str | None] = STOPPED if stop else _chosen(person)
    try:
        person = preferences.change(
            work(),
            participant_id=person.id,
            channels=runtime().channels,
            language=None if stop else request.form.get("language") or None,
            choices=choices,
            reason="the link in a message",
        )
    except Invalid as refusal:
        wrong = {problem.field for problem in refusal.problems}
        return _page(person, wrong=wrong, typed=choices, status=422)
    pages.speak(person.language)
    return _page(person, saved=True)


def _person(token: str) -> Participant:
    """Whose choices these are; from here on this one request is theirs."""
    chooser = preferences.chooser(work(), token=token)
    act_as(chooser)
    person = participants.by_id(work(), participant_id=UUID(chooser.id))
    pages.speak(person.language)
    pages.suit(person.preferences)
    return person


def _chosen(person: Participant) -> dict[str, str | None]:
    """What the form says: a box that is not ticked is a no, an empty field takes the choice back."""
    form = request.form
    boxes: dict[str, str | None] = {one: YES if one in form else NO for one in OCCASIONS}
    fields: dict[str, str | None] = {name: form[name].strip() or None for name in TYPED if name in form}
    channel = fields.get("channel")
    if channel is not None and channel == person.preferences.get("channel"):
        del fields["channel"]  # already so, even where its address is missing now
    return {**boxes, **fields}


def _page(
    person: Participant,
    *,
    saved: bool = False,
    wrong: set[str] | frozenset[str] = frozenset(),
    typed: Mapping[str, str | None] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    study = studies.of_version(work(), study_version_id=person.study_version_id)
    own = preferences.offered(work(), participant_id=person.id, channels=runtime().channels)
    names = _channel_names()
    now = {**person.preferences, **{name: value or "" for name, value in (typed or {}).items()}}
    silent = now.get("channel") == NO_CHANNEL or all(now.get(one) == NO for one in OCCASIONS)
    return page(
        "patient/preferences.html",
        status=status,
        now=now,
        silent=silent,
        channel=now.get("channel") or (own[0] if own else ""),
        channels={name: names.get(name, name) for name in own},
        own_language=person.language,
        study_languages={code: i18n.own_name(code) for code in study.languages},
        saved=saved,
        wrong=wrong,
        contact=study.contact,
    )


def _channel_names() -> dict[str, str]:
    return {
        "email": gettext("By e-mail"),
        "sms": gettext("By text message"),
        "webpush": gettext("As a notification on this phone or computer"),
    }
