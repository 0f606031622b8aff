"""One adapter per vendor, found by name through :mod:`crmkit.crm.registry`."""
