"""``b24.api``; its types are in the generated stub beside this file."""

from __future__ import annotations

from crmkit.bitrix24.catalogue.node import Node

__all__ = ["Api"]


class Api(Node):
    """The root of all documented methods."""
