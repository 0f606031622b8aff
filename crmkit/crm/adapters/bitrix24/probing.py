"""What a token may do, asked so that nothing changes whatever the answer is.

- To view: the list is read. It leaves out what the token may not see, so an empty one only tells something if
  our own token sees a row.
- To change: an item that our own token sees is updated with one field that does not exist. The portal checks
  the right first, and then ignores the field: nothing is saved.
- To add and to import: with a stage that does not exist. The portal checks the right first, and then refuses
  the stage. That it always does is not documented, so it is done only when it is asked for; should an item
  come into being after all, it is deleted again at once with our own token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crmkit.bitrix24 import Bitrix24
from crmkit.bitrix24.envelope import as_map
from crmkit.crm.rights import Operation, Right
from crmkit.exceptions import ApiError, AuthenticationError, NotFound, PermissionDenied

__all__ = ["Prober"]

TYPES = {"deals": 2, "contacts": 3, "companies": 4, "quotes": 7, "invoices": 31}
"""``entityTypeId`` of what is asked about."""
NO_FIELD = "crmkitProbe"
NO_STAGE = "CRMKIT_PROBE"
STAGE_REFUSED = "CRM_FIELD_ERROR_VALUE_NOT_VALID"
NOT_OF_ROLES = ("insufficient_scope",)
"""Refusals that say something about the token, not about the role."""


@dataclass(frozen=True)
class Prober:
    """Asks what one token may do.

    Args:
        ours: Our own client.
        theirs: A client with the token of the role.
        category: The pipeline of deals that is meant; ``None`` for any.
        adding: Whether adding and importing may be asked.
    """

    ours: Bitrix24
    theirs: Bitrix24
    category: int | None = None
    adding: bool = False

    def ask(self, operation: Operation) -> Right:
        """Find out about one operation.

        Raises:
            AuthenticationError: The token was refused as a whole.
        """
        try:
            return self._asked(operation)
        except AuthenticationError:
            raise
        except PermissionDenied as error:
            if error.code in NOT_OF_ROLES:
                return Right(operation, None, f"the token lacks a scope: {error.code}")
            return Right(operation, False, f"{error.method}: {error.code or error.message}")
        except ApiError as error:
            return Right(operation, None, f"{error.method}: {error.code or error.message}")

    def _asked(self, operation: Operation) -> Right:
        match operation.deed:
            case "view":
                return self._view(operation)
            case "change":
                return self._change(operation)
            case "add":
                return self._create(operation, "crm.item.add")
            case "import":
                return self._create(operation, "crm.item.import")

    def _view(self, operation: Operation) -> Right:
        if self._first(self.theirs, operation) is not None:
            return Right(operation, True, "crm.item.list: rows")
        if self._first(self.ours, operation) is None:
            return Right(operation, None, "there is none to look at")
        return Right(operation, False, "crm.item.list: no rows, though there are some")

    def _change(self, operation: Operation) -> Right:
        number = self._first(self.ours, operation)
        if number is None:
            return Right(operation, None, "there is none that could be changed")
        asked = {"entityTypeId": TYPES[operation.thing], "id": number, "fields": {NO_FIELD: "1"}}
        try:
            self.theirs.call("crm.item.update", asked)
        except NotFound:
            return Right(operation, False, "crm.item.update: NOT_FOUND for what our own token sees")
        return Right(operation, True, "crm.item.update: accepted, with nothing to change")

    def _create(self, operation: Operation, method: str) -> Right:
        if not self.adding:
            return Right(operation, None, "not asked: see the setting adding")
        fields: dict[str, Any] = {"title": "crmkit: probe of rights", "stageId": NO_STAGE}
        if operation.thing == "deals" and self.category is not None:
            fields["categoryId"] = self.category
        if operation.thing not in ("deals", "quotes", "invoices"):
            return Right(operation, None, "cannot be asked without doing it: it has no stages")
        entity_type = TYPES[operation.thing]
        try:
            made = self.theirs.call(method, {"entityTypeId": entity_type, "fields": fields})
        except ApiError as error:
            if error.code != STAGE_REFUSED:
                raise
            return Right(operation, True, f"{method}: only the stage was refused ({error.code})")
        number = int(as_map(as_map(made)["item"])["id"])
        self.ours.call("crm.item.delete", {"entityTypeId": entity_type, "id": number})
        return Right(operation, True, f"{method}: No. {number} came into being, and was deleted again")

    def _first(self, client: Bitrix24, operation: Operation) -> int | None:
        """Return the number of the first item that a client sees."""
        asked: dict[str, Any] = {
            "entityTypeId": TYPES[operation.thing],
            "select": ["id"],
            "order": {"id": "ASC"},
            "start": -1,
        }
        if operation.thing == "deals" and self.category is not None:
            asked["filter"] = {"categoryId": self.category}
        rows = as_map(client.call("crm.item.list", asked)).get("items") or []
        return int(rows[0]["id"]) if rows else None
