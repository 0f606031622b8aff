"""What is looked at: a row of the file, the deal that it became, and what matters of the portal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property, lru_cache

from crmkit.automation.messages import Message
from crmkit.crm.models import Deal, FieldSpec, NewDeal, Person, Pipeline, Ref, User

__all__ = ["Portal", "RowDeal", "Snapshot", "plain"]

NAMES = ("name", "key", "id")


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """Return a name without what people write in many ways: case, quotes, spaces, ё.

    Example:
        >>> plain(" ООО  «Рога и копыта» ") == plain('ооо "рога и копыта"')
        True
    """
    for quote in "«»“”„\"'`":
        name = name.replace(quote, " ")
    return " ".join(name.casefold().replace("ё", "е").split())


@dataclass(frozen=True)
class Portal:
    """The people, fields, stages and companies of the portal.

    Attributes:
        timezone: Days begin and end in it.
        users: Employees by id.
        fields: Custom fields of deals by logical name.
        pipelines: The pipelines with their stages.
        companies: Companies by their :func:`plain` names; several of one name are not told apart.
        creates_companies: Whether the provider lets us create companies.
    """

    timezone: tzinfo
    users: Mapping[str, User] = field(default_factory=dict)
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    pipelines: tuple[Pipeline, ...] = ()
    companies: Mapping[str, tuple[Ref, ...]] = field(default_factory=dict)
    creates_companies: bool = True

    def stage_names(self) -> Iterator[str]:
        """Yield what a stage may be called: titles first, then logical names and ids."""
        stages = [stage for pipeline in self.pipelines for stage in pipeline.stages]
        yield from (name for what in NAMES for stage in stages if (name := getattr(stage, what)))

    def stages_called(self, name: str, pipeline: str = "") -> tuple[str, ...]:
        """Return the stages of this name, as a :class:`NewDeal` calls them, in a pipeline or in any."""
        return tuple(
            stage.key or stage.id
            for one in self.pipelines
            if pipeline in ("", one.key, one.id)
            for stage in one.stages
            if plain(name) in map(plain, (stage.name, stage.key, stage.id))
        )

    def pipeline_names(self) -> Iterator[str]:
        """Yield what a pipeline may be called: titles first, then logical names and ids."""
        yield from (name for what in NAMES for one in self.pipelines if (name := getattr(one, what)))

    def pipelines_called(self, name: str) -> tuple[str, ...]:
        """Return the pipelines of this name, as a :class:`NewDeal` calls them."""
        return tuple(
            one.key or one.id
            for one in self.pipelines
            if plain(name) in map(plain, (one.name, one.key, one.id))
        )

    def user_names(self) -> Iterator[str]:
        """Yield what an employee may be called: a name, an address, the name the other way round, an id."""
        people = list(self._people())
        for place in range(5):
            yield from (name for user in people if (name := _names(user)[place]))

    def people_called(self, name: str) -> tuple[str, ...]:
        """Return the ids of the employees of this name; those who have left are not among them."""
        return self._people_by_name.get(plain(name), ())

    @cached_property
    def _people_by_name(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for user in self._people():
            for name in dict.fromkeys(map(plain, _names(user))):
                found[name] = (*found.get(name, ()), user.id)
        return found

    def _people(self) -> Iterator[User]:
        return (user for user in self.users.values() if user.is_active and not user.is_robot)

    def person(self, user_id: str) -> Person:
        """Return an employee as somebody who can be responsible."""
        return self.users[user_id].person

    def stage_keys(self, stage_id: str) -> tuple[str, ...]:
        """Return what the settings may call a stage."""
        for pipeline in self.pipelines:
            for stage in pipeline.stages:
                if stage_id in (stage.id, stage.key):
                    return tuple(name for name in (stage.key, stage.id, stage.name) if name)
        return (stage_id,)


@dataclass(frozen=True)
class RowDeal:
    """A row that can become a deal.

    Attributes:
        number: Its line in the file.
        key: What names it for ever.
        deal: The deal as it is to be; without its company if that is not there yet.
        company: The name of its company; empty if it has none.
    """

    number: int
    key: str
    deal: NewDeal
    company: str = ""


@dataclass(frozen=True)
class Snapshot:
    """One row, or one company of the file, as it stands now.

    Attributes:
        ref: The row or company.
        row: What is to become of it; ``None`` for a company and for a row with mistakes.
        company: The name of a company that the file needs.
        wanted_company: The company that the row needs and the portal does not have, as a row of its own.
        company_ref: The company of the row, or the one that has this name, if it is there.
        deal: The deal that the row has become, if it is there.
        problems: What is wrong with the row.
        held_back: Whether it waits for a gate.
        portal: Where it goes.
    """

    ref: Ref
    portal: Portal
    row: RowDeal | None = None
    company: str = ""
    company_ref: Ref | None = None
    wanted_company: Ref | None = None
    deal: Deal | None = None
    problems: tuple[Message, ...] = ()
    held_back: bool = False


def _names(user: User) -> tuple[str, ...]:
    return user.name, user.email, " ".join(reversed(user.name.split())), f"user:{user.id}", user.id
