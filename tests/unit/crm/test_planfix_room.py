"""Ids and outcomes of the Planfix adapter."""

from __future__ import annotations

import pytest

from crmkit.config import Bound
from crmkit.crm.adapters.planfix.room import number_of, outcome
from crmkit.crm.models import Ref, WriteStatus
from crmkit.exceptions import NotFound
from crmkit.planfix.models import FieldFailure, Updated, WriteState

FIELDS = {"label": Bound(id="102"), "hold": Bound(id="108")}


@pytest.mark.parametrize(
    ("thing", "what"),
    [
        ("7", "deal"),
        ("deal:7", "deal"),
        ("task:7", "deal"),
        ("user:7", "user"),
        ("contact:7", "company"),
        (Ref(kind="task", id="7"), "task"),
    ],
)
def test_numbers(thing: Ref | str, what: str) -> None:
    assert number_of(thing, what) == 7


@pytest.mark.parametrize(
    ("thing", "what"),
    [("contact:7", "deal"), ("user:7", "contact"), ("0", "deal"), ("", "deal"), ("-7", "deal")],
)
def test_ids_of_something_else_are_not_found(thing: str, what: str) -> None:
    with pytest.raises(NotFound):
        number_of(thing, what)


def test_applied_is_done() -> None:
    result = outcome(Updated(), "7", FIELDS)
    assert (result.status, result.id, result.failures) == (WriteStatus.DONE, "7", {})


def test_queued_is_pending_whatever_failed() -> None:
    updated = Updated(WriteState.QUEUED, (FieldFailure("name", "no"),))
    result = outcome(updated, "7")
    assert (result.status, result.failures) == (WriteStatus.PENDING, {"title": "no"})


@pytest.mark.parametrize(
    ("field", "refused"),
    [
        ("status", {"stage"}),
        ("102", {"label"}),
        ("customFieldData", {"label", "hold"}),
        ("somethingNew", {"somethingNew"}),
    ],
)
def test_refused_fields_go_by_neutral_names(field: str, refused: set[str]) -> None:
    result = outcome(Updated(failures=(FieldFailure(field, "no"),)), "7", FIELDS)
    assert (result.status, set(result.failures)) == (WriteStatus.PARTIAL, refused)


def test_a_refusal_is_never_lost() -> None:
    """Custom fields are refused although none was written: odd, but a refusal all the same."""
    result = outcome(Updated(failures=(FieldFailure("customFieldData", "no"),)), "7")
    assert (result.status, result.failures) == (WriteStatus.PARTIAL, {"customFieldData": "no"})
