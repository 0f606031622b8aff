"""The neutral interface refuses by default; expressions and references behave like values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from crmkit.crm import base
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.filters import All, Explanation, Term, terms_of
from crmkit.crm.models import Deal, DealChanges, NewTask, Person, Ref, TaskState, User
from crmkit.exceptions import Unsupported

SINCE = datetime(2025, 3, 1, tzinfo=UTC)
DEAL = Ref(kind="deal", id="7")


class Nothing(base.Crm):
    """A provider that can do what it is told it can, and does nothing."""

    provider = "nothing"

    def __init__(self, *can: Capability) -> None:
        self.capabilities = Capabilities("nothing", frozenset(can), {Capability.DEALS: "there is no time"})
        self.deals = base.Deals(self)
        self.comments = base.Comments(self)
        self.tasks = base.Tasks(self)
        self.users = base.Users(self)
        self.companies = base.Companies(self)
        self.contacts = base.Contacts(self)


CALLS: dict[str, tuple[Capability, Callable[[base.Crm], Any]]] = {
    "deals.find": (Capability.DEALS, lambda crm: crm.deals.find(Deal.is_open)),
    "deals.explain": (Capability.DEALS, lambda crm: crm.deals.explain(Deal.is_open)),
    "deals.get": (Capability.DEALS, lambda crm: crm.deals.get("7")),
    "deals.history": (Capability.DEAL_HISTORY, lambda crm: crm.deals.history("7")),
    "deals.update": (Capability.DEALS, lambda crm: crm.deals.update("7", DealChanges())),
    "comments.add": (Capability.COMMENTS, lambda crm: crm.comments.add(DEAL, "text")),
    "comments.find_own": (
        Capability.COMMENTS,
        lambda crm: crm.comments.find_own(DEAL, text="text", key="k", since=SINCE),
    ),
    "tasks.create": (Capability.TASKS, lambda crm: crm.tasks.create(NewTask(title="t"), key="k")),
    "tasks.get": (Capability.TASKS, lambda crm: crm.tasks.get("7")),
    "tasks.find_by_key": (Capability.TASKS, lambda crm: crm.tasks.find_by_key("k", since=SINCE)),
    "tasks.set_state": (Capability.TASKS, lambda crm: crm.tasks.set_state("7", TaskState.DONE)),
    "users.list": (Capability.USERS, lambda crm: crm.users.list()),
    "users.get": (Capability.USERS, lambda crm: crm.users.get("7")),
    "companies.find": (Capability.COMPANIES, lambda crm: crm.companies.find()),
    "companies.get": (Capability.COMPANIES, lambda crm: crm.companies.get("7")),
    "contacts.get": (Capability.CONTACTS, lambda crm: crm.contacts.get("7")),
    "contacts.update": (Capability.CONTACTS, lambda crm: crm.contacts.update("7", {})),
    "pipelines": (Capability.DEALS, lambda crm: crm.pipelines()),
    "deal_fields": (Capability.CUSTOM_FIELDS, lambda crm: crm.deal_fields()),
}


@pytest.mark.parametrize("name", CALLS)
def test_everything_is_refused_by_default(name: str) -> None:
    capability, call = CALLS[name]
    with pytest.raises(Unsupported) as caught:
        call(Nothing())
    assert (caught.value.provider, caught.value.capability) == ("nothing", capability.value)
    assert caught.value.hint == ("there is no time" if capability is Capability.DEALS else "")


@pytest.mark.parametrize("name", CALLS)
def test_a_capability_that_is_only_claimed_is_a_bug_of_the_adapter(name: str) -> None:
    capability, call = CALLS[name]
    with pytest.raises(NotImplementedError) as caught:
        call(Nothing(capability))
    assert not isinstance(caught.value, Unsupported)


def test_a_portal_that_does_not_tell_who_we_are() -> None:
    with Nothing() as crm:
        assert crm.me() is None


def test_expressions_are_flat_conjunctions() -> None:
    both = Deal.is_open & Deal.in_stage("new") & (Deal.idle_for(days=1.5) & Deal.with_ids("7"))
    assert [term.name for term in both.terms()] == ["is_open", "in_stage", "idle_for", "with_ids"]
    assert str(both) == "is_open and in_stage(new) and idle_for(1.5 days) and with_ids(7)"
    assert terms_of([both, Deal.is_open])[-1] == Term("is_open")
    assert isinstance(both, All)


def test_a_hybrid_filters_on_the_class_and_answers_on_the_object() -> None:
    assert Deal.is_open == Term("is_open")
    assert Deal(id="7", title="A", open=True).is_open is True
    assert Deal(id="7", title="A", open=False).is_open is False


def test_an_explanation_says_when_nothing_is_left() -> None:
    assert str(Explanation()) == "server: (everything)\nlocal: -"
    assert str(Explanation(("a", "b"), ("c",), ("note",))) == "server: a and b\nlocal: c\nnote"


def test_references_are_the_same_whatever_their_name() -> None:
    assert Ref(kind="user", id="5", name="Анна") == Person(id="5")
    assert len({Ref(kind="user", id="5", name="Анна"), Person(id="5"), Person(kind="group", id="5")}) == 2
    assert Ref(kind="user", id="5") != "user:5"
    assert User(id="5", name="Анна").person == Person(id="5")
    assert Deal(id="7", title="A", open=True).ref == DEAL
    assert "Анна" not in repr(Person(id="5", name="Анна"))


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        DEAL.id = "8"  # type: ignore[misc]
