"""Every table there is: importing the modules of `storage` hangs them on the one MetaData."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from pro_service import storage
from pro_service.storage.metadata import metadata

__all__ = ["metadata"]

for module in iter_modules(storage.__path__, f"{storage.__name__}."):
    if not module.ispkg:
        import_module(module.name)
