"""Which deals are copies that a refusal left behind: they start nothing, and no report counts them twice."""

from __future__ import annotations

from crmkit.crm.models import Deal

__all__ = ["COPY_FIELD", "REFUSALS", "is_copy"]

REFUSALS = "bulk_bp_refusals"
"""The recipe that makes them; its name begins their external keys."""
COPY_FIELD = "copy_of"
"""The field «Исходная сделка» by its logical name."""


def is_copy(deal: Deal) -> bool:
    """Tell whether a deal is a copy: it names its original, or it was made with a key of the recipe.

    Example:
        >>> is_copy(Deal(id="8", title="A", open=False, key="bulk_bp_refusals:deal:7:1:copy"))
        True
        >>> is_copy(Deal(id="7", title="A", open=True))
        False
    """
    return bool(deal.fields.get(COPY_FIELD)) or deal.key.startswith(f"{REFUSALS}:")
