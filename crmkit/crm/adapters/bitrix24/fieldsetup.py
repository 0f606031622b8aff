"""Custom fields that the settings name and the portal does not have yet."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.crm.adapters.bitrix24.room import TYPES, Tools
from crmkit.crm.models import MissingField
from crmkit.exceptions import ConfigurationError

__all__ = ["create", "missing"]

SECTIONS = {"deals": "deal", "contacts": "contact", "companies": "company"}
VENDOR_TYPES = {
    "text": "string",
    "number": "double",
    "date": "date",
    "datetime": "datetime",
    "bool": "boolean",
    "choice": "enumeration",
    "choices": "enumeration",
    "person": "employee",
}
"""What is made for a neutral type; links to other objects are left to a person, who says to which."""


def missing(tools: Tools) -> Iterator[MissingField]:
    """Yield the fields that are bound and not there; what the settings tell of them is what they will be."""
    tools.account.forget()
    for section in SECTIONS:
        for key, bound in tools.account.bound(section).items():
            if tools.account.find_field(bound.id, section) is None:
                can = bound.type in VENDOR_TYPES and bound.id.startswith("UF_CRM_")
                yield MissingField(
                    section=section,
                    key=key,
                    id=bound.id,
                    name=bound.name or key,
                    type=bound.type or "",
                    options=bound.options,
                    can_be_created=can,
                )


def create(tools: Tools, field: MissingField) -> None:
    """Make a field: ``userfieldconfig.add``.

    Raises:
        ConfigurationError: The settings do not say what it is to hold, or that cannot be made; nothing was
            sent.
    """
    if not field.can_be_created:
        raise ConfigurationError(
            f"{tools.portal.where(f'{field.section}.fields.{field.key}')}: cannot be created",
            hint=f"call it UF_CRM_… and say its type, one of {', '.join(VENDOR_TYPES)}",
        )
    tools.client.user_fields.create(
        field.id,
        VENDOR_TYPES[field.type],
        label=field.name,
        entity_type_id=TYPES[SECTIONS[field.section]],
        options=field.options,
        multiple=field.type == "choices",
        language=tools.portal.language,
    )
    tools.account.forget()
