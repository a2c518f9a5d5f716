"""A YAML text as a tree of values that know their line, so that every complaint can name its place.

Only the structure is used: mappings, lists and plain scalars. What a scalar means (a date, an offset) is decided by
whoever reads it (`values.py`), never guessed from its looks. Problems are noted, not raised: a file with five
mistakes is told about five.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pro_service.domain.errors import InvalidStudy, Problem

LARGEST_FILE = 200_000
"""Characters. A protocol is a few pages; anything larger is some other file."""

DEEPEST = 50
"""Brackets open at once. A protocol needs four; the YAML library takes seconds over thousands."""

TOO_DEEP = "nested too deeply for a study file"

_KINDS = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing", "timestamp": "a date"}


@dataclass(slots=True)
class Notes:
    """The problems found so far in one file."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, message: str, *, path: str = "", line: int = 0) -> None:
        self.problems.append(Problem(message, field=path, file=self.file, line=line))

    def raise_if_any(self) -> None:
        """Raise InvalidStudy with every problem, in the order of the file."""
        if self.problems:
            ordered = sorted(self.problems, key=lambda problem: problem.line)
            count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
            raise InvalidStudy(f"{self.file}: {count}", problems=ordered)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the file with its dotted path. `node` is None for what is missing, which was noted already."""

    node: Node | None
    path: str
    line: int
    notes: Notes

    def note(self, message: str) -> None:
        """Note a problem here; a missing value is not complained about twice."""
        if self.node is not None:
            self.notes.add(message, path=self.path, line=self.line)

    @property
    def scalar(self) -> str | None:
        """The text of a scalar as it stands in the file; None for anything else."""
        return str(self.node.value) if isinstance(self.node, ScalarNode) else None

    @property
    def kind(self) -> str:
        """What stands here, in words a reader of the file understands."""
        if isinstance(self.node, MappingNode):
            return "a mapping"
        if isinstance(self.node, SequenceNode):
            return "a list"
        tag = str(self.node.tag).rpartition(":")[2] if self.node is not None else "null"
        return _KINDS.get(tag, "text" if tag == "str" else f"the tag {tag}")

    def expected(self, what: str) -> None:
        """Note that something else was expected here."""
        found = f"'{_short(self.scalar)}'" if self.scalar else self.kind
        self.note(f"expected {what}, found {found}")

    def entries(self) -> dict[str, Value]:
        """The values of a mapping by key, in file order. Keys are text and stand there once."""
        if not isinstance(self.node, MappingNode):
            self.expected("a mapping of names to values")
            return {}
        found: dict[str, Value] = {}
        for key, value in self.node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            entry = Value(value, f"{self.path}.{name}".lstrip("."), key.start_mark.line + 1, self.notes)
            if not name:
                entry.note("expected a name before the colon")
            elif name in found:
                entry.note(f"'{name}' stands here twice; the first is on line {found[name].line}")
            else:
                found[name] = entry
        return found

    def items(self) -> list[Value]:
        """The values of a list."""
        if not isinstance(self.node, SequenceNode):
            self.expected("a list")
            return []
        return [
            Value(node, f"{self.path}[{number}]", node.start_mark.line + 1, self.notes)
            for number, node in enumerate(self.node.value, start=1)
        ]

    def fields(self, *required: str, optional: Iterable[str] = ()) -> dict[str, Value]:
        """The values of a mapping that has exactly these keys. A required one that is missing is noted and empty."""
        optional = tuple(optional)
        entries = self.entries()
        for name in entries.keys() - {*required, *optional}:
            entries.pop(name).note(f"unknown key '{name}'{meant(name, [*required, *optional])}")
        if isinstance(self.node, MappingNode):
            missing = [name for name in required if name not in entries]
            for name in missing:
                self.note(f"missing '{name}'")
        for name in required:
            entries.setdefault(name, Value(None, f"{self.path}.{name}".lstrip("."), self.line, self.notes))
        return entries


def meant(name: str, known: Collection[str]) -> str:
    """A hint at what was meant: the nearest known name, or all of them where none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; expected one of {', '.join(known)}" if known else ""


def parse(text: str, notes: Notes) -> Value:
    """The root of a YAML text. What YAML itself cannot read is raised at once as InvalidStudy."""
    node = None
    if len(text) > LARGEST_FILE:
        notes.add(f"larger than {LARGEST_FILE} characters; this is not a study file", line=1)
    elif _depth(text) > DEEPEST:
        notes.add(TOO_DEEP, line=1)
    else:
        try:
            node = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            _note_syntax(error, text, notes)
        except YAMLError as error:  # a character YAML does not allow; no line is known
            notes.add(f"not YAML: {str(error).splitlines()[0]}", line=1)
        except RecursionError:
            notes.add(TOO_DEEP, line=1)
        if node is None and not notes.problems:
            notes.add("the file is empty", line=1)
    notes.raise_if_any()
    return Value(node, "", 1, notes)


def _depth(text: str) -> int:
    """The most brackets that are open at once."""
    steps = (1 if sign in "[{" else -1 for sign in text if sign in "[]{}")
    return max(accumulate(steps), default=0)


def _note_syntax(error: MarkedYAMLError, text: str, notes: Notes) -> None:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    lines = text.splitlines()
    if line <= len(lines) and "\t" in lines[line - 1]:
        notes.add("not YAML: indent with spaces, not with a tab", line=line)
    else:
        begun = f" begun on line {error.context_mark.line + 1}" if error.context_mark else ""
        context = f"{error.context}{begun}: " if error.context else ""
        notes.add(f"not YAML: {context}{error.problem}", line=line)


def _short(text: str | None) -> str:
    text = (text or "").strip()
    return text if len(text) <= 40 else f"{text[:37]}..."
