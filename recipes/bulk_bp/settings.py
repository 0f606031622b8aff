"""What can be set about an import with processes, with the reason for every default."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crmkit.automation.recipe import Settings

__all__ = ["BulkBpSettings"]


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("bulk_bp", "{what}", {"what": what})


class BulkBpSettings(Settings):
    """The settings of the recipe."""

    # The file
    file: str = Field(
        "", description="The CSV or XLSX file; crmkit recipes bulk_bp --template FILE writes an empty one."
    )
    sheet: str = Field("", description="The sheet of a workbook; empty: the first.")
    mapping: str = Field(
        "", description="A TOML file that says which column goes where; empty: the columns of the template."
    )
    source: str = Field(
        "import",
        pattern=r"^[\w.-]{1,40}$",
        description="The name of the data set. With the key of a row it tells for ever which deal it became, "
        "so a corrected file needs the same name.",
    )
    bad_rows: Literal["skip", "stop"] = Field(
        "skip", description="Rows with mistakes: leave them out and list them, or send nothing at all."
    )
    mistakes: str = Field(
        "", description="Where rows with mistakes are written, to be corrected; empty: beside the file."
    )

    # The deals
    pipeline: str = Field("", description="The pipeline of rows that name none, by logical name or id.")
    stage: str = Field("", description="The stage of rows that name none, by logical name or id.")
    create_companies: bool = Field(
        True, description="Create companies that the portal does not have; otherwise such rows are mistakes."
    )

    # The processes
    processes: dict[str, str] = Field(
        {},
        description="Which process starts on a deal, by its stage (logical name, id or title): the process "
        "as in [portals.….workflows], or its id.",
    )
    lasts_hours: dict[str, float] = Field(
        {},
        description="So many hours each process surely runs, by its name: only then a start whose answer was "
        "lost can be told from one that never happened; otherwise a person looks.",
    )
    parameters: dict[str, str] = Field({}, description="Parameters that every process is started with.")

    # How fast
    canary: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (10, 100), description="So many rows first, then so many, then all; each step after a look."
    )
    released: int = Field(
        0, ge=0, description="How many of these steps were looked at and found good; see gates."
    )
    gates: Literal["hold", "auto"] = Field(
        "hold",
        description="Between the steps: hold until released says go on, or go on as soon as so many are done "
        "and the outcome of none is in doubt.",
    )
    daily_cap: int | None = Field(None, ge=1, description="At most so many deals and processes a day.")
    kill_switch: str = Field(
        "", description="A file; as soon as it exists nothing more is written. For somebody at another desk."
    )

    # Reports
    since: date | None = Field(None, description="The first day of the reports; empty: from the beginning.")
    until: date | None = Field(None, description="The last day of the reports; empty: to this day.")
    period_of: str = Field(
        "created",
        pattern=r"^(created|closed|field:\w+)$",
        description="Which day of a deal counts: created, closed, or field:NAME.",
    )
    measure: Literal["count", "amount", "minutes_in_stage", "minutes_spent"] = Field(
        "count", description="What is summed up per person: it is printed above the figures."
    )

    @field_validator("until")
    @classmethod
    def _not_before_since(cls, value: date | None, info: ValidationInfo) -> date | None:
        since = info.data.get("since")
        if value and since and value < since:
            raise _wrong(f"{value} is before since ({since})")
        return value

    @field_validator("canary")
    @classmethod
    def _rising(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise _wrong("each step has to be larger than the one before")
        return value
