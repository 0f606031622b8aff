"""The fields of activities, as the vendor lists them."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.kinds import FieldSpec

__all__ = ["described_activity"]

# name:type[:flags[:title]]; flags: r read-only, i immutable, * multiple, q required
_FIELDS = """
ID:integer:r
OWNER_ID:integer:i:Owner ID
OWNER_TYPE_ID:crm_enum_ownertype:i:Owner Type
TYPE_ID:crm_enum_activitytype:iq:Type
PROVIDER_ID:string::Provider ID
PROVIDER_TYPE_ID:string::Provider Type
PROVIDER_GROUP_ID:string::Connector Type
ASSOCIATED_ENTITY_ID:integer:r:Associated Entity ID
SUBJECT:string:q:Subject
START_TIME:datetime::Start
END_TIME:datetime::Deadline
DEADLINE:datetime::Execution Deadline
COMPLETED:char::Completed
STATUS:crm_enum_activitystatus::Status
RESPONSIBLE_ID:user:q:Responsible
PRIORITY:crm_enum_activitypriority::Priority
NOTIFY_TYPE:crm_enum_activitynotifytype::Notification Type
NOTIFY_VALUE:integer::Notification Parameter
DESCRIPTION:string::Description
DESCRIPTION_TYPE:crm_enum_contenttype::Description Type
DIRECTION:crm_enum_activitydirection::Direction
LOCATION:string::Location
CREATED:datetime:r:Creation Date
AUTHOR_ID:user:r:Created By
LAST_UPDATED:datetime:r:Last Updated Date
EDITOR_ID:user:r:Edited By
SETTINGS:object::Settings
ORIGIN_ID:string::External Code
ORIGINATOR_ID:string::External Source
RESULT_STATUS:integer
RESULT_STREAM:integer
RESULT_SOURCE_ID:string
PROVIDER_PARAMS:object::Provider Parameters
PROVIDER_DATA:string::Provider Data
RESULT_MARK:integer
RESULT_VALUE:double
RESULT_SUM:double
RESULT_CURRENCY_ID:string
AUTOCOMPLETE_RULE:integer::Autocomplete
BINDINGS:crm_activity_binding:r*:Bindings
COMMUNICATIONS:crm_activity_communication:*q:Communication Channel
FILES:diskfile:*:Files
WEBDAV_ELEMENTS:diskfile:*:Added Files
IS_INCOMING_CHANNEL:char:r
"""
_DEPRECATED = ("WEBDAV_ELEMENTS",)


def described_activity() -> dict[str, Any]:
    """Return what ``crm.activity.fields`` tells.

    Example:
        >>> described_activity()["SUBJECT"]["isRequired"]
        True
    """
    return {spec.name: _told(spec) for spec in map(_spec, _FIELDS.split("\n")[1:-1])}


def _spec(line: str) -> FieldSpec:
    name, type_, flags, title = (*line.split(":"), "", "")[:4]
    return FieldSpec(
        name,
        type_,
        title or name,
        read_only="r" in flags,
        immutable="i" in flags,
        multiple="*" in flags,
        required="q" in flags,
    )


def _told(spec: FieldSpec) -> dict[str, Any]:
    return spec.described(legacy=True) | ({"isDeprecated": True} if spec.name in _DEPRECATED else {})
