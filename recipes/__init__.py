"""The recipes that come with crmkit: a module or package each, loaded when it is asked for.

Example:
    >>> import recipes
    >>> recipes.stale_deals.StaleDeals.name
    'stale_deals'
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def __getattr__(name: str) -> Any:
    if name in {module.name for module in pkgutil.iter_modules(__path__)}:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
