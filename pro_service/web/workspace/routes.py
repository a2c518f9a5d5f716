"""The blueprint of the study team's pages; the views are in the files of their nouns."""

from __future__ import annotations

from flask import Blueprint

from pro_service.web.workspace import desk, participants, sign_in, ways_in

blueprint = Blueprint("workspace", __name__, url_prefix="/staff")

blueprint.add_url_rule("/sign-in", view_func=sign_in.show, methods=["GET"], endpoint="sign_in")
blueprint.add_url_rule("/sign-in", view_func=sign_in.enter, methods=["POST"], endpoint="enter")
blueprint.add_url_rule("/sign-out", view_func=sign_in.leave, methods=["POST"], endpoint="leave")
blueprint.add_url_rule("", view_func=desk.studies_list, methods=["GET"], endpoint="overview")
blueprint.add_url_rule("/studies/<code>", view_func=desk.show, methods=["GET"], endpoint="desk")
blueprint.add_url_rule(
    "/participants/<uuid:participant_id>", view_func=participants.show, methods=["GET"], endpoint="participant"
)

WAYS_IN = "/participants/<uuid:participant_id>/ways-in"

blueprint.add_url_rule(WAYS_IN, view_func=ways_in.show, methods=["GET"], endpoint="ways_in")
blueprint.add_url_rule(f"{WAYS_IN}/link", view_func=ways_in.hand_over, methods=["POST"], endpoint="hand_over")
blueprint.add_url_rule(f"{WAYS_IN}/letter", view_func=ways_in.write, methods=["POST"], endpoint="write_letter")
blueprint.add_url_rule(f"{WAYS_IN}/end", view_func=ways_in.end, methods=["POST"], endpoint="end_ways_in")
