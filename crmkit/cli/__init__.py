"""The program ``crmkit``."""
