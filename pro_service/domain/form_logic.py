"""The display logic of other systems: read as an expression, and carried over only where ours means exactly the same.

Ours is one earlier item answered with any of some codes, and a follow-up of a hidden item is hidden. Whether that says
what an expression says is not guessed from its shape: every way to answer the items it looks at is tried, blanks
included. So `[a] = '1' and [b] = '2'` is carried where b itself is asked only if a is 1, and refused elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pro_service.domain.instruments import Condition, Item, allowed_codes

MOST_WAYS = 20_000
MOST_TOKENS, MOST_BRACKETS = 400, 40

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign><>|!=|<=|>=|=|<|>)|(?P<mark>[(),])"
    r"|(?P<name>\$\{[^}]*\}|\[[^\]]*\](?:\[[^\]]*\])*)|(?P<word>[A-Za-z][A-Za-z0-9_-]*))"
)
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Is:
    """A question compared with a value; with a `part`, whether this one of several answers was chosen."""

    name: str
    sign: str
    value: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts of which all must hold, or any."""

    parts: tuple[Expression, ...]
    every: bool


Expression = Is | Not | Joined


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier question: its item, and what the other system calls each of the item's codes, and a blank."""

    item: str
    names: Mapping[int, str]
    blank: str = ""


Questions = Mapping[tuple[str, str], Known]
"""Earlier questions by their name and, of several answers, the part; an empty part for the others."""

Way = Mapping[str, int | None]
"""An answer, or none, for each of some items."""

_Test = tuple[str, Mapping[int | None, bool]]
"""The item a comparison looks at, and for which of its answers it holds."""


def parsed(text: str) -> Expression:
    """Read the logic of a REDCap dictionary or an XLSForm. ValueError, with the reason, where it cannot be read."""
    reading = _Reading(tuple(_tokens(text)))
    if len(reading.tokens) > MOST_TOKENS or reading.tokens.count(("mark", "(")) > MOST_BRACKETS:
        raise ValueError("it is too long")
    found = reading.either()
    if reading.place < len(reading.tokens):
        raise ValueError(f"{reading.tokens[reading.place][1]} was not expected there")
    return found


def gate(expression: Expression, questions: Questions, items: Mapping[str, Item]) -> Condition | None:
    """The condition that says the same; None where it always holds. ValueError, with the reason, where ours cannot."""
    tests = {leaf: _test(leaf, questions) for leaf in _leaves(expression)}
    order = _looked_at({code for code, _ in tests.values()}, items)
    truths = [(way, _holds(expression, way, tests)) for way in _ways(order, items)]
    if all(truth for _, truth in truths):
        return None
    if not any(truth for _, truth in truths):
        raise ValueError("it never holds")
    for code in reversed(order):
        chosen = {way[code] for way, truth in truths if truth}
        if None not in chosen and all(truth == (way[code] in chosen) for way, truth in truths):
            return Condition(code, tuple(one for one in allowed_codes(items[code]) if one in chosen))
    if len(order) == 1 and any(truth and way[order[0]] is None for way, truth in truths):
        raise ValueError(f"it also holds while {order[0]} has no answer")
    raise ValueError("ours is one earlier choice with some of its answers")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"{text[place:].strip()[:20]} cannot be read")
        yield str(match.lastgroup), str(match[str(match.lastgroup)])
        place = match.end()


