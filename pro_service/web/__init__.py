"""Pages: what a patient's phone and the study team's browser show, rendered here and nowhere else."""

from __future__ import annotations

from flask import Flask

from pro_service.web import assets, pages, shell
from pro_service.web.patient import routes as patient
from pro_service.web.problems import problem_page
from pro_service.web.workspace import routes as workspace

__all__ = ["install", "problem_page"]


def install(app: Flask) -> None:
    """Add every page to the application."""
    pages.install(app)
    for part in (pages, assets, shell, patient, workspace):
        app.register_blueprint(part.blueprint)
