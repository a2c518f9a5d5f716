"""How one participant comes in: a link to hand over now, a letter to print, and the end of them all.

Looking changes nothing. What is made is shown on the answer that made it and nowhere again: the database keeps a keyed
hash. The square is drawn on the page itself, so no picture of it lies in a cache.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from pro_service.http.transaction import runtime, work
from pro_service.paper.letters import print_letters
from pro_service.paper.squares import square
from pro_service.services import access, letters, ways_in
from pro_service.services.access import Ended
from pro_service.web import pages
from pro_service.web.i18n import short_date
from pro_service.web.pages import gettext, ngettext, page
from pro_service.web.workspace.desk import staff

LONGEST_REASON = 200


def show(participant_id: UUID) -> ResponseReturnValue:
    """What there is now, and what can be made or ended."""
    return _page(participant_id)


def hand_over(participant_id: UUID) -> ResponseReturnValue:
    """Make a link and show it, as a square for a phone that is held before the screen."""
    who = staff()
    token = access.mint_link(work(), participant_id=participant_id)
    found = ways_in.of_participant(work(), participant_id=participant_id)
    link = runtime().settings.base_url + url_for("patient.link", token=token)
    return page(
        "workspace/handed_over.html",
        who=who,
        code=found.participant.code,
        back=url_for("workspace.ways_in", participant_id=participant_id),
        link=link,
        square=square(link),
    )


def write(participant_id: UUID) -> ResponseReturnValue:
    """Make a letter, which ends the one before, and give it as a file to print."""
    staff()
    letter = letters.for_participant(work(), participant_id=participant_id, base_url=runtime().settings.base_url)
    content = BytesIO()
    print_letters([letter], content)
    response = Response(content.getvalue(), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{letter.participant}.pdf")
    return response


def end(participant_id: UUID) -> ResponseReturnValue:
    """End them all: with a reason, and a tick that says that this is meant."""
    staff()
    reason = " ".join(request.form.get("reason", "").split())[:LONGEST_REASON]
    problems = {} if reason else {"reason": gettext("Please say why, without names.")}
    if "sure" not in request.form:
        problems["sure"] = gettext("Please tick this if you mean it.")
    if problems:
        return _page(participant_id, problems=problems, reason=reason)
    return _page(participant_id, ended=_told(access.revoke_all(work(), participant_id=participant_id, reason=reason)))


def _page(
    participant_id: UUID, *, problems: dict[str, str] | None = None, reason: str = "", ended: str = ""
) -> ResponseReturnValue:
    who = staff()
    found = ways_in.of_participant(work(), participant_id=participant_id)
    letter, spoken, zone = found.letter, pages.language(), found.participant.timezone

    def on(at: datetime | None) -> str:
        return short_date(at, spoken, zone) if at else ""

    written = {"on": on(letter.created_at), "coded": letter.has_code, "locked": on(letter.locked_at)} if letter else {}
    return page(
        "workspace/ways_in.html",
        status=422 if problems else 200,
        who=who,
        found=found,
        letter=written,
        problems=problems or {},
        reason=reason,
        ended=ended,
    )


def _told(ended: Ended) -> str:
    parts = [
        ngettext("one link or letter", "{count} links and letters", ended.links).replace("{count}", str(ended.links)),
        ngettext("one session", "{count} sessions", ended.sessions).replace("{count}", str(ended.sessions)),
    ]
    parts += [gettext("the calendar address")] if ended.calendars else []
    parts += [gettext("notifications to their device")] if ended.devices else []
    return ", ".join(parts)
