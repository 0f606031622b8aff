"""Typed clients and automation recipes for Planfix and Bitrix24."""

__version__ = "0.1.0"
