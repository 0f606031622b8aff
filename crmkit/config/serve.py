"""The section ``[serve]``: where the service listens, and which recipes it runs for whom."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crmkit.config.values import listed, wrong

__all__ = ["ServeConfig", "ServedRecipe"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ServedRecipe(_Section):
    """When the service runs a recipe (``[serve.recipes.NAME]``); its settings stand in ``[recipes.NAME]``.

    Args:
        portals: On which portals; by default on all.
        cron: When to look at everybody who may need something: five fields in the portal's time zone. Without
            it the recipe hears of events only, and what no event told stays unseen.
        quiet: Seconds without an event after which something is looked at.
        longest: Seconds after which it is looked at even if events keep coming.
    """

    portals: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    cron: str = ""
    quiet: float = Field(60.0, ge=0, description="seconds, for example 60")
    longest: float = Field(600.0, ge=0, description="seconds, for example 600")

    @model_validator(mode="after")
    def _in_order(self) -> ServedRecipe:
        if self.quiet > self.longest:
            raise wrong("is longer than longest", "make longest at least as long", "quiet")
        return self


class ServeConfig(_Section):
    """The service: ``crmkit serve`` and ``crmkit worker``.

    Args:
        host, port: Where it listens. Put a web server with TLS before it: the secrets of portals come in.
        workers: Batches at a time.
        grace: Seconds that a stopping service waits for what it is doing.
        recipes: What it runs.
    """

    host: str = "127.0.0.1"
    port: int = Field(8085, ge=0, le=65535, description="a port, for example 8085")
    workers: int = Field(8, ge=1, le=64, description="batches at a time, for example 8")
    grace: float = Field(30.0, ge=0, description="seconds, for example 30")
    recipes: dict[str, ServedRecipe] = {}
