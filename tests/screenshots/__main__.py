"""`python -m tests.screenshots [--docs] [LOOK ...]`: a picture of every screen a patient sees, for people to look at.

Each in two languages, three widths, light and dark, in a real browser before the real application with synthetic
people; or in some looks only, such as `nl-390-dark`. Of each look there is a sheet with all of them side by side. The
clock stands still, so the same code makes the same pictures. With `--docs` a few are kept, small, in docs/images.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.progress import track

from pro_service.observability import configure
from tests.screenshots import sheet
from tests.screenshots.trial import Trial, enrol, running
from tests.screenshots.walk import PLAIN_ROUTES, ROUTES, Walk
from tests.support import chromium

FOLDER = Path("var/screenshots")
IMAGES = Path(__file__).resolve().parents[2] / "docs/images"
SHOWN = {
    "question-choice-en-390-light": "question",
    "question-vas-nl-390-dark": "scale",
    "letter-en-390-light": "letter",
    "my-questionnaires-en-390-light": "home",
}
"""Those that stand in the documentation, and their names there."""
HEIGHTS = {320: 568, 390: 844, 768: 1024}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS = {
    f"{language}-{width}-{scheme}": (language, width, scheme)
    for language, width, scheme in product(("en", "nl"), HEIGHTS, SCHEMES)
}


def main(arguments: Sequence[str]) -> int:
    """Make all of them."""
    wanted = [each for each in arguments if each in LOOKS] or list(LOOKS)
    FOLDER.mkdir(parents=True, exist_ok=True)
    configure("error")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it writes down paths, and a path can hold a link
    with tempfile.TemporaryDirectory() as data, running(Path(data)) as trial, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.path(), args=list(chromium.ARGUMENTS))
        for look in track(wanted, console=Console(stderr=True)):
            sheet.of([*_pictures(browser, trial, look)], FOLDER / f"all-{look}.png")
        browser.close()
    if "--docs" in arguments:
        for picture, name in SHOWN.items():
            with Image.open(FOLDER / f"{picture}.png") as image:
                image.save(IMAGES / f"{name}.webp", quality=80, method=6)
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}\n")
    return 0


def _pictures(browser: Browser, trial: Trial, look: str) -> Iterator[Path]:
    """One picture after the other, each in its file."""
    routes = [(route, True) for route in ROUTES] + [(route, False) for route in PLAIN_ROUTES]
    for number, (route, script) in enumerate(routes):
        person = enrol(trial, f"S-{list(LOOKS).index(look):02}{number:02}", LOOKS[look][0])
        with _phone(browser, look, script=script) as page:
            for screen in route(Walk(page, person)):
                path = FOLDER / f"{screen}-{look}.png"
                page.screenshot(path=path, animations="disabled", caret="hide")
                yield path


@contextmanager
def _phone(browser: Browser, look: str, *, script: bool) -> Iterator[Page]:
    language, width, scheme = LOOKS[look]
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]}, locale=f"{language}-NL", color_scheme=scheme,
        has_touch=True, java_script_enabled=script, service_workers="block",
    )  # fmt: skip
    yield context.new_page()
    context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
