"""A YAML page that knows its lines: reading goes on after a mistake, so that one look finds them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pro_service.domain.errors import InvalidInstrument, Problem


@dataclass(slots=True)
class Page:
    """One document, its file name and what was found wrong with it so far."""

    file: str
    root: CommentedMap
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, message: str, node: CommentedMap, key: str | int | None = None) -> None:
        """Note a mistake at a key of a mapping (or at the mapping itself)."""
        line = node.lc.line
        if key in (node.lc.data or {}):  # a key that came from the defaults has no line of its own
            line = node.lc.data[key][0]
        self.problems.append(Problem(message, file=self.file, line=line + 1))

    def finish(self) -> None:
        """Raise InvalidInstrument when anything was wrong."""
        if self.problems:
            raise InvalidInstrument(f"{self.file} cannot be used", problems=sorted(self.problems, key=lambda p: p.line))

    def known(self, node: CommentedMap, keys: Iterable[str]) -> None:
        """Every key of the mapping is one of these."""
        allowed = sorted(keys)
        for key in node:
            if key not in allowed:
                near = get_close_matches(str(key), allowed, n=1)
                hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(allowed)}"
                self.wrong(f"unknown key {key}: {hint}", node, key)

    def string(self, node: CommentedMap, key: str, default: str | None = None) -> str:
        """A text; without a default it has to be there."""
        value = node.get(key, default)
        if isinstance(value, str) and (value or default == ""):
            return value
        self.wrong(f"{key}: expected a text{'' if key in node else ', nothing is there'}", node, key)
        return ""

    def choice(self, node: CommentedMap, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """One of a few words."""
        value = node.get(key, default)
        words = list(choices)
        if value in words:
            return str(value)
        self.wrong(f"{key}: expected one of {', '.join(words)}", node, key)
        return words[0]

    def flag(self, node: CommentedMap, key: str, default: bool | None = None) -> bool:
        """True or false."""
        value = node.get(key, default)
        if isinstance(value, bool):
            return value
        self.wrong(f"{key}: expected true or false", node, key)
        return False

    def number(self, node: CommentedMap, key: str) -> float | None:
        """A number, or nothing."""
        value = node.get(key)
        if value is None:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        self.wrong(f"{key}: expected a number", node, key)
        return None

    def mapping(self, node: CommentedMap, key: str, *, needed: bool = True) -> CommentedMap:
        """A mapping; an empty one stands in where there is none."""
        value = node.get(key)
        if isinstance(value, CommentedMap) and (value or not needed):
            return value
        if needed or key in node:
            self.wrong(f"{key}: expected a mapping with entries", node, key)
        return _empty(node)

    def strings(self, node: CommentedMap, key: str) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one. Empty where there is none."""
        value = node.get(key, ())
        entries = [value] if isinstance(value, str) else value
        if isinstance(entries, (list, tuple)) and all(isinstance(entry, str) for entry in entries):
            return tuple(str(entry) for entry in entries)
        self.wrong(f"{key}: expected a list of texts", node, key)
        return ()

    def entries(self, node: CommentedMap) -> Iterator[tuple[str, CommentedMap]]:
        """Each entry of a mapping of mappings, in the order written; anything else is a mistake."""
        for key, value in node.items():
            if isinstance(value, CommentedMap):
                yield str(key), value
            else:
                self.wrong(f"{key}: expected a mapping", node, key)


def open_page(text: str, *, file: str) -> Page:
    """Parse YAML into a page; a syntax error or a key written twice is an InvalidInstrument with its line."""
    try:
        root: Any = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        message = str(error.problem or error.context or "not YAML").split("\n", maxsplit=1)[0]
        raise InvalidInstrument(f"{file} is not YAML", problems=[Problem(message, file=file, line=line)]) from error
    except YAMLError as error:
        raise InvalidInstrument(f"{file} is not YAML", problems=[Problem(str(error), file=file, line=1)]) from error
    if not isinstance(root, CommentedMap):
        raise InvalidInstrument(f"{file} is empty", problems=[Problem("expected a mapping", file=file, line=1)])
    return Page(file, root)


def _empty(node: CommentedMap) -> CommentedMap:
    stand_in = CommentedMap()
    stand_in.lc.line, stand_in.lc.col = node.lc.line, node.lc.col
    return stand_in
