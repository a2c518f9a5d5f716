"""Short codes that people type from paper: eight characters that are drawn by chance, and one that checks them.

The alphabet is Crockford's base 32: digits and capitals without I, L, O and U, so that nothing on paper looks like
something else; what is typed as I or L counts as 1, as O counts as 0. The check character makes the sum of all nine,
each times its own power of x, zero in the field of 32 elements (modulo x^5 + x^2 + 1). As the powers differ, one
wrong character and two that changed places are always found, before anybody's attempts are counted.

    28T5CY4TH is shown as 28T-5CY-4TH and may be typed as 28t 5cy 4th
"""

from __future__ import annotations

import re
from unicodedata import normalize

from pro_service.domain.errors import Invalid

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 9
BITS = 5 * (LENGTH - 1)
"""How much chance one code takes."""

_LOOKALIKES = str.maketrans("ILO", "110")
_POLYNOMIAL = 0b100101


def code(chance: int) -> str:
    """The code of a number of BITS random bits."""
    values = [chance >> 5 * place & 31 for place in reversed(range(LENGTH - 1))]
    return "".join(ALPHABET[value] for value in [*values, _sum(values)])


def shown(canonical: str) -> str:
    """A code as it stands on paper: in threes."""
    return "-".join(canonical[start : start + 3] for start in range(0, LENGTH, 3))


def read(typed: str) -> str:
    """What was typed as a code of ours; Invalid where it cannot be one. Case, spaces, hyphens and dots do not matter.

    Nor does the width of its signs: some keyboards type them as wide as their own.
    """
    plain = re.sub(r"[^0-9A-Z]+", "", normalize("NFKC", typed).upper()).translate(_LOOKALIKES)
    values = [ALPHABET.find(character) for character in plain]
    if len(values) != LENGTH or min(values) < 0 or _sum(values[:-1]) != values[-1]:
        raise Invalid("this code cannot be one of ours; expected nine letters and digits, such as 28T-5CY-4TH")
    return plain


def _sum(values: list[int]) -> int:
    """The check value: the last character's power is 1, the one before it x, then x squared, and so on."""
    total = 0
    for value in values:
        total = _times_x(total ^ value)
    return total


def _times_x(value: int) -> int:
    doubled = value << 1
    return doubled ^ _POLYNOMIAL if doubled > 31 else doubled
