"""What the ends of a scale mean, as REDCap and an XLSForm say it: carried, or listed with its row."""

from __future__ import annotations

import pytest

from pro_service.domain.errors import InvalidInstrument
from pro_service.domain.instruments import ends
from tests.instruments.test_foreign import CHOICES, dictionary, imported, survey

SLIDERS = {
    "Worst | | Best": ("Worst", "Best", ""),
    "Worst | Best": ("Worst", "Best", ""),
    "Worst | Fair | Best": ("Worst", "Best", "row 2: q: the words in the middle of its slider, Fair, are not carried"),
    "Worst | | ": ("", "", "row 2: q: words at one end of its slider alone, Worst, are not carried"),
    "": ("", "", ""),
}


@pytest.mark.parametrize(("labels", "expected"), SLIDERS.items(), ids=str)
def test_the_words_at_the_ends_of_a_slider(labels: str, expected: tuple[str, str, str]) -> None:
    field = {"field_name": "q", "field_type": "slider", "select_choices_or_calculations": labels}
    found = imported(dictionary(field), "d.csv", form="f")
    low, high, note = expected
    assert ends(found.instrument.item("q"), "en") == (low, high)
    assert [said for said in found.notes if "slider" in said] == [note] * bool(note)


TICKS = {
    "end=3": ("No", "Much", "row 2: q: the words beside its ticks 2 are not carried"),
    "end=4": ("", "", "row 2: q: the words beside its ticks 1, 2, 3 are not carried"),
    "end=3 step=0.5": ("", "", "row 2: q: the words beside its ticks 1, 2, 3 are not carried"),
}


@pytest.mark.parametrize(("parameters", "expected"), TICKS.items(), ids=str)
def test_the_words_at_the_ends_of_a_range(parameters: str, expected: tuple[str, str, str]) -> None:
    row = ["range", "q", "Q", "", "", "", f"{parameters} tick_labelset=ticks"]
    ticks = [["ticks", "1", "No"], ["ticks", "2", "Some"], ["ticks", "3", "Much"]]
    found = imported(survey(row, choices=[*CHOICES, *ticks]), "form.xlsx")
    low, high, note = expected
    assert ends(found.instrument.item("q"), "en") == (low, high)
    assert note in found.notes
    with pytest.raises(InvalidInstrument, match="no list ticks among the choices"):
        imported(survey(row), "form.xlsx")
