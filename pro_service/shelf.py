"""A shelf is a package whose modules each offer one function of the same name: a new leaf is a new file.

Nothing is registered anywhere and nothing is skipped: a module that cannot be imported stops the start with its own
error, and one without the function says so.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any


def names(package: str) -> tuple[str, ...]:
    """The names of the modules that lie directly in `package`, in alphabetical order; none of them is imported."""
    shelf = importlib.import_module(package)
    return tuple(sorted(found.name for found in pkgutil.iter_modules(shelf.__path__) if not found.ispkg))


def modules(package: str, wanted: Callable[[str], bool] = bool) -> dict[str, ModuleType]:
    """Every module that lies directly in `package` and is wanted, by name; all of them unless told."""
    return {name: importlib.import_module(f"{package}.{name}") for name in names(package) if wanted(name)}


def load(package: str, function: str) -> dict[str, Any]:
    """The function of that name of every module in `package`, by module name; AttributeError names who lacks it."""
    return {name: getattr(module, function) for name, module in modules(package).items()}
