"""What ``crmkit demo`` says."""

__all__ = ["DEMO"]

DEMO: dict[str, tuple[str, str]] = {}
