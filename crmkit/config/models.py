"""The sections of ``crmkit.toml`` as models; a model says itself what is wrong with its values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from crmkit.config.calendar import CalendarConfig
from crmkit.config.secret import HOW_TO_REFER
from crmkit.config.serve import ServeConfig
from crmkit.config.values import (
    FULL_URL,
    OWN_ERROR,
    RATES,
    SecretField,
    Url,
    UserId,
    ZoneName,
    bound,
    did_you_mean,
    handler,
    is_loopback,
    listed,
    store_section,
    wrong,
)
from crmkit.exceptions import ConfigurationError

__all__ = [
    "OWN_ERROR",
    "Bound",
    "BoundField",
    "CardMapping",
    "Config",
    "DealMapping",
    "PortalConfig",
    "StepMapping",
    "StoreConfig",
    "TaskKind",
    "TaskMapping",
    "WebhookConfig",
    "did_you_mean",
    "is_loopback",
]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        coerce_numbers_to_str=True,
    )


class Bound(_Section):
    """A stage or field of the portal, bound by its id; the name is remembered only to notice drift."""

    id: str = Field(description='give the id in the portal: { id = 6, name = "..." }', min_length=1)
    name: str = ""


FieldType = Literal[
    "text",
    "number",
    "date",
    "datetime",
    "bool",
    "choice",
    "choices",
    "person",
    "people",
    "company",
    "ref",
    "other",
]


class BoundField(Bound):
    """A custom field. Its type and options may be remembered too, to notice when they change."""

    type: FieldType | None = None
    options: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()


StageName = Annotated[Bound, BeforeValidator(bound)]
FieldName = Annotated[BoundField, BeforeValidator(bound)]


class CardMapping(_Section):
    """The custom fields of contacts or companies by logical name."""

    fields: dict[str, FieldName] = {}


class TaskKind(_Section):
    """What makes a Planfix task one of a kind: its object, its template or its process."""

    object: int | None = Field(None, gt=0, description="the id of the object in Planfix")
    template: int | None = Field(None, gt=0, description="the id of the task template in Planfix")
    process: int | None = Field(None, gt=0, description="the id of the process in Planfix")

    @property
    def kind(self) -> dict[str, int]:
        """What is given of object, template and process."""
        given = {"object": self.object, "template": self.template, "process": self.process}
        return {name: number for name, number in given.items() if number}


class DealMapping(TaskKind):
    """Which things of the portal are deals, and what the logical names stand for.

    ``pipelines`` are those of Bitrix24; a Planfix account has one, the process of the deals.
    """

    pipelines: dict[str, StageName] = {}
    stages: dict[str, StageName] = {}
    fields: dict[str, FieldName] = {}


class TaskMapping(TaskKind):
    """Which tasks are of a kind (``[portals.X.tasks.KIND]``), and which of their stages means which state.

    At Bitrix24 a stage is the number of a status (``"5"``), or ``"tag:NAME"``: completed with that tag.
    """

    stages: dict[Literal["open", "done", "rejected", "cancelled"], StageName] = {}


class StepMapping(_Section):
    """How next steps are recorded in Planfix: the analytics (data tag) and its fields.

    Bitrix24 needs none of it: there a step is a to-do.
    """

    datatag: int | None = Field(None, gt=0, description="the number of the analytics in Planfix")
    fields: dict[Literal["kind", "goal", "date", "period", "assignee", "result", "key"], FieldName] = {}


class WebhookConfig(_Section):
    """Where the portal calls us, and how it proves that it is the portal; ``crmkit setup`` tells more."""

    url: Annotated[str, AfterValidator(handler)] = ""
    secret: SecretField | None = Field(None, description=HOW_TO_REFER)
    proof: Literal["path", "header", "hmac"] = "header"


class PortalConfig(_Section):
    """One portal: where it is, how to get in, and what its things are called there.

    ``timezone`` is the portal's: days begin and end in it. ``user`` says whose token it is, which Planfix
    does not tell: then our own comments are known for ours, and if that person lives in another zone, the
    days of filters are those of that zone. ``robots`` are users besides those with the role Robot whose
    doings are not human. ``workflows`` are business processes by logical name. ``limits_file`` is for
    several processes that use the portal at the same time.

    Example:
        >>> portal = PortalConfig(provider="planfix", url="https://acme.planfix.ru/rest", token="env:TOKEN")
        >>> portal.key
        'planfix:acme.planfix.ru'
    """

    provider: str = Field(description='name the vendor, for example "planfix"', min_length=1)
    url: Url = Field(description=FULL_URL)
    token: SecretField = Field(description=HOW_TO_REFER)
    timezone: ZoneName = "Europe/Moscow"
    language: Literal["ru", "en"] = "ru"
    rate: float = Field(1.0, gt=0, description="requests per second, for example 1.0")
    daily_limit: int | None = Field(
        None, gt=0, description="requests per day of your tariff, for example 20000"
    )
    limits_file: Path | None = Field(
        None, description='a file that all processes share, for example "limits.db"; on a local disk'
    )
    user: UserId | None = Field(None, description='whose token it is, for example "user:90"')
    robots: Annotated[tuple[UserId, ...], BeforeValidator(listed)] = ()
    clock: Literal["system", "sandbox"] = "system"
    deals: DealMapping = DealMapping()
    tasks: dict[str, TaskMapping] = {}
    contacts: CardMapping = CardMapping()
    companies: CardMapping = CardMapping()
    workflows: dict[str, StageName] = {}
    steps: StepMapping = StepMapping()
    webhook: WebhookConfig = WebhookConfig()
    _name: str = PrivateAttr("")
    _source: Path | None = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _pace_of_the_vendor(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("provider") in RATES and "rate" not in values:
            return {**values, "rate": RATES[values["provider"]]}
        return values

    @model_validator(mode="after")
    def _only_on_loopback(self) -> PortalConfig:
        if is_loopback(self.url):
            return self
        if self.clock == "sandbox":
            raise wrong("is for a sandbox on this machine only", 'remove it or write "system"', "clock")
        for key, secret in {"token": self.token, "webhook.secret": self.webhook.secret}.items():
            if secret is not None and secret.in_the_open:
                what = f"the {key.split('.')[-1]} itself stands here"
                raise wrong(what, f"keep it elsewhere: {HOW_TO_REFER}", key)
        return self

    @property
    def name(self) -> str:
        """The name of its section; empty if the portal was made in Python."""
        return self._name

    @property
    def key(self) -> str:
        """What the ledger knows the portal by. It holds no secret and outlives a renamed section."""
        return f"{self.provider}:{urlsplit(self.url).netloc}"

    @property
    def zone(self) -> ZoneInfo:
        """The portal's time zone."""
        return ZoneInfo(self.timezone)

    def named(self, name: str, source: Path | None) -> PortalConfig:
        """Return the same portal knowing the section and file it came from."""
        twin = self.model_copy()
        twin._name, twin._source = name, source
        return twin

    @property
    def limits_path(self) -> Path | None:
        """Where the processes of this machine share their limits; a relative path is beside the file."""
        if self.limits_file is None:
            return None
        return (self._source.parent if self._source else Path()) / self.limits_file.expanduser()

    def where(self, key: str = "") -> str:
        """Return how a message points at a key of this portal: ``crmkit.toml: portals.main.token``."""
        parts = ("portals", self._name, key) if self._name else ("portal", key)
        path = ".".join(part for part in parts if part)
        return f"{self._source}: {path}" if self._source else path

    def secret(self) -> SecretStr:
        """Read the token from where it is kept.

        Raises:
            ConfigurationError: The environment variable is not set, or the file cannot be read.
        """
        try:
            return self.token.read(self._source.parent if self._source else Path())
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.where('token')}: {error.message}", hint=error.hint) from None

    def webhook_secret(self) -> SecretStr:
        """Read the secret with which the portal proves itself to us.

        Raises:
            ConfigurationError: None is set, or it is not where it should be.
        """
        where = self.where("webhook.secret")
        if self.webhook.secret is None:
            raise ConfigurationError(f"{where}: not set", hint="crmkit setup RECIPE tells how to make one")
        try:
            return self.webhook.secret.read(self._source.parent if self._source else Path())
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {error.message}", hint=error.hint) from None


