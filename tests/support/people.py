"""Actors whose names say what they may do."""

from __future__ import annotations

from pro_service.domain.audit import Actor

everything = Actor(kind="staff", id="everything", role="admin", organisation="test")
coordinator_nki = Actor(kind="staff", id="coordinator-nki", role="coordinator", study="scopes", site="nki")
investigator = Actor(kind="staff", id="investigator", role="investigator", study="scopes")
nobody = Actor(kind="staff", id="nobody", role="")
system = Actor(kind="system", id="system", role="system")


def patient(participant_id: object) -> Actor:
    """The participant themself."""
    return Actor(kind="participant", id=str(participant_id), role="participant")
