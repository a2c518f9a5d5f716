"""The interface's languages: gettext catalogues read from source (no compiled files), and the choice between them.

Catalogues live in `locale/<language>/LC_MESSAGES/web.po`; adding a language is adding a folder. The words of a
questionnaire are not here: they belong to the instrument and come with it, by language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from markupsafe import Markup

FALLBACK = "en"
COOKIE = "language"
ONE_MOMENT = timedelta(seconds=1)
"""What closes at 24:00 has the day before as its last."""
FOLDER = files("pro_service.web").joinpath("locale")


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages the interface speaks, the fallback first."""
    found = {entry.name for entry in FOLDER.iterdir() if entry.is_dir()}
    return tuple(sorted(found, key=lambda code: (code != FALLBACK, code)))


@cache
def translations(language: str) -> Translations:
    """The catalogue of one language."""
    compiled = BytesIO()
    source = FOLDER.joinpath(language, "LC_MESSAGES", "web.po").read_bytes()
    write_mo(compiled, read_po(BytesIO(source), locale=language, domain="web"))
    compiled.seek(0)
    return Translations(compiled, domain="web")


def first_spoken(*wishes: str | None) -> str:
    """The first wish that is a language we speak (a region after it is ignored), else the fallback."""
    for wish in wishes:
        code = (wish or "").replace("_", "-").split("-")[0].lower()
        if code in languages():
            return code
    return FALLBACK


def own_name(language: str) -> str:
    """What a language calls itself, with a capital."""
    name = Locale.parse(language).get_language_name(language) or language
    return name[:1].upper() + name[1:]


def direction(language: str) -> str:
    """`ltr` or `rtl`."""
    return str(Locale.parse(language).text_direction)


def words(text: Mapping[str, str], language: str) -> str:
    """The words in this language, else in the fallback, else in whatever there is; empty when there are none."""
    return text.get(language) or text.get(FALLBACK) or next(iter(text.values()), "")


def marked(text: Mapping[str, str], language: str) -> str:
    """The same words for a page in this language, marked as what they are in where that is another one."""
    said = words(text, language)
    spoken = next((code for code in (language, FALLBACK, *text) if text.get(code) == said), language)
    return said if spoken == language else Markup('<span lang="{}">{}</span>').format(spoken, said)


def long_date(day: date | datetime, language: str, zone: str = "UTC") -> str:
    """A day in words, such as "Monday 19 January"; an instant is read on the person's own calendar."""
    on = day.astimezone(ZoneInfo(zone)).date() if isinstance(day, datetime) else day
    pattern = "EEEE d MMMM y"
    return format_date(on, pattern, locale=language)


def short_date(at: datetime, language: str, zone: str) -> str:
    """An instant's day in the local calendar, such as "19 Jan 2026"."""
    return format_date(at.astimezone(ZoneInfo(zone)).date(), "d MMM y", locale=language)
