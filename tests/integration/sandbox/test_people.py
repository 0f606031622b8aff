"""What happens in the account while a client is at work."""

import pytest


def test_people_clients_and_robots_write(api):
    act = api.box.act
    client = api.post("/contact/", {"name": "Анна"}).json()["id"]
    number = api.create()
    act.comment("user:4", number, "Звонил")
    act.comment(f"contact:{client}", number, "Жду счёт")
    act.comment(f"contact:{client}", number, "И договор", channel="Telegram")
    act.robot_noise([number])
    fields = "owner,fromType,type"
    listed = api.post(f"/task/{number}/comments/list", {"fields": fields, "typeList": "All"}).json()[
        "comments"
    ]
    assert [(one["owner"]["id"], one["fromType"], one["type"]) for one in listed] == [
        ("user:4", "Planfix", "Comment"),
        (f"contact:{client}", "Email", "Comment"),
        (f"contact:{client}", "Telegram", "Comment"),
        ("user:91", "Planfix", "Comment"),
    ]


def test_changes_carry_their_author_and_the_sandbox_time(api):
    act, number = api.box.act, api.create()
    api.box.clock.advance(days=2)
    act.set_status(5, number, 3)
    act.set_fields("user:5", number, {103: "user:4", "109": 7, 102: ["VIP"], 106: {"date": "01-04-2025"}})
    act.assign("user:5", number, "user:6", "group:1")
    act.rename("user:5", number, "Иначе")
    task = api.task(number, "name,assignees,102,103,106,109,dateOfLastUpdate")
    assert [one["id"] for one in task["assignees"]["users"]] == ["user:6"]
    assert [one["id"] for one in task["assignees"]["groups"]] == [1]
    values = {one["field"]["id"]: one["value"] for one in task["customFieldData"]}
    assert values[103]["id"] == "user:4"
    assert (values[109], values[102], values[106]["date"]) == (7, ["VIP"], "01-04-2025")
    assert task["dateOfLastUpdate"]["date"] == "05-03-2025"
    assert {line.user for line in api.box.account.log} == {"user:5"}
    (entry,) = api.comments(number)
    assert entry["owner"]["id"] == "user:5"
    act.set_fields("user:5", number, {109: None})
    act.assign("user:5", number)
    task = api.task(number, "assignees,109")
    assert (task["assignees"]["users"], task["customFieldData"]) == ([], [])


def test_dates_set_by_hand_are_in_the_history(api):
    number = api.create()
    api.box.act.set_dates("user:4", number, end=api.box.account.now() + 86400)
    assert len(api.comments(number)) == 1
    assert api.task(number, "endDateTime")["endDateTime"]["date"] == "04-03-2025"


def test_merging_moves_the_comments_and_deletes(api):
    act, source, target = api.box.act, api.create(), api.create()
    kept = act.comment("user:4", target, "Здесь")
    moved = act.comment("user:4", source, "Там")
    act.merge("user:4", source, target)
    assert api.ids() == [target]
    assert [one["id"] for one in api.comments(target)] == [kept, moved]
    assert api.comments(source) == []
    assert api.get(f"/comment/{moved}", fields="task").json()["comment"]["task"] == {"id": target}
    assert api.box.account.tasks[source].merged_into == target
    assert api.task(source, "isDeleted")["isDeleted"] is True


def test_a_deleted_task_takes_nothing_but_its_restoration(api):
    number = api.create()
    api.box.act.delete_task("user:4", number)
    assert api.post(f"/task/{number}", {"name": "x"}).json()["code"] == 1000
    assert api.post(f"/task/{number}/comments/", {"description": "x"}).json()["code"] == 1000
    assert api.post(f"/task/{number}", {"isDeleted": False}).status_code == 200
    assert api.ids() == [number]


def test_the_account_is_changed_under_the_client(api):
    act, number = api.box.act, api.create(customFieldData=[{"field": {"id": 102}, "value": ["VIP"]}])
    act.rename_status(6, "Проиграна")
    act.rename_field(109, "Бюджет")
    act.remove_option(102, "VIP")
    act.set_user_status("user:4", "Inactive")
    statuses = api.get("/process/task/1/statuses").json()["statuses"]
    assert statuses[-1]["name"] == "Проиграна"
    fields = {one["id"]: one for one in api.get("/customfield/task").json()["customfields"]}
    assert (fields[109]["name"], fields[102]["enumValues"]) == ("Бюджет", ["Свободная сделка", "Тендер"])
    assert api.get("/user/4", fields="status").json()["user"]["status"] == "Inactive"
    assert api.task(number, "102")["customFieldData"][0]["value"] == ["VIP"]
    act.detach_field(1, 109)
    api.post(f"/task/{number}", {"customFieldData": [{"field": {"id": 109}, "value": 5}]})
    assert api.task(number, "109")["customFieldData"] == []
    assert 109 not in [one["field"]["id"] for one in api.get("/object/1").json()["object"]["customFieldData"]]


def test_another_seed_of_the_same_kind_does_not_share_state(bench, box):
    box.act.rename_status(6, "Проиграна")
    box.act.remove_option(102, "VIP")
    other = bench.box()
    assert other.account.statuses[6].name == "Отказ"
    assert "VIP" in other.account.fields.task[102].options


@pytest.mark.parametrize(
    "deed",
    [
        lambda act: act.comment("user:777", 70001, "x"),
        lambda act: act.comment("user:4", 5, "x"),
        lambda act: act.set_status("user:4", 70001, 99),
        lambda act: act.set_fields("user:4", 70001, {999: 1}),
        lambda act: act.assign("user:4", 70001, "contact:5"),
    ],
)
def test_what_nobody_can_do(api, deed):
    api.create()
    with pytest.raises(LookupError):
        deed(api.box.act)
    assert api.comments(70001) == []


def test_no_such_status_of_users(api):
    with pytest.raises(ValueError, match="Asleep"):
        api.box.act.set_user_status("user:4", "Asleep")
