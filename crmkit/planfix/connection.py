"""What every resource needs: requests that are named, judged and parsed in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, TypeVar

from pydantic import ValidationError as PydanticError

from crmkit.clock import Clock
from crmkit.exceptions import NotFound, OutcomeUnknown, ServerError, ValidationError
from crmkit.planfix.models.base import Model
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.outcome import Updated, WriteState, read_failures
from crmkit.planfix.upload import Upload
from crmkit.transport.request import Effect, Request, Response
from crmkit.transport.session import Transport

__all__ = ["Connection", "FieldKey", "Keys", "field_list", "untold"]

M = TypeVar("M", bound=Model)
FieldKey = str | int | CustomField
"""A system field by the vendor's name, a custom field by its number or definition."""
Keys = str | tuple[str, ...]
"""Where something lies in an envelope; several where the vendor's schema and examples disagree."""


class Connection:
    """The transport, the account's time zone and the vendor's envelopes."""

    def __init__(self, transport: Transport, *, timezone: tzinfo, clock: Clock) -> None:
        self.transport = transport
        self.timezone = timezone
        self.clock = clock

    def send(
        self,
        operation: str,
        *ids: Any,
        effect: Effect,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
        stream: bool = False,
    ) -> Response:
        """Send an operation by its documented name, ``"POST /task/{id}"``; ids fill the places in order."""
        verb, _, template = operation.partition(" ")
        headers = {"Content-Type": upload.content_type} if upload else {"Accept": "*/*"} if stream else None
        request = Request(
            verb,
            _fill(template, ids),
            operation=operation,
            effect=effect,
            params={key: value for key, value in (params or {}).items() if value is not None} or None,
            json=json,
            data=upload,
            headers=headers,
            stream=stream,
            empty_ok=effect is not Effect.READ,
        )
        return self.transport.send(request)

    def read(
        self, operation: str, *ids: Any, json: Any = None, params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Read something and return the envelope."""
        return _object(operation, self.send(operation, *ids, effect=Effect.READ, json=json, params=params))

    def one(
        self, model: type[M], key: str, operation: str, *ids: Any, params: Mapping[str, Any] | None = None
    ) -> M:
        """Read one entity that lies under a key of the envelope."""
        return self.parse(model, _under(operation, self.read(operation, *ids, params=params), key, dict))

    def many(
        self,
        model: type[M],
        key: Keys,
        operation: str,
        *ids: Any,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> tuple[M, ...]:
        """Read a list of entities that lies under a key of the envelope."""
        envelope = self.read(operation, *ids, json=json, params=params)
        # A missing list is not an empty list: calling it one would be a list that is silently short.
        return tuple(self.parse(model, row) for row in _under(operation, envelope, key, list))

    def create(
        self,
        operation: str,
        *ids: Any,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> int:
        """Create something (never repeated blindly) and return its number."""
        envelope = self.write(operation, *ids, json=json, params=params, upload=upload)
        number = envelope.get("id")
        if not isinstance(number, int | str) or not str(number).isdigit():
            raise untold(operation, "which id it got")
        return int(number)

    def write(
        self,
        operation: str,
        *ids: Any,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> dict[str, Any]:
        """Do something that a repeat would do again, so never repeated blindly; return the envelope."""
        return _object(
            operation,
            self.send(operation, *ids, effect=Effect.WRITE, json=json, params=params, upload=upload),
        )

    def delete(self, operation: str, *ids: Any) -> bool:
        """Delete something (may be repeated); ``False`` if it was not there any more."""
        try:
            self.send(operation, *ids, effect=Effect.IDEMPOTENT)
        except NotFound:
            return False
        return True

    def update(
        self, operation: str, *ids: Any, json: Any = None, params: Mapping[str, Any] | None = None
    ) -> Updated:
        """Set fields to values (may be repeated) and return what came of it; the answer may be empty."""
        response = self.send(operation, *ids, effect=Effect.IDEMPOTENT, json=json, params=params)
        body = response.json()
        failures = read_failures(body.get("failures")) if isinstance(body, Mapping) else ()
        return Updated(WriteState.QUEUED if response.status == 202 else WriteState.APPLIED, failures)

    def parse(self, model: type[M], row: Any) -> M:
        """Turn a row of the vendor into a model, in the account's time zone.

        Rows come from the dict that the transport had to make anyway, to see whether the answer is a failure.
        That is the cheaper way too: 100 tasks take 1 + 6 ms so, and 19 ms by pydantic from the bytes, because
        models that keep their payload and read the vendor's odd spellings need Python objects at every level.
        """
        problem = ""
        try:
            return model.model_validate(row, context={"timezone": self.timezone})
        except PydanticError as error:
            # Only where and what kind: inputs and messages may hold personal data.
            details = error.errors(include_input=False, include_url=False, include_context=False)
            problem = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in details[:3])
        raise _odd(model.__name__, problem)


def field_list(fields: Iterable[FieldKey], extra: Iterable[FieldKey] = (), *, key: str = "id") -> str:
    """Return the ``fields`` parameter: without it the portal returns ids alone.

    Args:
        fields: What to read.
        extra: What to read besides.
        key: What rows are told apart by, always read: ``id``, or ``key`` for entries.

    Raises:
        ValidationError: ``customFieldData`` is asked for by that name, which returns nothing without a word.

    Example:
        >>> field_list(["name", "status"], [101])
        'id,name,status,101'
    """
    if isinstance(fields, str):
        raise ValidationError(
            "fields: one text where a list is expected", hint='write fields=["name", "status", 101]'
        )
    names = [key, *(str(one.id if isinstance(one, CustomField) else one) for one in (*fields, *extra))]
    if "customFieldData" in names:
        raise ValidationError(
            "fields: customFieldData returns nothing",
            hint="ask for custom fields by their numbers, for example 101",
        )
    return ",".join(dict.fromkeys(names))


def untold(operation: str, what: str) -> OutcomeUnknown:
    """Return the error for a write that was taken but not answered in full."""
    return OutcomeUnknown(
        f"{operation}: the portal took it but did not say {what}",
        operation=operation,
        checked="the body of the answer",
        hint="look for it by its key or its name before you create it again",
    )


def _under(operation: str, envelope: Mapping[str, Any], key: Keys, kind: type[Any]) -> Any:
    keys = (key,) if isinstance(key, str) else key
    for one in keys:
        if isinstance(envelope.get(one), kind):
            return envelope[one]
    raise _odd(operation, f"there is no {'list' if kind is list else 'object'} under {keys[0]!r}")


def _fill(template: str, ids: tuple[Any, ...]) -> str:
    places = template.split("{")
    if len(places) - 1 != len(ids):
        raise ValueError(f"{template} has {len(places) - 1} places for {len(ids)} ids")
    filled = [places[0]]
    for value, rest in zip(ids, places[1:], strict=True):
        text = str(value)
        if not text.replace(":", "").replace("_", "").isalnum():
            raise ValidationError(
                f"{template}: {text!r} is no id", hint="ids are numbers, or prefixed as in contact:7"
            )
        filled.append(text + rest.partition("}")[2])
    return "".join(filled)


def _object(operation: str, response: Response) -> dict[str, Any]:
    body = response.json()
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise _odd(operation, f"a {type(body).__name__} where an object was expected")
    return body


def _odd(operation: str, what: str) -> ServerError:
    return ServerError(
        f"{operation}: the answer has an unexpected shape: {what}",
        method=operation,
        hint="look at it with Planfix.call; the vendor may have changed it",
    )
