"""People, departments, notifications, work groups and guests."""

from __future__ import annotations


def test_people_as_the_vendor_shows_them(api):
    told = api.answer("user.get", filter={"ACTIVE": True})
    assert told["total"] == 16
    first = told["result"][0]
    assert (first["ID"], first["ACTIVE"], first["TIMESTAMP_X"], first["UF_DEPARTMENT"]) == (
        "1",
        True,
        {},
        [1],
    )
    assert [one["ID"] for one in api.call("user.get", UF_DEPARTMENT=3, sort="ID", order="desc")][-1] == "3"
    assert [one["NAME"] for one in api.call("user.get", ID=[4, 5])] == ["Ольга", "Павел"]
    assert [one["ID"] for one in api.call("user.get", filter={"ACTIVE": "N"})] == ["15"]
    assert api.call("user.current")["ID"] == "1"


def test_departments_have_heads(api):
    found = api.call("department.get")
    assert [(one["NAME"], one.get("PARENT"), one["UF_HEAD"]) for one in found[1:]] == [
        ("Отдел продаж 1", "1", "2"),
        ("Отдел продаж 2", "1", "3"),
    ]
    assert [one["ID"] for one in api.call("department.get", PARENT=1)] == ["2", "3"]


def test_colleagues_and_guests_are_invited(api, bench, box):
    number = api.call("user.add", EMAIL="new@example.com", NAME="Новый", UF_DEPARTMENT=[2])
    assert api.call("user.get", ID=number)[0]["USER_TYPE"] == "employee"
    group = api.call("sonet_group.create", NAME="Гости")
    guest = api.call("user.add", EMAIL="guest@example.com", EXTRANET="Y", SONET_GROUP_ID=[group])
    assert [one["ID"] for one in api.call("user.get", filter={"USER_TYPE": "extranet"})] == [str(guest)]
    assert api.call("sonet_group.user.get", ID=group) == [{"USER_ID": "1", "ROLE": "A"}]  # not accepted yet
    for fields, text in (
        ({"EMAIL": "nonsense"}, "wrong_email"),
        ({"EMAIL": "new@example.com", "UF_DEPARTMENT": [1]}, "A user with this email already exists"),
        ({"EMAIL": "a@example.com"}, "no_extranet_field"),
        ({"EMAIL": "a@example.com", "EXTRANET": "Y"}, "no_sonet_group_for_extranet"),
    ):
        assert api.refused("user.add", **fields)[1:] == ("ERROR_ARGUMENT", text)
    assert bench.api(box, "user:4").refused("user.add", EMAIL="b@example.com")[1] == "ERROR_CORE"
    assert api.call("user.update", ID=number, WORK_POSITION="Стажёр", ACTIVE="N") is True
    assert api.call("user.get", ID=number)[0]["ACTIVE"] is False


def test_notifications(api, bench, box):
    first = api.call("im.notify.personal.add", USER_ID=4, MESSAGE="Раз")
    app = bench.app(box)
    app.call("im.notify.system.add", USER_ID=4, MESSAGE="Два", TAG="deal-1")
    third = app.call("im.notify.system.add", USER_ID=4, MESSAGE="Три", TAG="deal-1")
    assert [(one.id, one.text) for one in box.portal.notifications.values()] == [
        (first, "Раз"),
        (third, "Три"),
    ]
    assert api.call("im.notify", TO=15, MESSAGE="уволен") is False
    assert api.refused("im.notify.personal.add", MESSAGE="x")[1] == "USER_ID_EMPTY"
    assert api.refused("im.notify.personal.add", USER_ID=4)[1] == "MESSAGE_EMPTY"
    assert api.refused("im.notify.personal.add", USER_ID=4, MESSAGE="x", TAG="t")[0] == 403
    assert api.call("im.notify.personal.add", USER_ID=4, MESSAGE="x", TAG="t", CLIENT_ID="any")
    told = api.session.get(f"{box.control_url}/notifications", timeout=10).json()
    assert [one["text"] for one in told] == ["Раз", "Три", "x"]


def test_groups_and_their_members(api, bench, box):
    group = api.call("sonet_group.create", NAME="Проект", PROJECT="Y", OWNER_ID=2)
    assert api.call("sonet_group.user.invite", GROUP_ID=group, USER_ID=[4, 2]) == ["4"]
    assert api.call("sonet_group.user.invite", GROUP_ID=group, USER_ID=4) == []
    assert api.call("sonet_group.user.add", GROUP_ID=group, USER_ID=[4, 5]) == ["4", "5"]
    assert api.call("sonet_group.user.update", GROUP_ID=group, USER_ID=5, ROLE="E") == ["5"]
    roles = api.call("sonet_group.user.get", ID=group)
    assert [(one["USER_ID"], one["ROLE"]) for one in roles] == [("2", "A"), ("4", "K"), ("5", "E")]
    assert api.call("sonet_group.user.delete", GROUP_ID=group, USER_ID=[2, 5]) == ["5"]
    assert api.call("sonet_group.update", GROUP_ID=group, NAME="Другое имя") == group
    found = api.call("sonet_group.get", FILTER={"%NAME": "Друг"})[0]
    assert (found["NUMBER_OF_MEMBERS"], found["PROJECT"], found["OWNER_ID"]) == ("2", "Y", "2")
    assert api.refused("sonet_group.user.invite", GROUP_ID=group, USER_ID=[999])[1:] == ("", "Wrong user IDs")
    assert api.refused("sonet_group.user.get", ID=99)[1] == ""
    assert bench.api(box, "user:4").refused("sonet_group.user.add", GROUP_ID=group, USER_ID=6)[1] == ""
    assert api.call("sonet_group.delete", GROUP_ID=group) is True


