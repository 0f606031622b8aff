"""The provider-neutral interface: recipes and programs are written against this, not against a vendor."""
