"""Comments: what is sent, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from responses import matchers

from crmkit.exceptions import ValidationError
from crmkit.planfix import Planfix, Ref, contact, external_id, filters, group, user
from crmkit.planfix.models import CommentKind
from crmkit.planfix.models.comment import COMMENT_FIELDS

BASE = "https://acme.planfix.ru/rest"
OK = {"result": "success"}
Bodies = Callable[[], list[Any]]


class TestComments:
    ROWS = OK | {"comments": [{"id": 3, "description": "c"}, {"id": 2, "description": "b"}]}

    def test_list_newest_first(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/task/5/comments/list", json=self.ROWS)
        found = list(planfix.comments.list(5, newest_first=True, kind=CommentKind.ALL))
        assert [one.id for one in found] == [3, 2]
        assert bodies() == [
            {
                "offset": 0,
                "pageSize": 100,
                "fields": ",".join(COMMENT_FIELDS),
                "typeList": "All",
                "resultOrder": [{"field": "id", "direction": "Desc"}],
            }
        ]

    def test_a_portal_that_ignores_the_order_does_not_change_ours(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/task/5/comments/list", json=self.ROWS)
        assert [one.id for one in planfix.comments.list(5)] == [2, 3]

    def test_of_a_contact(self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies) -> None:
        server.post(f"{BASE}/contact/7/comments/list", json=OK | {"comments": []})
        assert list(planfix.comments.list(contact(7))) == []
        assert planfix.comments.page("contact:7", 10, 20) == ()
        assert (bodies()[1]["offset"], bodies()[1]["pageSize"]) == (10, 20)
        with pytest.raises(ValidationError, match="user:5 does not fit here"):
            planfix.comments.list(user(5))

    def test_search_needs_a_condition(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/comment/list", json=OK | {"comments": [{"id": 3, "task": {"id": 9}}]})
        found = list(planfix.comments.search([filters.comments.author.is_(user(90))], fields=["task"]))
        assert found[0].task == Ref(9)
        assert bodies()[0]["filters"] == [{"type": 3001, "operator": "equal", "value": "user:90"}]
        with pytest.raises(ValidationError, match=r"comments\.search: no condition"):
            planfix.comments.search([])

    def test_create(self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies) -> None:
        server.post(
            f"{BASE}/task/5/comments/",
            status=201,
            json=OK | {"id": 9},
            match=[matchers.query_param_matcher({"silent": "true"})],
        )
        created = planfix.comments.create(
            5,
            "Через 7 дней\n<важно>",
            recipients=[user(4), group(1)],
            roles=["assignee"],
            hidden=True,
            pinned=True,
            owner=user(90),
            at=datetime(2025, 3, 3, 6, 0, tzinfo=UTC),
            files=[7],
            silent=True,
            key="warn/1",
        )
        assert created.id == 9
        assert bodies() == [
            {
                "description": "Через 7 дней<br>&lt;важно&gt;",
                "recipients": {"users": [{"id": "user:4"}], "groups": [{"id": 1}], "roles": ["assignee"]},
                "files": [{"id": 7}],
                "isHidden": True,
                "isPinned": True,
                "owner": {"id": "user:90"},
                "dateTime": {"date": "03-03-2025", "time": "09:00"},
                "sourceObjectId": external_id("warn/1"),
            }
        ]

    def test_create_on_a_contact(
        self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies
    ) -> None:
        server.post(f"{BASE}/contact/7/comments/", status=201, json=OK | {"id": 9})
        assert planfix.comments.create(contact(7), html="<b>x</b>").id == 9
        assert bodies() == [{"description": "<b>x</b>"}]

    @pytest.mark.parametrize(
        ("details", "words"),
        [
            ({}, "comment: no text"),
            ({"text": "x", "html": "y"}, "text and html"),
            ({"text": "x" * 70_000}, "has 70000 bytes"),
            ({"text": "x", "recipients": [5]}, "recipients: 5 does not say"),
            ({"text": "x", "recipients": "user:5"}, "one person where a list is expected"),
            ({"text": "x", "roles": ["boss"]}, "no role 'boss'"),
            ({"text": "x", "owner": group(5)}, "owner: group:5"),
            ({"text": "x", "files": ["a"]}, "file: 'a' is no id"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, planfix: Planfix, details: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            planfix.comments.create(5, **details)
        assert words in str(caught.value)
        assert planfix.requests_sent == 0

    def test_silent_exists_for_tasks_only(self, planfix: Planfix) -> None:
        with pytest.raises(ValidationError, match="silent exists for tasks only"):
            planfix.comments.create(contact(7), "x", silent=True)

    def test_update(self, planfix: Planfix, server: responses.RequestsMock, bodies: Bodies) -> None:
        server.post(f"{BASE}/task/5/comments/9", body=b"")
        assert planfix.comments.update(5, 9, text="x", hidden=False, recipients=(), files=()).complete
        assert bodies() == [
            {
                "description": "x",
                "isHidden": False,
                "recipients": {"users": [], "groups": []},
                "files": [],
            }
        ]
        with pytest.raises(ValidationError, match="nothing to change"):
            planfix.comments.update(5, 9)

    def test_get_and_delete(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        server.get(f"{BASE}/comment/9", json=OK | {"comment": {"id": 9, "description": "x"}})
        server.delete(f"{BASE}/comment/9", json=OK)
        server.delete(f"{BASE}/comment/9", status=400, json={"result": "fail", "code": 5000, "error": "no"})
        assert planfix.comments.get(9).text == "x"
        assert [planfix.comments.delete(9), planfix.comments.delete(9)] == [True, False]

    def test_find_by_key_looks_at_the_newest(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        rows = [{"id": 9}, {"id": 8, "sourceObjectId": external_id("warn/1")}, {"id": 7}]
        server.post(f"{BASE}/task/5/comments/list", json=OK | {"comments": rows})
        found = planfix.comments.find_by_key(5, "warn/1")
        assert found is not None
        assert found.id == 8
        assert planfix.comments.find_by_key(5, "warn/2") is None
        assert planfix.comments.find_by_key(5, "warn/1", limit=1) is None
