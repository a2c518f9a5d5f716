"""Which passwords will do: long enough, and not among those that are tried first (NIST SP 800-63B, 3.1.1.2).

No rule on digits or signs: they make passwords alike. What is judged is how many guesses it takes whoever knows the
lists of common passwords, names and words, the patterns of keyboards and dates, and the address of the account.
"""

from __future__ import annotations

import re

from zxcvbn import zxcvbn

from pro_service.domain.errors import Problem

SHORTEST = 12
LEAST_SCORE = 3
"""Of 0 to 4: more than a hundred million guesses, each of which costs a run of argon2id."""

JUDGED = 72
"""Characters that are looked at; the rest makes it only better."""

OURS = ("pro service", "prometheus", "clinical trial", "questionnaire", "vragenlijst")
"""What is tried first at an address of ours."""


def problems(password: str, *, address: str) -> list[Problem]:
    """What is wrong with it for the account of that address, without a word of it; nothing where it will do."""
    if len(password) < SHORTEST:
        return [Problem(f"expected at least {SHORTEST} characters", "password")]
    known = [*OURS, address, *re.findall(r"\w+", address)]
    if zxcvbn(password[:JUDGED], user_inputs=known)["score"] < LEAST_SCORE:
        expected = "no common password, row of keys, date, or part of the address"
        return [Problem(f"too easy to guess: expected {expected}", "password")]
    return []
