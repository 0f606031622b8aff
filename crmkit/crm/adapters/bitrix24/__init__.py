"""Bitrix24 behind the neutral interface: a deal is an item of type 2 (``crm.item.*``)."""

from crmkit.crm.adapters.bitrix24.crm import Bitrix24Crm, connect

__all__ = ["Bitrix24Crm", "connect"]
