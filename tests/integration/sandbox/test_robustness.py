"""Whatever a client sends, the sandbox answers as the vendor would, never with a bug of its own."""

import json
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.models import Contact, DataTag, DataTagEntry, FieldDef, Project
from crmkit.sandbox.planfix.records import ChecklistItem, StoredFile
from crmkit.sandbox.planfix.urls import routes
from crmkit.sandbox.wire import Request

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 5, 70001, 101, 109, 1.5, 1e400]),
    st.sampled_from(
        ["", "5", "user:4", "contact:1", "group:1", "user:", "x:y", "today", "01-03-2025", "Urgent", "id"]
    ),
    st.text(max_size=5),
)
NAMES = """
id name status object template processId assignees users groups assigner counterparty parent project
priority startDateTime endDateTime date time datetime hasEndDate delayedTillDate duration
customFieldData field value description owner recipients roles isHidden dateTime typeList
resultOrder direction fields filters filterId type operator subfilter dataTagId filter dateType
dateValue dateFrom dateTo offset pageSize isCompany phones number companies contacts supervisors
birthDate gender inFavorites isDeleted enumValues from to runAsUserId files dataTag items isDone url
parentKey isGroup archived groupId taskId contactId onlyChanged sourceId sourceDataVersion names
directoryId mainValue position workspace groups temporaryReplacement employee timezone role contacts
optionImportDuplicate optionImportUniqueField secretToken owner endDate hasEndDate email
"""
KEYS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)
FILTER_TYPES = """
152 153 307 325 3000 3001 3101 3108 4001 4006 4106 4152 4231 5001 5003 5006 5101 6003 6005 6006 6101
9001 9005 9008 9106
"""
FILTERS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.one_of(
                st.integers(1, 120),
                st.sampled_from([int(number) for number in FILTER_TYPES.split()]),
            ),
            "operator": st.sampled_from(
                ["equal", "notequal", "gt", "lt", "have", "nothave", "gtAndEqual", "equals"]
            ),
            "value": VALUES,
        },
        optional={"field": st.one_of(st.sampled_from([101, 106, 109, 5]), VALUES), "subfilter": VALUES},
    ),
    max_size=3,
)
BODIES = st.one_of(
    st.dictionaries(KEYS, VALUES, max_size=5),
    FILTERS.map(lambda filters: {"filters": filters}),
    st.fixed_dictionaries(
        {"name": st.just("x")}, optional={"object": st.just({"id": 1}), "customFieldData": VALUES}
    ),
    st.fixed_dictionaries({"description": st.just("x")}, optional={"recipients": VALUES, "owner": VALUES}),
)


@given(
    st.sampled_from(sorted(routes(), key=lambda route: route.name)),
    BODIES,
    st.sampled_from(["70001", "5", "x", "500001", "1", "1001", "204301", "12345"]),
)
@settings(max_examples=1500, derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_request_breaks_it(route, body, number):
    box = Sandbox.planfix("empty", strict_limits=False)
    act = box.act
    box.account.data_tags[5] = DataTag(5, "Звонок", {5: FieldDef(5, "Итог", 0)})
    act.comment("user:4", act.create_task("user:4", "Сделка"), "Привет")
    account = box.account
    account.contacts[1] = account.contacts[1001] = Contact(1001, "Анна")
    account.projects[1] = Project(1, "Запуск")
    account.checklist[1] = ChecklistItem(1, 1, "Позвонить", account.now())
    account.tasks[1] = account.tasks[70001]
    account.files[204301] = StoredFile(204301, "договор.txt", "user:90", account.now(), b"x")
    row = DataTagEntry(1, 5, {}, task=70001, author="user:90")
    account.entries[1] = row
    account.tasks[70001].entries.append(row)
    path = re.sub(r"\{\w+\}", number, route.path)
    request = Request(
        verb=route.verb,
        path=path,
        query={"fields": "id,name,status,109", "id": "70001", "chunk": "0"},
        headers={"authorization": f"Bearer {box.tokens['robot']}"},
        body=json.dumps(body).encode() if route.verb == "POST" else b"",
    )
    reply = box.vendor.handle(request)
    assert reply.status in (200, 201, 202, 302, 400, 403, 404, 500, 501)
    if reply.body:
        payload = json.loads(reply.body)
        assert route.bare or payload["result"] == ("success" if reply.status < 300 else "fail")
        assert reply.status < 300 or isinstance(payload["code"], int)
    # Whatever was written can be read and listed afterwards.
    for verb, path, text in (
        (
            "POST",
            "/task/list",
            b'{"fields":"id,name,status,assignees,endDateTime,dateTime,101,102,103,106,109,counterparty"}',
        ),
        (
            "POST",
            "/task/70001/comments/list",
            b'{"fields":"id,dateTime,owner,recipients,changeTaskExpectDate","typeList":"All"}',
        ),
        (
            "POST",
            "/contact/list",
            b'{"fields":"id,name,phones,birthDate,supervisors,companies,contacts,group"}',
        ),
    ):
        answer = box.vendor.handle(Request(verb, path, {}, request.headers, text))
        assert answer.status == 200
        json.loads(answer.body)
