"""The seeds: what they promise to those who test against them."""

import time
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from crmkit.sandbox import Sandbox

DAY = 86400


@pytest.fixture(scope="module")
def account():
    return Sandbox.planfix("stale_deals", robot_noise=7).account


def idle(account, task):
    return (account.now() - task.touched) / DAY


def stalled(account):
    return [task for task in account.tasks.values() if idle(account, task) >= 15]


def test_so_many_deals_are_stalled(account):
    found = stalled(account)
    assert (len(account.tasks), len(found)) == (2007, 611)
    assert Counter(task.status == 6 for task in found) == {True: 24, False: 587}
    assert all(task.status in (1, 2, 3, 4) for task in found if task.status != 6)
    assert all(idle(account, task) <= 60 for task in found)


def test_refused_without_a_reason_and_snoozed_with_one(account):
    found = stalled(account)
    assert all(105 not in task.fields for task in found)
    snoozed = [task for task in found if 106 in task.fields]
    assert len(snoozed) == 12
    for task in snoozed:
        until = datetime.strptime(task.fields[106], "%d-%m-%Y").replace(tzinfo=ZoneInfo("Europe/Moscow"))
        assert until.timestamp() > account.now()
        assert task.fields[107]
        assert task.status != 6


def test_the_rest_is_alive(account):
    rest = [task for task in account.tasks.values() if idle(account, task) < 15]
    assert all(0 < idle(account, task) <= 14 for task in rest)
    states = Counter(task.status for task in rest)
    assert states[5] > 50
    assert states[6] > 30
    assert all(105 in task.fields for task in rest if task.status == 6)


def test_robot_noise_hides_idle_deals(account):
    def last(task, robots):
        comments = [account.comments[number] for number in task.comments]
        return max((one.at for one in comments if (one.owner == "user:91") is robots), default=0.0)

    noisy = [task for task in account.tasks.values() if last(task, robots=True)]
    assert len(noisy) == 7
    for task in noisy:
        assert idle(account, task) < 14
        assert (account.now() - last(task, robots=False)) / DAY >= 15
    assert Sandbox.planfix("stale_deals", deals=20, stalled=5).account.tasks.keys() == set(
        range(70001, 70021)
    )


def test_histories_hang_together(account):
    zone = ZoneInfo("Europe/Moscow")
    for task in account.tasks.values():
        comments = [account.comments[number] for number in task.comments]
        moments = [one.at for one in comments]
        assert moments == sorted(moments)
        assert moments[0] == task.created
        assert max(moments, default=0) <= task.touched < account.now()
        status = 1
        for old, new in (one.status_change for one in comments if one.status_change):
            assert old == status
            status = new
        assert status == task.status
        assert task.commented == max(one.at for one in comments if one.type == "Comment")
        assert (task.completed is not None) is (task.status in (5, 6))
        assert all(datetime.fromtimestamp(at, zone).weekday() < 5 for at in moments)
        assert all(9 <= datetime.fromtimestamp(at, zone).hour < 18 for at in moments)


def test_deals_have_a_client_a_manager_a_head_and_a_sum(account):
    for task in account.tasks.values():
        manager = account.users[int(task.assignees[0][5:])]
        head = account.users[int(task.auditors[0][5:])]
        assert manager.status == "Active"
        assert 4 <= manager.id <= 14
        assert head.id in (2, 3)
        assert head.groups == manager.groups
        assert account.contacts[task.counterparty].is_company
        assert account.contacts[task.counterparty].name in task.name
        assert task.fields[109] > 0
    clients = {one.owner for one in account.comments.values() if one.owner.startswith("contact:")}
    assert len(clients) > 100


def test_people(account):
    roles = {user.id: user.role for user in account.users.values()}
    assert (roles[1], roles[2], roles[4], roles[90], roles[91]) == ("Admin", "User", "User", "Robot", "Robot")
    assert [user.id for user in account.users.values() if user.status == "Inactive"] == [15]
    assert account.groups[1].name == "Отдел продаж 1"


def test_the_same_number_gives_the_same_account():
    def story(number):
        account = Sandbox.planfix("stale_deals", deals=50, stalled=20, random_seed=number).account
        return [(task.name, task.touched, task.fields) for task in account.tasks.values()], list(
            account.tokens
        )

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_twenty_thousand_deals_are_made_in_seconds():
    begun = time.perf_counter()
    account = Sandbox.planfix("stale_deals", deals=20_000, stalled=6_110).account
    assert time.perf_counter() - begun < 15  # about one on an idle machine
    assert (len(account.tasks), len(stalled(account))) == (20_000, 6_110)


def test_the_day_it_begins_can_be_chosen():
    start = datetime(2026, 1, 12, 9, tzinfo=ZoneInfo("Europe/Moscow"))
    account = Sandbox.planfix("stale_deals", start=start, deals=60, stalled=20).account
    assert len(stalled(account)) == 20


@pytest.mark.parametrize(
    ("seed", "options"),
    [
        ("other", {}),
        ("empty", {"colour": 1}),
        ("empty", {"deals": 5}),
        ("stale_deals", {"deals": 1, "stalled": 5}),
    ],
)
def test_wrong_seeds_and_options(seed, options):
    with pytest.raises(ValueError, match=r"seed|option|deals"):
        Sandbox.planfix(seed, **options)


def test_the_portal_config_fits_the_account(bench, box):
    config = box.portal_config
    assert (config["provider"], config["url"], config["token"]) == ("planfix", box.url, box.tokens["robot"])
    assert (config["timezone"], config["rate"], config["daily_limit"], config["clock"]) == (
        "Europe/Moscow",
        1.0,
        20_000,
        "sandbox",
    )
    account = box.account
    for mapping in (config["deals"], config["tasks"]["approval"]):
        assert mapping["object"] in account.objects
        assert all(account.statuses[one["id"]].name == one["name"] for one in mapping["stages"].values())
    fields = config["deals"]["fields"]
    assert all(account.fields.task[one["id"]].name == one["name"] for one in fields.values())
    assert {"return_state", "label", "previous_assignee", "new_assignee", "refusal_reason"} <= fields.keys()
    assert set(box.tokens) >= {"robot", "admin", "user:2", "user:15"}
    assert bench.api(box, "admin").get("/ping").ok
