"""The vendor's own fields of each type, as its ``fields`` methods list them."""

from __future__ import annotations

from crmkit.sandbox.bitrix24.kinds import (
    COMPANY,
    CONTACT,
    DEAL,
    FIRST_DYNAMIC,
    INVOICE,
    LEAD,
    QUOTE,
    FieldSpec,
    Kind,
)

__all__ = ["make_kind"]

# name:type[:flags[:title]]; flags: r read-only, i immutable, * multiple, l old methods only, u universal only
_STAMPS = """
ID:integer:r:ID
DATE_CREATE:datetime:r:Created on
DATE_MODIFY:datetime:r:Modified on
CREATED_BY_ID:user:r:Created by
MODIFY_BY_ID:user:r:Modified by
ASSIGNED_BY_ID:user::Responsible
OPENED:boolean::Available to everyone
LAST_ACTIVITY_TIME:datetime:r:Last activity
LAST_ACTIVITY_BY:user:r:Last activity by
ORIGINATOR_ID:string::External source
ORIGIN_ID:string::Item ID in data source
UTM_SOURCE:string
UTM_MEDIUM:string
UTM_CAMPAIGN:string
UTM_CONTENT:string
UTM_TERM:string
OBSERVERS:user:*u:Observers
"""
_MONEY = """
CURRENCY_ID:crm_currency::Currency
OPPORTUNITY:double::Amount
IS_MANUAL_OPPORTUNITY:boolean::Amount entered by hand
"""
_SOURCE = """
SOURCE_ID:crm_status::Source
SOURCE_DESCRIPTION:string::Additional source info
"""
_PERSON = """
HONORIFIC:crm_status::Salutation
NAME:string::First name
SECOND_NAME:string::Second name
LAST_NAME:string::Last name
BIRTHDATE:date::Birth date
POST:string::Position
ADDRESS:string::Address
"""
_REACH = """
HAS_PHONE:boolean:r:Has phone
HAS_EMAIL:boolean:r:Has e-mail
HAS_IMOL:boolean:r:Has open channel
"""
_OWN = {
    DEAL: """
TITLE:string::Name
TYPE_ID:crm_status::Type
CATEGORY_ID:crm_category:i:Pipeline
STAGE_ID:crm_status::Stage
STAGE_SEMANTIC_ID:string:r:Stage group
IS_NEW:boolean:r:New deal
IS_RECURRING:boolean::Recurring deal
IS_RETURN_CUSTOMER:boolean::Repeat deal
IS_REPEATED_APPROACH:boolean::Repeat inquiry
PROBABILITY:integer::Probability
TAX_VALUE:double::Tax
COMPANY_ID:crm_company::Company
CONTACT_ID:crm_contact::Contact
CONTACT_IDS:crm_contact:*:Contacts
QUOTE_ID:crm_quote:r:Quote
LEAD_ID:crm_lead:r:Lead
BEGINDATE:date::Start date
CLOSEDATE:date::Close date
CLOSED:boolean::Closed
COMMENTS:string::Comment
ADDITIONAL_INFO:string::Additional information
LOCATION_ID:location::Location
MOVED_BY_ID:user:r:Moved by
MOVED_TIME:datetime:r:Moved on
""",
    LEAD: """
TITLE:string::Lead name
STATUS_ID:crm_status::Stage
STATUS_SEMANTIC_ID:string:r:Stage group
STATUS_DESCRIPTION:string::More about this stage
IS_RETURN_CUSTOMER:boolean:r:Repeat lead
COMPANY_TITLE:string::Company name
COMPANY_ID:crm_company::Company
CONTACT_ID:crm_contact::Contact
CONTACT_IDS:crm_contact:*:Contacts
COMMENTS:string::Comment
DATE_CLOSED:datetime:r:Completed on
MOVED_BY_ID:user:r:Moved by
MOVED_TIME:datetime:r:Moved on
""",
    CONTACT: """
TYPE_ID:crm_status::Contact type
COMPANY_ID:crm_company::Company
COMPANY_IDS:crm_company:*:Companies
COMMENTS:string::Comment
EXPORT:boolean::Included in export
LEAD_ID:crm_lead:r:Lead
ORIGIN_VERSION:string::Version of the data source
""",
    COMPANY: """
TITLE:string::Company name
COMPANY_TYPE:crm_status::Company type
INDUSTRY:crm_status::Industry
EMPLOYEES:crm_status::Employees
REVENUE:double::Annual revenue
CURRENCY_ID:crm_currency::Currency
ADDRESS:string::Address
COMMENTS:string::Comment
IS_MY_COMPANY:boolean::My company
LEAD_ID:crm_lead:r:Lead
ORIGIN_VERSION:string::Version of the data source
CONTACT_IDS:crm_contact:*u:Contacts
""",
    QUOTE: """
TITLE:string::Name
QUOTE_NUMBER:string::Number
STATUS_ID:crm_status::Stage
COMPANY_ID:crm_company::Company
CONTACT_ID:crm_contact::Contact
CONTACT_IDS:crm_contact:*:Contacts
MYCOMPANY_ID:crm_company::Your company details
DEAL_ID:crm_deal::Deal
LEAD_ID:crm_lead::Lead
BEGINDATE:date::Issue date
CLOSEDATE:date::Valid until
CLOSED:boolean:r:Closed
TAX_VALUE:double::Tax
COMMENTS:string::Comment
CONTENT:string::Contents
TERMS:string::Terms
""",
}
_DYNAMIC = """
TITLE:string::Name
XML_ID:string::External code
WEBFORM_ID:integer::Created by CRM form
BEGINDATE:date::Start date
CLOSEDATE:date::End date
COMPANY_ID:crm_company::Company
CONTACT_ID:crm_contact::Contact
CONTACT_IDS:crm_contact:*:Contacts
CATEGORY_ID:crm_category::Pipeline
STAGE_ID:crm_status::Stage
PREVIOUS_STAGE_ID:crm_status:r:Previous stage
TAX_VALUE:double::Tax
MYCOMPANY_ID:crm_company::Your company details
MOVED_BY_ID:user:r:Moved by
MOVED_TIME:datetime:r:Moved on
"""
_PARTS = {
    DEAL: (_MONEY, _SOURCE),
    QUOTE: (_MONEY,),
    LEAD: (_PERSON, _MONEY, _SOURCE, _REACH),
    CONTACT: (_PERSON, _SOURCE, _REACH),
    COMPANY: (_REACH,),
}
_STATUS_TYPES = {
    "SOURCE_ID": "SOURCE",
    "HONORIFIC": "HONORIFIC",
    "COMPANY_TYPE": "COMPANY_TYPE",
    "INDUSTRY": "INDUSTRY",
    "EMPLOYEES": "EMPLOYEES",
}
_DOCUMENTS = "Bitrix\\Crm\\Integration\\BizProc\\Document\\"
_NAMES = {
    QUOTE: ("quote", "Предложение", "Q", _DOCUMENTS + "Quote", "QUOTE", "CRM_QUOTE", "STATUS_ID"),
    LEAD: ("lead", "Лид", "L", "CCrmDocumentLead", "LEAD", "CRM_LEAD", "STATUS_ID"),
    DEAL: ("deal", "Сделка", "D", "CCrmDocumentDeal", "DEAL", "CRM_DEAL", "STAGE_ID"),
    CONTACT: ("contact", "Контакт", "C", "CCrmDocumentContact", "CONTACT", "CRM_CONTACT", ""),
    COMPANY: ("company", "Компания", "CO", "CCrmDocumentCompany", "COMPANY", "CRM_COMPANY", ""),
}
DEFAULTS = {"OPENED": "Y", "IS_MANUAL_OPPORTUNITY": "N", "OPPORTUNITY": 0.0, "EXPORT": "Y"}


