"""Do the value sets and price lists an instrument names fit it?"""

from __future__ import annotations

from pro_service.domain.errors import InvalidInstrument, Problem
from pro_service.domain.instruments import Instrument
from pro_service.domain.scoring_volumes import lines
from pro_service.domain.value_sets import PriceList, ValueSet
from pro_service.instruments.value_sets import value_set


def check_tariffs(instrument: Instrument) -> None:
    """Raise InvalidInstrument when a table is another instrument's or lacks an item, a level or a price it needs."""
    needed = {str(line["price"]) for scale in instrument.scales for line in lines(scale) if "price" in line}
    problems = []
    for id_ in instrument.value_sets:
        table = value_set(id_)
        if isinstance(table, ValueSet):
            problems += _value_set_problems(instrument, table)
        elif isinstance(table, PriceList):
            if instrument.code not in table.instruments:
                problems.append(Problem(f"not a price list of {instrument.code}", field=id_))
            problems += [Problem(f"no price {code}", field=id_) for code in sorted(needed - set(table.prices))]
    if problems:
        raise InvalidInstrument(f"{instrument.code} does not fit its tables", problems=problems)


def _value_set_problems(instrument: Instrument, table: ValueSet) -> list[Problem]:
    if table.instrument != instrument.code:
        return [Problem(f"a value set of {table.instrument}", field=table.id)]
    levels = {item.code: len(item.options) for item in instrument.items}
    return [
        Problem(f"{item} has {levels.get(item, 0)} levels, the table {count}", field=table.id)
        for item, count in zip(table.items, table.index.shape, strict=True)
        if levels.get(item, 0) != count
    ]
