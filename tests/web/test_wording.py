"""What a patient reads: the words of a pack in their language, and a mark on whatever is a placeholder."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from pro_service.instruments import load_catalogue
from pro_service.instruments.wording import entries
from pro_service.services import assessments, wording
from pro_service.services.assessments import FormPart
from tests.services.test_wording import as_csv, invented
from tests.support import people
from tests.web.conftest import Visitor, words_of


def forms(person: Visitor) -> tuple[FormPart, ...]:
    with person.runtime.work(people.system, writes=False) as w:
        return assessments.form(w, assessment_id=person.assessment).instruments


def load(person: Visitor, code: str, language: str) -> None:
    with person.runtime.work(people.everything) as w:
        pack = as_csv(invented(load_catalogue()[code], language))
        wording.load(w, texts=entries(pack, file=f"{code}.csv"))


def test_words_are_shown_in_the_language_they_were_licensed_in(
    client: FlaskClient, signed_in: Callable[..., Visitor]
) -> None:
    person = signed_in()
    asked = [part.instrument for part in forms(person)]
    page = words_of(client.get(person.form).get_data(as_text=True))
    assert page.count("Placeholder wording") == len(asked)
    load(person, asked[0].code, "en")
    page = words_of(client.get(person.form).get_data(as_text=True))
    assert page.count("Placeholder wording") == len(asked) - 1
    assert f"Invented {asked[0].items[0].code} en" in page
    for instrument in asked[1:]:
        load(person, instrument.code, "en")
    page = words_of(client.get(person.form).get_data(as_text=True))
    assert "Placeholder wording" not in page


def test_a_pack_in_another_language_leaves_the_placeholder_marked(
    client: FlaskClient, signed_in: Callable[..., Visitor]
) -> None:
    person = signed_in(language="nl")
    (first, *_) = (part.instrument for part in forms(person))
    before = words_of(client.get(person.form).get_data(as_text=True))
    load(person, first.code, "en")
    assert words_of(client.get(person.form).get_data(as_text=True)) == before
    load(person, first.code, "nl")
    after = words_of(client.get(person.form).get_data(as_text=True))
    assert f"Invented {first.items[0].code} nl" in after
