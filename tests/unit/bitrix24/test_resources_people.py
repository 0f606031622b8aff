"""Users, departments, notifications, groups."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.bitrix24.client import Bitrix24
from crmkit.exceptions import NotFound

from .conftest import Case, check, names

CASES: list[Case] = [
    ("user.get", [{"ID": "7", "NAME": "N"}], lambda b: b.users.get(7).name, {"FILTER": {"ID": 7}}, "N"),
    (
        "user.get",
        [{"ID": "7", "TIMESTAMP_X": {}, "UF_DEPARTMENT": [1]}],
        lambda b: [u.uf_department for u in b.users.list({"ACTIVE": True})],
        {"FILTER": {"ACTIVE": "Y"}, "sort": "ID", "order": "ASC"},
        [(1,)],
    ),
    ("user.current", {"ID": "1"}, lambda b: b.users.current().id, {}, 1),
    (
        "user.add",
        "55",
        lambda b: b.users.invite("a@b.c", departments=[1], name="N"),
        {"EMAIL": "a@b.c", "UF_DEPARTMENT": [1], "NAME": "N"},
        55,
    ),
    (
        "user.add",
        56,
        lambda b: b.users.invite_extranet("a@b.c", groups=[12], message="Hi"),
        {"EMAIL": "a@b.c", "EXTRANET": "Y", "SONET_GROUP_ID": [12], "MESSAGE_TEXT": "Hi"},
        56,
    ),
    (
        "user.update",
        True,
        lambda b: b.users.update(7, work_position="W"),
        {"ID": 7, "WORK_POSITION": "W"},
        None,
    ),
    (
        "department.get",
        [{"ID": "1", "PARENT": "0"}],
        lambda b: [d.parent for d in b.departments.list()],
        {},
        [None],
    ),
    (
        "im.notify.personal.add",
        False,
        lambda b: b.notifications.personal(7, "text"),
        {"USER_ID": 7, "MESSAGE": "text"},
        None,
    ),
    (
        "im.notify.system.add",
        12,
        lambda b: b.notifications.system(7, "text", tag="deal-1"),
        {"USER_ID": 7, "MESSAGE": "text", "TAG": "deal-1", "CLIENT_ID": "crmkit"},
        12,
    ),
    (
        "sonet_group.create",
        "69",
        lambda b: b.groups.create("G", owner=5, project="Y"),
        {"NAME": "G", "PROJECT": "Y", "OWNER_ID": 5},
        69,
    ),
    (
        "sonet_group.get",
        [{"ID": "69", "IS_EXTRANET": "Y"}],
        lambda b: [g.is_extranet for g in b.groups.list()],
        {},
        [True],
    ),
    ("sonet_group.update", 69, lambda b: b.groups.update(69, name="H"), {"GROUP_ID": 69, "NAME": "H"}, None),
    ("sonet_group.delete", True, lambda b: b.groups.delete(69), {"GROUP_ID": 69}, None),
    (
        "sonet_group.user.get",
        [{"USER_ID": "5", "ROLE": "A"}],
        lambda b: [(m.user_id, m.role) for m in b.groups.members(69)],
        {"ID": 69},
        [(5, "A")],
    ),
    (
        "sonet_group.user.invite",
        ["1271"],
        lambda b: b.groups.invite(69, [1271], "come"),
        {"GROUP_ID": 69, "USER_ID": [1271], "MESSAGE": "come"},
        (1271,),
    ),
    ("sonet_group.user.invite", [], lambda b: b.groups.invite(69, [1]), {"GROUP_ID": 69, "USER_ID": [1]}, ()),
    ("sonet_group.user.add", ["1"], lambda b: b.groups.add(69, [1]), {"GROUP_ID": 69, "USER_ID": [1]}, (1,)),
    ("sonet_group.user.delete", True, lambda b: b.groups.remove(69, 1), {"GROUP_ID": 69, "USER_ID": 1}, None),
]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_people_send_the_documented_call(b24: Bitrix24, portal: Any, case: Case) -> None:
    check(case, b24, portal)


def test_missing_user(b24: Bitrix24, portal: Any) -> None:
    portal.methods["user.get"] = lambda _: []
    with pytest.raises(NotFound):
        b24.users.get(5)
