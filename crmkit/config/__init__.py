"""Settings: keyword arguments win over the environment, the environment wins over ``crmkit.toml``."""

from crmkit.config.calendar import CalendarConfig
from crmkit.config.loading import load, load_portal
from crmkit.config.models import (
    Bound,
    BoundField,
    CardMapping,
    Config,
    DealMapping,
    PortalConfig,
    StoreConfig,
    TaskKind,
    TaskMapping,
    WebhookConfig,
    did_you_mean,
    is_loopback,
)
from crmkit.config.secret import Secret
from crmkit.config.serve import ServeConfig, ServedRecipe

__all__ = [
    "Bound",
    "BoundField",
    "CalendarConfig",
    "CardMapping",
    "Config",
    "DealMapping",
    "PortalConfig",
    "Secret",
    "ServeConfig",
    "ServedRecipe",
    "StoreConfig",
    "TaskKind",
    "TaskMapping",
    "WebhookConfig",
    "did_you_mean",
    "is_loopback",
    "load",
    "load_portal",
]
