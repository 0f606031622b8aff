"""Planfix behind the neutral interface: a deal is a task of the object that the settings name."""

from crmkit.crm.adapters.planfix.crm import PlanfixCrm, connect

__all__ = ["PlanfixCrm", "connect"]
