"""The blueprint of the patient's pages; the views are in the files of their nouns."""

from __future__ import annotations

from flask import Blueprint

from pro_service.web.patient import assessments, feeds, home, kept, letters, link_requests, links, preferences

blueprint = Blueprint("patient", __name__)
blueprint.context_processor(lambda: {"person_mark": kept.person_mark})

ONE = "/my/assessments/<uuid:assessment_id>"

blueprint.add_url_rule("/l/<token>", view_func=links.show, methods=["GET"], endpoint="link")
blueprint.add_url_rule("/l/<token>", view_func=links.begin, methods=["POST"], endpoint="begin")
blueprint.add_url_rule("/in", view_func=letters.show, methods=["GET"], endpoint="letter")
blueprint.add_url_rule("/in", view_func=letters.enter, methods=["POST"], endpoint="enter")
blueprint.add_url_rule("/new-link", view_func=link_requests.show, methods=["GET"], endpoint="new_link")
blueprint.add_url_rule("/new-link", view_func=link_requests.ask, methods=["POST"], endpoint="ask_link")
blueprint.add_url_rule("/m/<token>", view_func=preferences.show, methods=["GET"], endpoint="preferences")
blueprint.add_url_rule("/m/<token>", view_func=preferences.choose, methods=["POST"], endpoint="choose")
blueprint.add_url_rule("/c/<token>.ics", view_func=feeds.feed, methods=["GET"])
blueprint.add_url_rule("/my/calendar", view_func=feeds.show, methods=["GET"], endpoint="calendar")
blueprint.add_url_rule("/my/calendar", view_func=feeds.change, methods=["POST"], endpoint="change_calendar")
blueprint.add_url_rule("/my", view_func=home.home, methods=["GET"])
blueprint.add_url_rule("/my/session", view_func=kept.session, methods=["GET"])
blueprint.add_url_rule("/my/messages", view_func=home.my_messages, methods=["GET"])
blueprint.add_url_rule("/my/sign-out", view_func=home.sign_out, methods=["POST"])
blueprint.add_url_rule(ONE, view_func=assessments.show, methods=["GET"], endpoint="assessment")
blueprint.add_url_rule(ONE, view_func=assessments.save, methods=["POST"], endpoint="save")
blueprint.add_url_rule(f"{ONE}/review", view_func=assessments.review, methods=["GET"], endpoint="review")
blueprint.add_url_rule(f"{ONE}/review", view_func=assessments.submit, methods=["POST"], endpoint="submit")
