"""Typed access to the objects of a portal, one class per kind."""
