"""What `pro score` tells at the end: what was taken as missing, left out or looks wrong, each in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.cli.form_columns import Refused
from pro_service.cli.form_repeats import MOST, Repeats
from pro_service.cli.form_tables import FormTable
from pro_service.domain.instruments import Instrument, expectation
from pro_service.domain.scoring import Forms, Scores, scored_items
from pro_service.domain.scoring_block import Bools
from pro_service.domain.suspicions import Sightings


@dataclass(slots=True)
class Tally:
    """What has been counted so far, batch by batch; no answer is kept."""

    instrument: Instrument
    carried: tuple[str, ...]
    forms: int = 0
    unscored: int = 0
    words: Counter[str] = field(default_factory=Counter)
    commas: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sightings: Sightings = field(init=False)
    repeats: Repeats = field(default_factory=Repeats)

    def __post_init__(self) -> None:
        self.sightings = Sightings(self.instrument)

    def count(self, forms: Forms, refused: Refused, scores: Scores, blank: Bools, ids: list[pa.Array]) -> None:
        """Count a batch: its forms, cells that are no answer, its scores, and which forms have none."""
        self.forms += len(blank)
        self.unscored += int(np.count_nonzero(blank))
        self.words.update(refused.words)
        self.commas += refused.commas.total()
        self.refused.update(refused.words)
        self.refused.update(refused.commas)
        self.refused.update(scores.invalid)
        self.sightings.look(forms, scores.invalid)
        self.repeats.look(ids)

    def warnings(self, table: FormTable) -> Iterator[str]:
        """What there is to tell; nothing where nothing is the matter."""
        if not self.forms:
            yield f"{table.name} has no forms under its header"
        if self.refused:
            counts = ", ".join(f"{code} {self.refused[code]}" for code in self._order() if self.refused[code])
            none = f"; forms without any score: {self.unscored} of {self.forms}" if self.unscored else ""
            yield f"values not allowed were taken as missing: {counts}{none}"
        if self.commas:
            yield f"numbers with a comma: {self.commas}; write a point, or part the cells with semicolons or tabs"
        yield from self._worded()
        yield from self.sightings.suspicions()
        if again := self.repeats.count():
            names = ", ".join(self.carried)
            among = f" (of the first {self.repeats.rows})" if self.forms > self.repeats.rows >= MOST else ""
            yield f"rows with the same {names} as an earlier row: {again}{among}; each was scored"
        if table.left_out.rows:
            yield f"rows of {table.name} left out: {table.left_out.rows} ({table.left_out.in_words()})"

    def _worded(self) -> Iterator[str]:
        """Columns of which most cells are words: exported with labels instead of codes, say."""
        seen = self.sightings.items
        items = {item.code: item for item in scored_items(self.instrument)}
        wordy = [code for code in self._order() if self.words[code] > (seen[code].filled if code in seen else 0)]
        if wordy:
            few = ", ".join(f"{code} {self.words[code]}" for code in wordy[:6])
            more = f" and {len(wordy) - 6} more" if len(wordy) > 6 else ""
            yield f"words instead of numbers: {few}{more}; expected {expectation(items[wordy[0]])}"

    def _order(self) -> list[str]:
        return [item.code for item in scored_items(self.instrument)]
