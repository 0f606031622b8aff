"""Bulk: thousands of deals from a file, and for each of them the process that its stage asks for.

``recipe`` reads like the document it was built from. Beside it: ``settings``, ``mapping`` (which column of
the file goes where), ``table`` (rows become deals), ``reading`` (what the portal knows of them already),
``report`` (deals by responsible and by stage). ``satellites`` are recipes of their own for what goes on
around these deals.
"""

from recipes.bulk_bp import satellites
from recipes.bulk_bp.mapping import ColumnMapping, FileMapping
from recipes.bulk_bp.recipe import BulkBp
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.snapshot import Portal, Snapshot
from recipes.bulk_bp.verdicts import Verdict

__all__ = [
    "BulkBp",
    "BulkBpSettings",
    "ColumnMapping",
    "FileMapping",
    "Portal",
    "Snapshot",
    "Verdict",
    "satellites",
]
