"""The emulation of a Planfix account (REST)."""
