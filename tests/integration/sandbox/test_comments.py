"""Comments: written, listed, hidden, told about."""

import pytest


def add(api, task, text="Привет", **body):
    answer = api.post(f"/task/{task}/comments/", {"description": text, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def users(*refs):
    return {"users": [{"id": ref} for ref in refs]}


def told(api):
    return [(one.user, one.comment, one.text) for one in api.box.account.notifications]


@pytest.fixture
def task(api):
    """A task of user 4, which user 5 takes part in and user 2 audits."""
    number = api.create(
        assigner={"id": "user:3"},
        assignees=users("user:4"),
        participants=users("user:5"),
        auditors=users("user:2"),
    )
    api.box.account.notifications.clear()
    return number


def test_a_comment_is_written_by_the_token_owner_now(api, task):
    api.box.clock.advance(minutes=1, seconds=5)
    number = add(api, task)
    (comment,) = api.comments(task)
    assert comment == {
        "id": number,
        "dateTime": {
            "date": "03-03-2025",
            "time": "06:01",
            "datetime": "2025-03-03T06:01Z",
            "dateTimeUtcSeconds": "2025-03-03T06:01:05+0000",
        },
        "type": "Comment",
        "description": "Привет",
        "owner": {"id": "user:90", "name": "Робот crmkit"},
        "isDeleted": False,
        "isHidden": False,
        "recipients": {"users": [], "groups": []},
    }
    assert api.box.account.notifications == []


def test_another_owner_and_another_time(api, task):
    number = add(api, task, owner={"id": "user:4"}, dateTime={"datetime": "2025-02-01T10:00Z"})
    comment = api.get(f"/comment/{number}", fields="owner,dateTime,task,fromType").json()["comment"]
    assert comment["owner"]["id"] == "user:4"
    assert comment["dateTime"]["date"] == "01-02-2025"
    assert comment["task"] == {"id": task}
    client = api.post("/contact/", {"name": "Клиент"}).json()["id"]
    assert add(api, task, owner={"id": f"contact:{client}"})
    for owner in ({"id": "user:777"}, {"id": "?"}, {"name": "x"}):
        assert api.post(f"/task/{task}/comments/", {"description": "x", "owner": owner}).json()["code"] == 41


def test_a_backdated_comment_moves_no_date_back(api, task):
    add(api, task)
    add(api, task, dateTime={"datetime": "2025-02-01T10:00Z"})
    assert api.task(task, "dateOfLastComment")["dateOfLastComment"]["date"] == "03-03-2025"


def test_text_is_html(api, task):
    add(api, task, "раз\nдва<br>три<!-- crmkit:key -->")
    assert api.comments(task)[0]["description"] == "раздва<br>три"


def test_a_comment_of_more_than_64_kb_is_refused(api, task):
    assert add(api, task, "я" * (32 * 1024))
    answer = api.post(f"/task/{task}/comments/", {"description": "я" * (32 * 1024) + "!"})
    assert (answer.status_code, answer.json()["code"]) == (400, 41)


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 40),
        ({"description": 5}, 41),
        ({"description": "x", "recipients": {"users": [{"id": "user:777"}]}}, 41),
        ({"description": "x", "recipients": {"roles": ["boss"]}}, 41),
        ({"description": "x", "recipients": "user:4"}, 41),
        ({"description": "x", "dateTime": "вчера"}, 41),
    ],
)
def test_what_is_refused(api, task, body, code):
    answer = api.post(f"/task/{task}/comments/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert api.comments(task) == []


def test_recipients_are_told_one_by_one(api, task):
    number = add(api, task, "<b>Через 7 дней</b>", recipients=users("user:4", "user:2"))
    assert told(api) == [("user:4", number, "Через 7 дней"), ("user:2", number, "Через 7 дней")]
    recipients = api.comments(task)[0]["recipients"]["users"]
    assert [one["id"] for one in recipients] == ["user:4", "user:2"]


def test_groups_and_roles_are_resolved_and_everybody_is_told_once(api, task):
    group = sorted(
        user.ref for user in api.box.account.users.values() if 2 in user.groups and user.status == "Active"
    )
    add(api, task, recipients={"groups": [{"id": 2}], "users": [{"id": "user:5"}]})
    assert sorted(user for user, _, _ in told(api)) == group
    assert "user:5" in group
    api.box.account.notifications.clear()
    add(api, task, recipients={"roles": ["assignee", "auditor", "participant", "assigner"]})
    assert [user for user, _, _ in told(api)] == ["user:4", "user:2", "user:5", "user:3"]


def test_the_author_the_inactive_and_robots_are_not_told(api, task):
    add(api, task, recipients=users("user:4", "user:15", "user:90", "user:91"), owner={"id": "user:4"})
    assert told(api) == []
    add(api, task, recipients=users("user:15", "user:4"))
    assert [user for user, _, _ in told(api)] == ["user:4"]


def test_clients_are_told_as_well(api, task):
    client = api.post("/contact/", {"name": "Клиент"}).json()["id"]
    add(api, task, recipients=users(f"contact:{client}"))
    assert [user for user, _, _ in told(api)] == [f"contact:{client}"]


def test_silent_tells_nobody_but_the_comment_is_there(api, task):
    answer = api.post(
        f"/task/{task}/comments/", {"description": "Тихо", "recipients": users("user:4")}, silent="true"
    )
    assert answer.status_code == 201
    assert told(api) == []
    assert api.comments(task)[0]["description"] == "Тихо"


def test_a_hidden_comment_is_for_author_recipients_and_administrators(bench, box, api, task):
    number = add(api, task, isHidden=True, recipients=users("user:4"), owner={"id": "user:3"})
    seen = {}
    for who in ("user:4", "user:3", "user:2", "user:5", "admin", "robot"):
        seen[who] = [one["id"] for one in bench.api(box, who).comments(task)]
    hidden_from = {who for who, found in seen.items() if found != [number]}
    assert hidden_from == {"user:2", "user:5"}
    assert bench.api(box, "user:2").get(f"/comment/{number}").json()["code"] == 5000


@pytest.mark.wrong_requests
def test_lists_by_type(bench, box, api, task):
    plain = add(api, task, recipients=users("user:4"))
    gone = add(api, task)
    box.act.set_status("user:4", task, 2)
    assert api.delete(f"/comment/{gone}").content == b""
    by_type = {
        which: [one["id"] for one in api.comments(task, which)]
        for which in ("Comments", "All", "New", "Deleted")
    }
    history = box.account.tasks[task].comments[-1]
    assert by_type == {"Comments": [plain], "All": [plain, history], "New": [], "Deleted": [gone]}
    assert [one["id"] for one in bench.api(box, "user:4").comments(task, "New")] == [plain]
    assert api.post(f"/task/{task}/comments/list", {"fields": "id"}).json()["comments"] == [{"id": plain}]
    assert api.post(f"/task/{task}/comments/list", {"typeList": "Some"}).json()["code"] == 41


@pytest.mark.wrong_requests
def test_order_and_pages(api, task):
    first = add(api, task)
    old = add(api, task, dateTime={"datetime": "2025-01-01T10:00Z"})
    api.box.clock.advance(minutes=1)
    last = add(api, task)

    def order(*orders, **body):
        body["resultOrder"] = [{"field": name, "direction": way} for name, way in orders]
        return [one["id"] for one in api.comments(task, **body)]

    assert order() == [first, old, last]
    assert order(("id", "Desc")) == [last, old, first]
    assert order(("dateTime", "Desc")) == [last, first, old]
    assert order(("dateTime", "Asc"), ("id", "Desc")) == [old, first, last]
    assert order(("id", "Desc"), offset=1, pageSize=1) == [old]
    typo = [{"filed": "id", "direction": "Desc"}]
    assert [one["id"] for one in api.comments(task, resultOrder=typo)] == [last, old, first]
    for nonsense in ([{"field": "owner"}], [{"field": "id", "direction": "Up"}], "id", ["id"]):
        refused = api.post(f"/task/{task}/comments/list", {"resultOrder": nonsense})
        assert (refused.status_code, refused.json()["code"]) == (500, 41)


def test_a_change_in_place_answers_200_without_a_body_and_tells_nobody(api, task):
    number = add(api, task)
    answer = api.post(
        f"/task/{task}/comments/{number}",
        {"description": "Иначе", "isPinned": True, "isHidden": True, "recipients": users("user:4")},
    )
    assert (answer.status_code, answer.content) == (200, b"")
    comment = api.get(f"/comment/{number}", fields="description,isPinned,isHidden,recipients").json()[
        "comment"
    ]
    assert (comment["description"], comment["isPinned"], comment["isHidden"]) == ("Иначе", True, True)
    assert comment["recipients"]["users"][0]["id"] == "user:4"
    assert told(api) == []


def test_only_ones_own_comments_unless_administrator(bench, box, api, task):
    number = box.act.comment("user:4", task, "Моё")
    other = bench.api(box, "user:5")
    assert other.post(f"/task/{task}/comments/{number}", {"description": "x"}).json()["code"] == 6
    assert other.delete(f"/comment/{number}").json()["code"] == 6
    assert bench.api(box, "user:4").delete(f"/comment/{number}").status_code == 200
    assert api.get(f"/comment/{number}", fields="isDeleted").json()["comment"]["isDeleted"] is True


def test_what_is_not_there(api, task):
    other = api.create()
    number = add(api, other)
    missing = api.post(f"/task/{task}/comments/{number}", {"description": "x"})
    assert missing.json() == {"result": "fail", "code": 5000, "error": f"Comment not found by id {number}"}
    assert api.get("/comment/7").json()["code"] == 5000
    assert api.delete("/comment/7").json()["code"] == 5000
    listed = api.post("/task/5/comments/list", {})
    assert (listed.status_code, listed.json()["code"], listed.json()["error"]) == (
        500,
        1000,
        "Task not found by id 5",
    )
    assert api.post("/task/5/comments/", {"description": "x"}).json()["code"] == 1000


def test_a_process_may_forbid_comments(api, task):
    api.box.account.objects[1].comments_allowed = False
    answer = api.post(f"/task/{task}/comments/", {"description": "x"})
    assert answer.json() == {"result": "fail", "code": 6, "error": "New comments not allowed in this process"}


def test_the_list_over_all_tasks_needs_a_filter(api, task):
    answer = api.post("/comment/list", {"fields": "id"})
    assert (answer.status_code, answer.json()["code"]) == (400, 0)


def test_the_list_over_all_tasks_by_date_and_author(bench, box, api, task):
    other = api.create(assignees=users("user:6"))
    mine, his = add(api, task), box.act.comment("user:6", other, "x")
    box.act.set_status("user:6", other, 2)
    today = {"type": 3000, "operator": "equal", "value": {"dateType": "today"}}
    by_robot = {"type": 3001, "operator": "equal", "value": "user:90"}

    def found(who, *filters, **body):
        answer = who.post("/comment/list", {"fields": "id,task", "filters": list(filters), **body})
        return [(one["id"], one["task"]["id"]) for one in answer.json()["comments"]]

    assert found(api, today) == [(mine, task), (his, other)]
    assert len(found(api, today, typeList="All")) == 3
    assert found(api, today, by_robot) == [(mine, task)]
    assert found(bench.api(box, "user:6"), today) == [(his, other)]
    box.clock.advance(days=1)
    assert found(api, today) == []
    assert (
        api.post("/comment/list", {"filters": [{"type": 12, "operator": "equal", "value": 1}]}).json()["code"]
        == 41
    )


def test_keys_of_comments_are_given_back_or_not(bench):
    for echo in (True, False):
        api = bench.api(echo_source_ids=echo)
        number = add(api, api.create(), sourceObjectId="key-1")
        comment = api.get(f"/comment/{number}", fields="sourceObjectId").json()["comment"]
        assert comment["sourceObjectId"] == ("key-1" if echo else "")
