"""A shelf is a package whose modules each offer one function of the same name: a new leaf is a new file.

Nothing is registered anywhere and nothing is skipped: a module that cannot be imported stops the start with its own
error, and one without the function says so.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def modules(package: str) -> dict[str, ModuleType]:
    """Every module that lies directly in `package`, by name, in alphabetical order."""
    shelf = importlib.import_module(package)
    names = sorted(found.name for found in pkgutil.iter_modules(shelf.__path__) if not found.ispkg)
    return {name: importlib.import_module(f"{package}.{name}") for name in names}


def load(package: str, function: str) -> dict[str, Any]:
    """The function of that name of every module in `package`, by module name; AttributeError names who lacks it."""
    return {name: getattr(module, function) for name, module in modules(package).items()}
