"""My questionnaires: open, coming, done."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue

from pro_service.http.authentication import clear_cookie, presented_token
from pro_service.http.transaction import runtime, work
from pro_service.services import access, assessments, preferences
from pro_service.web.pages import go, page
from pro_service.web.patient import kept, me


def home() -> ResponseReturnValue:
    """What there is to do, what comes, what was done."""
    person = me.person()
    views = assessments.listing(work(), participant_id=person.participant.id)
    done = me.cards(person, views, me.DONE)
    webpush = runtime().channels.get("webpush")
    seen = page(
        "patient/home.html",
        open=me.cards(person, views, me.TO_DO),
        coming=me.cards(person, views, me.TO_COME),
        ahead=me.ahead(person, views),
        done=done,
        forget=" ".join(str(card.id) for card in done),
        push_key=webpush.public_key if webpush else "",
        contact=person.study.contact,
        signed_in=True,
    )
    return kept.keep(seen)


def my_messages() -> ResponseReturnValue:
    """On to the page of one's choices; its address holds a key, which the page kept on a phone must not."""
    token = preferences.token(work(), participant_id=me.person().participant.id)
    return go(url_for("patient.preferences", token=token))


def sign_out() -> ResponseReturnValue:
    """End this session. Answers not sent yet stay on the device until the same person is back."""
    access.sign_out(work(), token=presented_token())
    response = go(url_for("pages.landing"))
    clear_cookie(response)
    return response
