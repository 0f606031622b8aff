"""Reads the settings from their sources and turns every mistake into one line that says where it is."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import EnvSettingsSource

from crmkit.config.models import OWN_ERROR, Config, PortalConfig, did_you_mean
from crmkit.exceptions import ConfigurationError

__all__ = ["load", "load_portal"]

DEFAULT_FILE = "crmkit.toml"


def load(path: str | Path | None = None, **overrides: Any) -> Config:
    """Read the settings: keyword arguments win over the environment, the environment wins over the file.

    Every key of the file is a variable too: ``url`` in ``[portals.main]`` is ``CRMKIT_PORTALS__MAIN__URL``.

    Args:
        path: The file; by default the one ``CRMKIT_CONFIG`` names, else ``crmkit.toml`` in the current folder
            if there is one.
        **overrides: Sections as in the file, for example ``portals={"main": {"rate": 0.5}}``.

    Raises:
        ConfigurationError: One line with file, key, what is wrong and what to do; further mistakes are its
            notes.

    Example:
        >>> load("/dev/null", store={"url": "sqlite://"}).store.url
        'sqlite://'
    """
    file = _find(path)
    sources = _sources(file, overrides)
    merged = _merged(sources)
    errors: Iterable[Any] = ()
    try:
        config = Config(**merged)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    # Raised outside the except block: the chained error would show the values.
    if mistakes := [_mistake(one, sources) for one in errors]:
        for other in mistakes[1:]:
            mistakes[0].add_note(str(other))
        raise mistakes[0]
    config._source = file
    return config


def load_portal(
    name: str | None = None, path: str | Path | None = None, overrides: Mapping[str, Any] | None = None
) -> PortalConfig:
    """Read the settings of one portal; the overrides are keys of its section and may be all there is of it.

    Args:
        name: The portal; by default ``default_portal``, else the only one. A name that is not in the file is
            taken for the provider too, unless the overrides name one.
        path: The file, as for :func:`load`.
        overrides: Keys of the section ``[portals.NAME]`` that win over the file and the environment.

    Raises:
        ConfigurationError: As for :func:`load`, or there is no such portal.

    Example:
        >>> load_portal("planfix", "/dev/null", {"url": "http://127.0.0.1:9/rest", "token": "any"}).provider
        'planfix'
    """
    if not overrides:
        return load(path).portal(name)
    known = _merged(_sources(_find(path), {}))
    sections = known.get("portals") or {}
    chosen = (
        name or known.get("default_portal") or (next(iter(sections)) if len(sections) == 1 else "default")
    )
    section = dict(overrides) if chosen in sections else {"provider": chosen, **overrides}
    return load(path, portals={chosen: section}).portal(chosen)


def _sources(file: Path | None, overrides: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    environment = EnvSettingsSource(Config)()
    return {"argument": overrides, "environment": environment, str(file): _read(file) if file else {}}


def _merged(sources: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for values in reversed(list(sources.values())):
        merged = _merge(merged, values)
    return merged


def _find(path: str | Path | None) -> Path | None:
    if given := path or os.environ.get("CRMKIT_CONFIG"):
        return Path(given)
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        what, hint = f"not valid TOML: {error}", "mend that line; texts stand in quotes"
    except UnicodeDecodeError:
        what, hint = "not UTF-8", "save the file as UTF-8"
    except OSError as error:
        what, hint = f"cannot be read: {error.strerror}", "check the path, or run: crmkit init"
    raise ConfigurationError(f"{path}: {what}", hint=hint)


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _merge(below, value)
        else:
            merged[key] = value
    return merged


def _mistake(error: Mapping[str, Any], sources: Mapping[str, Any]) -> ConfigurationError:
    context = error.get("ctx", {})
    loc = [str(part) for part in error["loc"] if part != "[key]"]
    what, hint = error["msg"][:1].lower() + error["msg"][1:], ""
    if error["type"] == OWN_ERROR:
        what, hint = context["what"], context["hint"]
        loc += [context["key"]] if context["key"] else []
    elif error["type"] == "missing":
        what = "is missing"
    elif error["type"] == "extra_forbidden" or "[key]" in error["loc"]:
        known = re.findall(r"'(\w+)'", context.get("expected", "")) or list(_model_at(loc[:-1]).model_fields)
        what, hint = "unknown key", did_you_mean(loc[-1], known) or f"known here: {', '.join(known)}"
    return ConfigurationError(f"{_where(loc, sources)}: {what}", hint=hint or _description(loc))


def _where(loc: list[str], sources: Mapping[str, Any]) -> str:
    """Name the source that gave the value; what is missing everywhere is missing in the file."""
    for name, values in sources.items():
        node: Any = values
        for part in loc:
            node = node.get(part) if isinstance(node, Mapping) else None
        if node is not None:
            variable = "CRMKIT_" + "__".join(loc).upper()
            return f"environment: {variable}" if name == "environment" else f"{name}: {'.'.join(loc)}"
    *_, last = sources
    return f"{DEFAULT_FILE if last == 'None' else last}: {'.'.join(loc)}"


def _model_at(loc: list[str]) -> type[BaseModel]:
    """Follow keys through the models, and through dicts of models, to the model that they lead to."""
    model: type[BaseModel] = Config
    steps = iter(loc)
    for key in steps:
        annotation = model.model_fields[key].annotation
        if get_origin(annotation) is dict:
            next(steps, None)  # the key of the dict is a name of the user's
        model = _model_in(annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _description(loc: list[str]) -> str:
    field = _model_at(loc[:-1]).model_fields.get(loc[-1])
    return (field.description or "") if field else ""
