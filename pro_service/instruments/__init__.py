"""What we ask, as data: `catalogue/<code>.yaml` defines an instrument, `tables/<id>.csv` a value set or price list."""

from __future__ import annotations

from pro_service.instruments.reader import load_catalogue
from pro_service.instruments.value_sets import value_set, value_set_ids

__all__ = ["load_catalogue", "value_set", "value_set_ids"]