def test_an_extranet_group_is_made_by_its_guests_not_by_a_wish(api, bench):
    group = api.call("sonet_group.create", NAME="Хотели", SITE_ID=["co"])
    assert api.call("sonet_group.get", FILTER={"IS_EXTRANET": "Y"}) == []
    guest = api.call("user.add", EMAIL="g@example.com", EXTRANET="Y", SONET_GROUP_ID=[group])
    api.call("sonet_group.user.add", GROUP_ID=group, USER_ID=[guest])
    assert [one["ID"] for one in api.call("sonet_group.get", FILTER={"IS_EXTRANET": "Y"})] == [str(group)]
    assert api.call("socialnetwork.api.workgroup.list", select=["ID"])["workgroups"] == []
    old = bench.api(extranet_groups=True)
    old.call("sonet_group.create", NAME="Хотели", SITE_ID=["co"])
    assert len(old.call("sonet_group.get", FILTER={"IS_EXTRANET": "Y"})) == 1


def test_the_other_list_of_groups_gives_numbers_unless_asked(api):
    api.call("sonet_group.create", NAME="Группа")
    assert api.call("socialnetwork.api.workgroup.list")["workgroups"] == [{"id": "1"}]
    found = api.call("socialnetwork.api.workgroup.list", select=["ID", "NAME"])["workgroups"]
    assert found == [{"id": "1", "name": "Группа"}]


def test_guests_need_a_seat_and_the_extranet(api, bench):
    def invite(caller, name="g", groups=None):
        group = groups or [caller.call("sonet_group.create", NAME="Клиент")]
        return caller.refused("user.add", EMAIL=f"{name}@example.com", EXTRANET="Y", SONET_GROUP_ID=group)[1:]

    assert invite(bench.api(seats=16)) == ("ERROR_ARGUMENT", "user_count_exceeded")
    assert invite(bench.api(guests=False)) == ("ERROR_ARGUMENT", "no_extranet_field")
    assert invite(api, groups=[99]) == ("ERROR_NO_GROUP", "Group is specified incorrectly")


def test_an_invitation_is_accepted_by_people(api, bench, box):
    group = api.call("sonet_group.create", NAME="Клиент")
    guest = api.call("user.add", EMAIL="g@example.com", EXTRANET="Y", SONET_GROUP_ID=[group])
    assert api.call("sonet_group.get", FILTER={"ID": group})[0]["IS_EXTRANET"] == "N"
    box.act.accept_invitation(guest, group)
    assert {"USER_ID": str(guest), "ROLE": "K"} in api.call("sonet_group.user.get", ID=group)
    assert api.call("sonet_group.get", FILTER={"ID": group})[0]["IS_EXTRANET"] == "Y"
    manager = bench.api(box, "user:4")
    assert manager.call("sonet_group.user.request", GROUP_ID=group, MESSAGE="Пустите") is True
    assert len(api.call("sonet_group.user.get", ID=group)) == 2
    box.act.accept_invitation("user:4", group)
    assert manager.refused("sonet_group.user.request", GROUP_ID=group)[2] == "Cannot request to join group"


def test_a_group_is_led_by_its_owner(api, bench, box):
    group = api.call("sonet_group.create", NAME="Клиент", OWNER_ID=4)
    owner, other = bench.api(box, "user:4"), bench.api(box, "user:5")
    assert owner.call("sonet_group.update", GROUP_ID=group, NAME="Клиент 2") == group
    for name, text in (
        ("sonet_group.update", "User has no permissions to update group"),
        ("sonet_group.delete", "User has no permissions to delete group"),
    ):
        assert other.refused(name, GROUP_ID=group)[1:] == ("", text)
    assert other.refused("sonet_group.user.delete", GROUP_ID=group, USER_ID=4)[1] == ""
    assert api.refused("sonet_group.setowner", GROUP_ID=group, USER_ID=99)[2] == "Invalid user ID"
    assert owner.call("sonet_group.setowner", GROUP_ID=group, USER_ID=5) is True
    roles = {one["USER_ID"]: one["ROLE"] for one in api.call("sonet_group.user.get", ID=group)}
    assert roles == {"4": "E", "5": "A"}
    assert owner.refused("sonet_group.delete", GROUP_ID=group)[1] == ""
    assert other.call("sonet_group.delete", GROUP_ID=group) is True


def test_notifications_are_taken_back(api, bench, box):
    app = bench.app(box)
    first = api.call("im.notify.personal.add", USER_ID=4, MESSAGE="Раз")
    app.call("im.notify.system.add", USER_ID=4, MESSAGE="Два", TAG="deal-1")
    assert api.refused("im.notify.delete")[1] == "PARAMS_ERROR"
    assert api.refused("im.notify.delete", TAG="deal-1")[:2] == (403, "ACCESS_DENIED")
    bench.api(box, "user:5").call("im.notify.delete", ID=first)
    assert len(box.portal.notifications) == 2
    assert api.call("im.notify.delete", ID=first) is True
    assert app.call("im.notify.delete", TAG="deal-1") is True
    assert not box.portal.notifications
