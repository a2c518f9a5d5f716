"""Whom an account or a key is for: a study or site that nobody knows is worth a word, for it may be misspelt."""

from __future__ import annotations

import click

from pro_service.domain.errors import StudyNotActive, UnknownStudy
from pro_service.services import studies
from pro_service.services.work import Work


def note_unknown(work: Work, *, study: str, site: str) -> None:
    """Say on standard error that this study, or this site of it, is not there (yet). It may come later: no error."""
    if not study:
        return
    try:
        sites = [each.code for each in studies.active(work, code=study).sites]
    except UnknownStudy:
        click.echo(f"note: no study '{study}' is loaded; until it is, there is nothing to see", err=True)
    except StudyNotActive:
        return
    else:
        if site and site not in sites:
            click.echo(f"note: {study} has no site '{site}'; it has {', '.join(sites)}", err=True)