class StoreConfig(_Section):
    """Where the ledger is kept."""

    url: str = Field(
        "sqlite:///crmkit.db", description="a SQLAlchemy address, for example sqlite:///crmkit.db"
    )


class Config(BaseSettings):
    """All settings; :func:`crmkit.config.load` makes them."""

    model_config = SettingsConfigDict(
        env_prefix="CRMKIT_",
        env_nested_delimiter="__",
        enable_decoding=False,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    default_portal: str = ""
    store: Annotated[StoreConfig, BeforeValidator(store_section)] = StoreConfig()
    portals: dict[str, PortalConfig] = {}
    recipes: dict[str, dict[str, Any]] = {}
    serve: ServeConfig = ServeConfig()
    calendar: CalendarConfig = CalendarConfig()
    _source: Path | None = PrivateAttr(None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what ``load`` hands over: it reads the sources itself, to tell which of them is wrong."""
        return (init_settings,)

    @model_validator(mode="after")
    def _default_exists(self) -> Config:
        if self.default_portal and self.default_portal not in self.portals:
            hint = did_you_mean(self.default_portal, self.portals) or f"add [portals.{self.default_portal}]"
            raise wrong(f"there is no portal {self.default_portal!r}", hint, "default_portal")
        return self

    @model_validator(mode="after")
    def _served_portals_exist(self) -> Config:
        for recipe, served in self.serve.recipes.items():
            for name in served.portals:
                if name not in self.portals:
                    hint = did_you_mean(name, self.portals) or f"there are: {', '.join(self.portals)}"
                    raise wrong(f"there is no portal {name!r}", hint, f"serve.recipes.{recipe}.portals")
        return self

    @property
    def source(self) -> Path | None:
        """The file that was read, if any."""
        return self._source

    def portal(self, name: str | None = None) -> PortalConfig:
        """Return a portal: the named one, else ``default_portal``, else the only one.

        Raises:
            ConfigurationError: There is no such portal, or several and none is the default.
        """
        file = str(self._source or "crmkit.toml")
        chosen = name or self.default_portal or (next(iter(self.portals)) if len(self.portals) == 1 else "")
        if chosen in self.portals:
            return self.portals[chosen].named(chosen, self._source)
        if not self.portals:
            raise ConfigurationError(f"{file}: portals: none is configured", hint="run: crmkit init")
        there = f"portals: {', '.join(self.portals)}"
        if chosen:
            hint = did_you_mean(chosen, self.portals) or f"there are {there}"
            raise ConfigurationError(f"{file}: portals.{chosen}: there is no such portal", hint=hint)
        what = f"{file}: default_portal: not set, and there are several {there}"
        raise ConfigurationError(what, hint="name one, or set default_portal")
