"""Which column of a file goes where: the template's own columns, or what a mapping file says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crmkit.automation.messages import Language
from crmkit.automation.recipe import Settings
from crmkit.automation.rows import Column, Kind
from crmkit.crm.models import FieldSpec
from crmkit.exceptions import ConfigurationError
from recipes.bulk_bp.snapshot import Portal

__all__ = ["ColumnMapping", "FileMapping", "columns_of", "load", "of", "template"]

TARGETS = ("key", "title", "pipeline", "stage", "assignee", "company", "amount", "currency")
KINDS: Mapping[str, Kind] = {
    "text": "text",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "bool",
    "choice": "choice",
    "choices": "choice",
    "person": "choice",
}


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("bulk_bp", "{what}", {"what": what})


class ColumnMapping(Settings):
    """Where one column goes."""

    to: str = Field(
        description="key, title, pipeline, stage, assignee, company, amount, currency, field:NAME; text:NAME "
        "only serves the title."
    )
    values: dict[str, str] = Field({}, description="What stands in the file, and what it means.")
    dates: tuple[str, ...] = Field((), description='How dates are written, as "%m/%d/%Y".')
    required: bool = Field(False, description="Every row needs a value.")

    @field_validator("to")
    @classmethod
    def _known_target(cls, value: str) -> str:
        kind, _, name = value.partition(":")
        if value not in TARGETS and (kind not in ("field", "text") or not name):
            raise _wrong(f"{value!r} is none of {', '.join(TARGETS)}, field:NAME, text:NAME")
        return value


class FileMapping(Settings):
    """A whole file: its columns by their headers, and how a title is made if no column is one."""

    columns: dict[str, ColumnMapping]
    title: tuple[str, ...] = Field((), description="What a title is made of: company, text:product.")
    between: str = Field(" / ", description="What stands between the parts of a title.")

    @field_validator("columns")
    @classmethod
    def _has_a_key(cls, value: dict[str, ColumnMapping]) -> dict[str, ColumnMapping]:
        targets = [one.to for one in value.values()]
        if targets.count("key") != 1:
            raise _wrong("exactly one column has to be the key that names a row for ever")
        if twice := sorted({one for one in targets if targets.count(one) > 1}):
            raise _wrong(f"two columns go to {twice[0]}")
        return value

    @field_validator("title")
    @classmethod
    def _of_columns(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = {one.to for one in info.data.get("columns", {}).values()}
        if unknown := [name for name in value if name not in known]:
            raise _wrong(f"no column goes to {unknown[0]}; there are: {', '.join(sorted(known))}")
        return value


def load(file: Path) -> FileMapping:
    """Read a mapping file.

    Raises:
        ConfigurationError: It is not there, no TOML, or says what cannot be.
    """
    problem = ""
    try:
        return FileMapping.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = f"is no TOML: {error}"
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    raise ConfigurationError(f"{file}: {problem}", hint="see docs/recipes/bulk_bp.md")


def of(file: str, portal: Portal, language: Language) -> FileMapping:
    """Return what a mapping file says, or the columns of the template if there is none."""
    return load(Path(file).expanduser()) if file else template(portal, language)


def template(portal: Portal, language: Language) -> FileMapping:
    """Return the columns of the template: what every deal has, and the fields that ``crmkit.toml`` names."""
    columns = {titles[language == "en"]: ColumnMapping(to=to) for to, titles in OWN.items()}
    for key, spec in portal.fields.items():
        if spec.type in KINDS and spec.writable and key not in OWN:
            title = spec.name or key
            columns[title if title not in columns else key] = ColumnMapping(to=f"field:{key}")
    return FileMapping(columns=columns)


OWN = {
    "key": ("Номер", "Number"),
    "title": ("Название", "Title"),
    "pipeline": ("Воронка", "Pipeline"),
    "stage": ("Стадия", "Stage"),
    "assignee": ("Ответственный", "Responsible"),
    "company": ("Компания", "Company"),
    "amount": ("Сумма", "Amount"),
    "currency": ("Валюта", "Currency"),
}


def columns_of(mapping: FileMapping, portal: Portal) -> tuple[Column, ...]:
    """Return the columns to be read, with the legal values of choices as the portal has them.

    Raises:
        ConfigurationError: A field is not in the settings of the portal, or cannot be imported.
    """
    return tuple(_column(title, one, mapping, portal) for title, one in mapping.columns.items())


def _column(title: str, one: ColumnMapping, mapping: FileMapping, portal: Portal) -> Column:
    other = OWN.get(one.to, ())
    kind, options = _kind(one, portal)
    return Column(
        key=one.to,
        titles=(title, *(name for name in other if name not in mapping.columns)),
        kind=kind,
        required=one.required or one.to == "key" or (one.to == "title" and not mapping.title),
        options=options,
        dates=one.dates,
    )


def _kind(one: ColumnMapping, portal: Portal) -> tuple[Kind, Mapping[str, str] | None]:
    match one.to:
        case "amount":
            return "number", None
        case "stage":
            return "choice", _options(one, portal.stage_names())
        case "pipeline":
            return "choice", _options(one, portal.pipeline_names())
        case "assignee":
            return "choice", _options(one, portal.user_names())
        case _ if one.to.startswith("field:"):
            return _field_kind(one, _field(one.to.removeprefix("field:"), portal), portal)
        case _:
            return "text", None


def _field_kind(one: ColumnMapping, spec: FieldSpec, portal: Portal) -> tuple[Kind, Mapping[str, str] | None]:
    kind = KINDS[spec.type]
    if spec.type == "person":
        return kind, _options(one, portal.user_names())
    return kind, _options(one, spec.options) if kind == "choice" else None


def _field(key: str, portal: Portal) -> FieldSpec:
    spec = portal.fields.get(key)
    if spec is None:
        raise ConfigurationError(
            f"bulk_bp: the deals have no field {key!r}", hint="bind it in [portals.….deals.fields]"
        )
    if spec.type not in KINDS or not spec.writable:
        raise ConfigurationError(
            f"bulk_bp: the field {key} «{spec.name}» cannot be imported ({spec.type})", hint="leave it out"
        )
    return spec


def _options(one: ColumnMapping, names: Iterable[str]) -> dict[str, str]:
    """Return what may be written and which name of the portal it means: the words of the mapping first.

    Raises:
        ConfigurationError: A word means what the portal does not have.
    """
    known = {name: name for name in names}
    if wrong := [meaning for meaning in one.values.values() if meaning not in known]:
        there = ", ".join(list(known)[:20])
        raise ConfigurationError(
            f"bulk_bp: mapping: {one.to}: the portal has no {wrong[0]!r}", hint=f"there are: {there}"
        )
    return {**one.values, **{name: name for name in known if name not in one.values}}
