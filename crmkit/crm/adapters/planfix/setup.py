"""What a person sets up in the account so that it tells us about changes: real names, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crmkit.config import Bound, TaskKind
from crmkit.crm.adapters.planfix.drift import FATAL
from crmkit.crm.adapters.planfix.room import Tools
from crmkit.crm.setup import Call, Guide, Handler, Line, Watch
from crmkit.exceptions import ApiError
from crmkit.planfix.models import CustomField, Status
from crmkit.planfix.scenario import TEXTS, Place, setup_instructions, setup_request
from crmkit.planfix.scenario_texts import PREFIX

__all__ = ["guide"]

CARDS = {"contact": Place("contacts"), "company": Place("companies")}


def guide(tools: Tools, watches: Sequence[Watch], handler: Handler) -> Guide:
    """Return a scenario per watch, as far as the account has what it listens to."""
    looks = [_Look(tools, watch) for watch in watches]
    calls = tuple(call for look in looks if (call := look.call(handler)) is not None)
    missing = _once(line for look in looks for line in look.missing)
    remarks = _once(line for look in looks for line in look.remarks)
    return Guide(calls, missing, remarks, TEXTS)


@dataclass
class _Look:
    """A look at what one watch needs."""

    tools: Tools
    watch: Watch
    missing: list[Line] = field(default_factory=list)
    remarks: list[Line] = field(default_factory=list)

    def call(self, handler: Handler) -> Call | None:
        """Return the scenario, or ``None`` if nothing is left that it could fire on."""
        place = CARDS.get(self.watch.of) or self._place()
        if place is None:
            return None
        watch, fields = self.watch, self._fields(place)
        statuses = [] if watch.stages == "any" else list(self._statuses())
        any_status = watch.stages == "any"
        if not (watch.created or any_status or statuses or fields or watch.comments):
            return None
        steps = setup_instructions(
            place,
            handler.url,
            handler.proof,
            event=watch.event,
            created=watch.created,
            any_status=any_status,
            statuses=statuses,
            fields=fields.values(),
            on_comments=watch.comments,
            robots=self._robots(),
            minutes=handler.minutes,
        )
        request = setup_request(place, handler.url, handler.proof, event=watch.event, fields=fields)
        return Call(
            event=watch.event,
            steps=tuple(Line(step.key, step.params) for step in steps),
            url=request.url,
            headers=request.headers,
            form=request.form,
            template=request.template,
        )

    def _kind(self) -> TaskKind | None:
        portal = self.tools.portal
        return portal.deals if self.watch.of == "deal" else portal.tasks.get(self.watch.kind)

    def _place(self) -> Place | None:
        kind = self._kind()
        if kind is None or not kind.kind:
            self._miss("no_kind")
            return None
        what, number = next(iter(kind.kind.items()))
        if kind.object is None:
            return Place("template" if what == "template" else "process", number)
        try:
            found = self.tools.client.objects.get(kind.object)
        except FATAL:
            raise
        except ApiError:  # no such object, or a missing right: the vendor's code does not tell them apart
            self._miss("kind_gone", what=what, number=number)
            return None
        return Place("object", found.id, found.name)

    def _statuses(self) -> Iterator[Status]:
        kind = self._kind()
        if kind is None or not self.watch.stages:
            return
        stages: Mapping[str, Bound] = dict(getattr(kind, "stages", {}))
        known = self.tools.account.statuses(kind.kind)
        for name in self.watch.stages:
            bound = stages.get(name)
            status = known.get(int(bound.id)) if bound else None
            if bound is None:
                self._remark("stages", name)
            elif status is None:
                there = ", ".join(f"{one.id} «{one.name}»" for one in known.values())
                self._miss("stage_gone", f"stages.{name}", number=bound.id, there=there)
            else:
                self._compare(f"stages.{name}", bound, status.name)
                yield status

    def _fields(self, place: Place) -> dict[str, CustomField]:
        names = self._bound_fields()
        known = (
            self.tools.account.task_fields if place.variable == "task" else self.tools.account.contact_fields
        )
        attached = self.tools.account.attached() if self.watch.of == "deal" else None
        found: dict[str, CustomField] = {}
        for key in self.watch.fields:
            bound = names.get(key)
            one = known().get(int(bound.id)) if bound else None
            if bound is None:
                self._remark("fields", key)
            elif one is None:
                name = f" «{bound.name}»" if bound.name else ""
                self._miss("field_gone", f"fields.{key}", number=bound.id, name=name)
            elif attached is not None and one.id not in attached:
                self._miss("detached", f"fields.{key}", number=one.id, name=one.name, object=place.number)
            else:
                self._compare(f"fields.{key}", bound, one.name)
                found[key] = one
        return found

    def _bound_fields(self) -> Mapping[str, Bound]:
        portal = self.tools.portal
        sections: dict[str, Mapping[str, Bound]] = {
            "deal": portal.deals.fields,
            "contact": portal.contacts.fields,
            "company": portal.companies.fields,
        }
        return sections.get(self.watch.of, {})

    def _robots(self) -> list[str]:
        users, robots = self.tools.account.users(), self.tools.account.robots()
        return [users[number].full_name for number in sorted(robots) if number in users]

    def _compare(self, key: str, bound: Bound, found: str) -> None:
        if bound.name and found and bound.name != found:
            self._miss("renamed", key, found=found, remembered=bound.name)

    def _miss(self, text: str, key: str = "", **params: object) -> None:
        self.missing.append(Line(PREFIX + text, {"where": self._where(key), **params}))

    def _remark(self, section: str, name: str) -> None:
        self.remarks.append(Line(f"{PREFIX}unbound", {"where": self._where(section), "name": name}))

    def _where(self, key: str) -> str:
        return self.tools.portal.where(f"{self.watch.section}.{key}".rstrip("."))


def _once(lines: Iterable[Line]) -> tuple[Line, ...]:
    found: list[Line] = []
    for line in lines:
        if line not in found:
            found.append(line)
    return tuple(found)
