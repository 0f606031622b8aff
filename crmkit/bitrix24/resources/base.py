"""What resources share: the client they belong to, and lists of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar

from crmkit.bitrix24.envelope import Envelope
from crmkit.bitrix24.fields import FieldInfo, FieldTable
from crmkit.bitrix24.lists import Page
from crmkit.bitrix24.models.base import Model
from crmkit.bitrix24.outcomes import BatchResult, Command
from crmkit.clock import Clock
from crmkit.transport.request import Effect, Response

__all__ = ["AsWritten", "Client", "ModelResolver", "Resource", "given"]

M = TypeVar("M", bound=Model)


class Client(Protocol):
    """What resources need of a client."""

    field_table: FieldTable

    @property
    def clock(self) -> Clock:
        """The client's time."""
        ...

    def call(self, method: str, params: Any = ..., *, effect: Effect | None = None) -> Any:
        """Call a method."""
        ...

    def request(self, method: str, params: Any = ..., *, effect: Effect | None = None) -> Envelope:
        """Call a method and return the whole answer."""
        ...

    def call_v3(
        self, method: str, params: Any = None, *, idempotency_key: str = "", effect: Effect | None = None
    ) -> Any:
        """Call a method of REST 3.0."""
        ...

    def batch(self, commands: Any, *, halt: bool = False) -> BatchResult:
        """Run commands."""
        ...

    def run(self, command: Command) -> Any:
        """Run one command as a single call, and settle a lost answer by its key."""
        ...

    def list(
        self, method: str, params: Mapping[str, Any] | None = None, *, first: Page | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield all rows of a list."""
        ...

    def page(self, method: str, params: Mapping[str, Any] | None = None, *, start: int = 0) -> Page:
        """Return one page of a list."""
        ...

    def download(self, url: str) -> Response:
        """Open a file address, streamed."""
        ...

    def count(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Return the number of rows of a list."""
        ...


class Resource:
    """One kind of object of a portal."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _models(self, model: type[M], method: str, params: Mapping[str, Any] | None = None) -> Iterator[M]:
        return map(model.from_row, self._client.list(method, params))


class Fields(Protocol):
    """Tells fields by their names."""

    def resolve(self, name: str) -> FieldInfo:
        """Return the field, or raise ValidationError."""
        ...

    def writable(self, name: str) -> FieldInfo:
        """Return the field if it takes values, or raise ValidationError."""
        ...


class AsWritten:
    """Takes names for what they are as long as the portal's fields are not known."""

    def resolve(self, name: str) -> FieldInfo:
        """Return a field of this name."""
        return FieldInfo(name)

    writable = resolve


class ModelResolver:
    """Finds fields by the names of a model or of the portal.

    Args:
        schema: The portal's fields.
        model: Translates ``stage_id`` to ``stageId`` and custom fields to their ``UF_`` names.
    """

    def __init__(self, schema: Fields, model: type[Model]) -> None:
        self.schema = schema
        self._wire = model.wire_names()
        self._writable: dict[str, str] = {}

    def resolve(self, name: str) -> FieldInfo:
        """Return the field, or raise ValidationError."""
        return self.schema.resolve(self._wire.get(name, name))

    def values(self, values: Mapping[str, Any], *, system: bool = False) -> dict[str, Any]:
        """Return values under the portal's names.

        Args:
            values: By any of the names.
            system: Read-only fields are allowed (imports may set them).

        Raises:
            ValidationError: A field does not exist or takes no values.
        """
        if system:
            return {self.resolve(name).name: value for name, value in values.items()}
        known = self._writable
        return {known.get(name) or self._to_write(name): value for name, value in values.items()}

    def _to_write(self, name: str) -> str:
        found = self._writable[name] = self.schema.writable(self._wire.get(name, name)).name
        return found

    def select(self, names: Any) -> list[str]:
        """Return a select list under the portal's names; ``*`` and ``UF_*`` stay."""
        return [name if name in ("*", "UF_*") else self.resolve(name).name for name in names]

    def order(self, order: Mapping[str, str]) -> dict[str, str]:
        """Return a sort order under the portal's names."""
        return {self.resolve(name).name: direction.upper() for name, direction in order.items()}


def given(**values: Any) -> dict[str, Any]:
    """Return the parameters that are not None."""
    return {name: value for name, value in values.items() if value is not None}
