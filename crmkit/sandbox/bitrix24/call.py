"""One call of a method, single or in a batch: who calls, with which parameters, what it tells beside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24.exceptions import RestError, access_denied, missing_parameter
from crmkit.sandbox.bitrix24.models import Caller
from crmkit.sandbox.bitrix24.php import as_dict, intval

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["PAGE", "Call", "Page"]

PAGE = 50
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows a list shall return; ``counted`` is false for ``start=-1``."""

    offset: int
    counted: bool


@dataclass
class Call:
    """A call that was let in.

    Attributes:
        params: As PHP decoded them.
        total, next: What a list tells beside its rows; ``None``: not told.
        headers: Of the answer.
        body: The raw JSON of REST 3.0.
    """

    portal: Portal
    caller: Caller
    params: dict[str, Any]
    method: str = ""
    total: int | None = None
    next: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    request_headers: dict[str, str] = field(default_factory=dict)
    _folded: dict[str, Any] | None = None

    @property
    def user(self) -> int:
        """Who calls."""
        return self.caller.user

    @property
    def zone(self) -> str:
        """The server's zone."""
        return self.portal.settings.timezone

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter whose name is case-sensitive, as the controllers read them."""
        return self.params.get(name, default)

    def loose(self, name: str, default: Any = None) -> Any:
        """Return a parameter in any case, as the old methods read them."""
        if self._folded is None:
            self._folded = {key.upper(): value for key, value in self.params.items()}
        return self._folded.get(name.upper(), default)

    def required(self, name: str) -> Any:
        """Return a parameter of a controller.

        Raises:
            RestError: Code 100: it is missing.
        """
        value = self.params.get(name, _MISSING)
        if value is _MISSING:
            raise missing_parameter(name)
        return value

    def fields(self, name: str = "fields") -> dict[str, Any]:
        """Return the fields given to an old method.

        Raises:
            RestError: They are no array.
        """
        value = self.loose(name, [])
        if not isinstance(value, (dict, list)):
            raise RestError("", f"Parameter '{name}' must be array.")
        return as_dict(value)

    def page(self) -> Page:
        """Return which page is asked for: pages have fifty rows, other offsets are rounded down."""
        start = intval(self.params.get("start", 0))
        if start < 0:
            return Page(0, counted=False)
        return Page(start // PAGE * PAGE, counted=True)

    def paged(self, page: Page, total: int, *, legacy: bool) -> None:
        """Tell how many rows there are and where the next page begins.

        Without a count the old methods tell a total of 0, the controllers nothing.
        """
        if not page.counted:
            self.total = 0 if legacy else None
            return
        self.total = total
        if page.offset + PAGE < total:
            self.next = page.offset + PAGE

    def need_admin(self) -> None:
        """Refuse everybody but administrators."""
        if not self.portal.is_admin(self.user):
            raise access_denied()