def make_kind(entity_type: int, *, type_id: int = 0, title: str = "") -> Kind:
    """Return a type with the vendor's own fields; ``type_id`` and ``title`` are those of a smart process."""
    if entity_type in _NAMES:
        name, shown, letter, document, event, uf_entity, stage = _NAMES[entity_type]
        kind = Kind(entity_type, name, shown, letter, document, event, uf_entity, stage)
        kind.has_categories = entity_type == DEAL
    else:
        invoice = entity_type == INVOICE
        kind = Kind(
            entity_type,
            f"dynamic_{entity_type}",
            title,
            "SI" if invoice else f"T{entity_type:x}",
            _DOCUMENTS + ("SmartInvoice" if invoice else "Dynamic"),
            "DYNAMICITEM",
            "CRM_SMART_INVOICE" if invoice else f"CRM_{type_id}",
            "STAGE_ID",
            type_id=type_id,
            has_categories=True,
        )
    parts = (_OWN[entity_type], *_PARTS[entity_type]) if entity_type in _OWN else (_DYNAMIC, _MONEY, _SOURCE)
    kind.add(*(_spec(line, kind) for part in (_STAMPS, *parts) for line in part.split("\n") if line))
    if entity_type in (DEAL, LEAD) or entity_type >= FIRST_DYNAMIC:
        for parent in (LEAD, DEAL):
            if entity_type >= FIRST_DYNAMIC:
                kind.add(FieldSpec(f"PARENT_ID_{parent}", "crm_entity", title="Parent"))
    return kind


def _spec(line: str, kind: Kind) -> FieldSpec:
    name, type_, flags, title = (*line.split(":"), "", "")[:4]
    status_type = _STATUS_TYPES.get(name, "")
    if name == kind.stage_field:
        status_type = kind.stage_entity(0)
    elif name == "TYPE_ID":
        status_type = f"{kind.event}_TYPE"
    return FieldSpec(
        name,
        type_,
        title or name,
        read_only="r" in flags,
        immutable="i" in flags,
        multiple="*" in flags,
        legacy="u" not in flags,
        universal="l" not in flags,
        status_type=status_type,
        default=DEFAULTS.get(name, "N" if type_ == "boolean" else [] if "*" in flags else None),
    )
