"""Finds recipes by name and makes them from their settings."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

import recipes
from crmkit.automation.recipe import Recipe
from crmkit.exceptions import ConfigurationError

__all__ = ["find", "found", "make"]


def found() -> dict[str, type[Recipe[Any, Any]]]:
    """Return all recipes by name.

    Example:
        >>> "stale_deals" in found()
        True
    """
    for module in pkgutil.iter_modules(recipes.__path__, "recipes."):
        importlib.import_module(module.name)
    return {kind.name: kind for kind in sorted(_subclasses(Recipe), key=lambda kind: kind.name)}


def find(name: str) -> type[Recipe[Any, Any]]:
    """Return a recipe by name.

    Raises:
        ConfigurationError: There is none.
    """
    own = [
        module.name for module in pkgutil.iter_modules(recipes.__path__, "recipes.") if name.isidentifier()
    ]
    if f"recipes.{name}" in own:
        importlib.import_module(f"recipes.{name}")  # the others need not be loaded, nor work
        there = {kind.name: kind for kind in _subclasses(Recipe)}
        if name in there:
            return there[name]
    there = found()
    if name in there:
        return there[name]
    raise ConfigurationError(f"there is no recipe {name!r}", hint=f"there are: {', '.join(there)}")


def make(name: str, values: Mapping[str, Any], where: str = "") -> Recipe[Any, Any]:
    """Make a recipe with its settings.

    Args:
        name: The recipe's name.
        values: Its settings; what is absent has its default.
        where: Where the values come from, for messages.

    Raises:
        ConfigurationError: There is no such recipe, or a setting is unknown or out of bounds.
    """
    kind = find(name)
    problem = hint = ""
    try:
        return kind(kind.settings_type(**values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(("recipes", name, *map(str, first["loc"])))
        problem = f"{where}: {key}: {first['msg']}".removeprefix(": ")
        hint = f"crmkit recipes {name} shows the settings"
    raise ConfigurationError(problem, hint=hint)


def _subclasses(kind: type[Any]) -> set[type[Any]]:
    """Return the concrete recipes of the package ``recipes``; those that tests define are not listed."""
    below = {sub for child in kind.__subclasses__() for sub in (child, *_subclasses(child))}
    return {sub for sub in below if sub.__module__.startswith("recipes.") and hasattr(sub, "name")}