@dataclass(slots=True)
class _Reading:
    """One expression on its way in: `or` binds loosest, then `and`, then `not` and comparisons."""

    tokens: Sequence[tuple[str, str]]
    place: int = field(default=0)

    def either(self) -> Expression:
        return self._joined("or", lambda: self._joined("and", self._one))

    def _joined(self, joint: str, part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self._next("word", joint):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(tuple(parts), every=joint == "and")

    def _one(self) -> Expression:
        if self._next("word", "not"):
            self._take("mark", "(")
            inner = self.either()
            self._take("mark", ")")
            return Not(inner)
        if self._next("word", "selected"):
            self._take("mark", "(")
            name, part = _name(self._take("name"))
            self._take("mark", ",")
            value = self._take("text", otherwise="number").strip("'\"")
            self._take("mark", ")")
            if part:
                raise ValueError("selected() of one answer cannot be read")
            return Is(name, "=", "1", part=value)
        if self._next("mark", "("):
            inner = self.either()
            self._take("mark", ")")
            return inner
        return self._comparison()

    def _comparison(self) -> Expression:
        first, turned = self._operand()
        sign = self._take("sign")
        second, other = self._operand()
        if (turned is None) == (other is None):
            raise ValueError("expected a question compared with a value")
        if turned is None:
            first, second, turned, sign = second, first, other, _MIRRORED.get(sign, sign)
        name, part = turned or ("", "")
        return Is(name, "!=" if sign == "<>" else sign, second, part=part)

    def _operand(self) -> tuple[str, tuple[str, str] | None]:
        """A value, or nothing and the question that is named."""
        kind, said = self.tokens[self.place] if self.place < len(self.tokens) else ("", "its end")
        if kind == "word":
            raise ValueError(f"{said} cannot be carried")
        if kind not in {"text", "number", "name"}:
            raise ValueError(f"{said} was not expected there")
        self.place += 1
        return ("", _name(said)) if kind == "name" else (said.strip("'\""), None)

    def _next(self, kind: str, said: str) -> bool:
        there = self.place < len(self.tokens) and self.tokens[self.place][0] == kind
        if there and self.tokens[self.place][1].lower() == said:
            self.place += 1
            return True
        return False

    def _take(self, kind: str, said: str = "", *, otherwise: str = "") -> str:
        found, token = self.tokens[self.place] if self.place < len(self.tokens) else ("", "its end")
        if found not in {kind, otherwise} or (said and token != said) or not found:
            raise ValueError(f"{token} was not expected there")
        self.place += 1
        return token


def _name(token: str) -> tuple[str, str]:
    """The question that `${name}`, `[name]` or `[name(part)]` names."""
    if token.startswith("${"):
        return token[2:-1].strip(), ""
    inner = token[1:-1].strip()
    if "][" in inner:
        raise ValueError("it looks at another event or form")
    match = re.fullmatch(r"([A-Za-z0-9_-]+)(?:\(([^)]+)\))?", inner)
    if match is None:
        raise ValueError(f"{token} cannot be carried")
    return match[1], match[2] or ""


def _leaves(expression: Expression) -> Iterator[Is]:
    if isinstance(expression, Is):
        yield expression
    else:
        for part in (expression.of,) if isinstance(expression, Not) else expression.parts:
            yield from _leaves(part)


def _test(leaf: Is, questions: Questions) -> _Test:
    """The item a comparison looks at, and whether an answer to it satisfies the comparison."""
    known, sign, value = questions.get((leaf.name, leaf.part)), leaf.sign, leaf.value
    if known is None and (leaf.name, "") in questions:  # one answer of a question that takes only one
        known, value = questions[leaf.name, ""], leaf.part
        sign = "=" if (leaf.sign == "=") == (leaf.value == "1") else "!="
    if known is None:
        several = any(name == leaf.name for name, _ in questions)
        raise ValueError(f"{leaf.name} has no answer {leaf.part}" if several else f"no earlier choice {leaf.name}")
    return known.item, {
        answer: _compared(name, sign, value) for answer, name in ((None, known.blank), *known.names.items())
    }


def _compared(one: str, sign: str, other: str) -> bool:
    numbers = bool(_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other))
    if sign in {"=", "!="}:
        return (float(one) == float(other) if numbers else one == other) == (sign == "=")
    return numbers and _ORDERS[sign](float(one), float(other))


def _looked_at(codes: set[str], items: Mapping[str, Item]) -> list[str]:
    """These items and those that decide whether they are shown, in the order of the form."""
    found, open_ = set[str](), list(codes)
    while open_:
        code = open_.pop()
        found.add(code)
        condition = items[code].shown_if
        open_ += [condition.item] if condition and condition.item not in found else []
    return [code for code in items if code in found]


def _ways(order: Sequence[str], items: Mapping[str, Item]) -> list[Way]:
    """Every way these items can be answered: hidden ones not at all, those that may be skipped perhaps not."""
    ways: list[Way] = [{}]
    for code in order:
        ways = [{**way, code: answer} for way in ways for answer in _answers(items[code], way)]
        if len(ways) > MOST_WAYS:
            raise ValueError("it looks at too many questions")
    return ways


def _answers(item: Item, way: Way) -> Sequence[int | None]:
    hidden = item.shown_if is not None and way[item.shown_if.item] not in item.shown_if.codes
    return (None,) if hidden else (*allowed_codes(item), *((None,) if item.skippable else ()))


def _holds(expression: Expression, way: Way, tests: Mapping[Is, _Test]) -> bool:
    if isinstance(expression, Is):
        code, holds_for = tests[expression]
        return holds_for[way[code]]
    if isinstance(expression, Not):
        return not _holds(expression.of, way, tests)
    return (all if expression.every else any)(_holds(part, way, tests) for part in expression.parts)
