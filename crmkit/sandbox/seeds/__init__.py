"""Made-up businesses to fill a sandbox with: people, companies, deals, their history. No vendor here."""

from __future__ import annotations

from crmkit.sandbox.seeds.people import Colleague, Company, sales_team
from crmkit.sandbox.seeds.stale_deals import DealStory, Happening, StaleDeals

__all__ = ["Colleague", "Company", "DealStory", "Happening", "StaleDeals", "sales_team"]
