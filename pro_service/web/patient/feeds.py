"""My calendar: the page that switches it on and off, and the calendar itself (RFC 5545), as a calendar app reads it.

It says when there are questions and nothing of what they are about: no study, no questionnaire. An entry keeps its id
when its day moves, so that a calendar moves it along; what is done, over or cancelled is not in it any more. There is
an ETag and no Last-Modified: the list changes with the clock too, and no instant would be true.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from icalendar import Calendar, Event

from pro_service.domain.assessments import Assessment, Status
from pro_service.domain.burden import minutes
from pro_service.domain.calendar import local_date, zone
from pro_service.http.authentication import public
from pro_service.http.transaction import act_as, runtime, work
from pro_service.services import assessments, feeds
from pro_service.services.assessments import AssessmentView
from pro_service.web.i18n import long_date
from pro_service.web.pages import gettext, go, ngettext, page
from pro_service.web.patient import me
from pro_service.web.patient.me import Person

SHOWN = (Status.PLANNED, Status.OPEN, Status.IN_PROGRESS)
A_DAY = timedelta(days=1)
READ_AGAIN = timedelta(hours=12)
PRODUCER = "-//PRO service//Questionnaires//EN"


def show() -> ResponseReturnValue:
    """Is it on, since when, and the buttons."""
    return _page(me.person())


def change() -> ResponseReturnValue:
    """Switch it on, renew it, or switch it off. A new address is shown on this answer alone."""
    person = me.person()
    if request.form.get("wish") == "off":
        feeds.switch_off(work(), participant_id=person.participant.id)
        return go(url_for("patient.calendar"))
    token = feeds.switch_on(work(), participant_id=person.participant.id)
    return _page(person, address=runtime().settings.base_url + url_for("patient.feed", token=token))


@public
def feed(token: str) -> ResponseReturnValue:
    """The calendar of whoever has this address."""
    owner, since = feeds.reader(work(), token=token)
    act_as(owner)
    person = me.person()
    views = assessments.listing(work(), participant_id=person.participant.id)
    content = _calendar(person, [view for view in views if view.status in SHOWN], since.created_at)
    response = Response(content.to_ical(), mimetype="text/calendar")
    response.headers["Content-Language"] = person.language
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.add_etag()
    return response.make_conditional(request)


def _page(person: Person, *, address: str = "") -> Response:
    now = feeds.of_participant(work(), participant_id=person.participant.id)
    return page(
        "patient/calendar.html",
        since=long_date(now.created_at, person.language, person.participant.timezone) if now else "",
        address=address,
        subscribe=f"webcal:{address.partition(':')[2]}" if address else "",
        contact=person.study.contact,
        signed_in=True,
    )


def _calendar(person: Person, views: list[AssessmentView], stamp: datetime) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCER)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("refresh-interval", READ_AGAIN, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT12H")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, gettext("My questionnaires"))
    calendar.add("x-wr-timezone", person.participant.timezone)
    for view in views:
        if view.assessment.opens_at is not None:
            calendar.add_component(_event(person, view, view.assessment.opens_at, stamp))
    return calendar


def _event(person: Person, view: AssessmentView, opens_at: datetime, stamp: datetime) -> Event:
    """One whole day, the first on which it can be answered, in the person's own calendar; it blocks no time."""
    day = local_date(opens_at, zone(person.participant.timezone))
    event = Event()
    event.add("uid", str(view.assessment.id))
    event.add("dtstamp", stamp)
    event.add("sequence", view.assessment.revision)
    event.add("dtstart", day)
    event.add("dtend", day + A_DAY)
    event.add("summary", gettext("Questions for you"))
    event.add("description", _description(person, view.assessment, minutes(view.total)))
    event.add("url", runtime().settings.base_url + url_for("patient.home"))
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event


def _description(person: Person, assessment: Assessment, count: int) -> str:
    takes = ngettext("About one minute.", "About {count} minutes.", count).replace("{count}", str(count))
    until = gettext("You can answer until {day}.").replace("{day}", me.last_day(person, assessment))
    return f"{takes} {until}"
