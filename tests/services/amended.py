"""Two amendments of SCOPES for tests: the second version as each test's policies have it, and a third after it."""

from __future__ import annotations

from pro_service.studies.reader import shipped

TEXT, _ = shipped("scopes")
MONTH_18 = """  month_18:
    label: {en: After 18 months, nl: Na 18 maanden}
    anchor: randomisation
    target: 18 months
    opens: -28d
    closes: +56d
    instruments: [qlq-c30, eq-5d-5l]

"""
MONTH_24 = TEXT[TEXT.index("  month_24:\n") : TEXT.index("# An invitation when a window opens")]


def amendment(of: int = 1, **policies: str) -> str:
    lines = "".join(f"    {code}: {policy}\n" for code, policy in policies.items())
    return f"\namendment:\n  of: {of}\n  reason: Amendment 2 of 4 May 2026\n  enrolled:\n{lines}"


def second(month_3: str = "move_unopened", month_18: str = "move_unopened", month_24: str = "finish_on_old") -> str:
    """Version 2 of SCOPES, with these policies."""
    changed = TEXT.replace("\nversion: 1\n", "\nversion: 2\n").replace("target: 3 months", "target: 4 months")
    changed = changed.replace(MONTH_24, MONTH_18)
    return changed + amendment(month_3=month_3, month_18=month_18, month_24=month_24)


def third() -> str:
    """Version 3: month 6 a month later; those who are enrolled keep it as it was."""
    changed = second().replace("\nversion: 2\n", "\nversion: 3\n").replace("target: 6 months", "target: 7 months")
    return changed[: changed.index("\namendment:")] + amendment(2, month_6="finish_on_old")
