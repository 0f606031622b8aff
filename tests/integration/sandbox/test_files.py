"""Files: uploads, links, downloads, what has them and what becomes of them."""

import socket

import pytest
import requests

from crmkit.sandbox.planfix.models import FieldDef


def upload(api, name="договор.txt", content=b"x" * 55, **params):
    answer = api.session.post(
        f"{api.box.url}/file/", files={"file": (name, content)}, params=params, timeout=10
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def names(api, path, **params):
    return [one["name"] for one in api.get(path, **params).json()["files"]]


def test_a_file_is_uploaded_and_measured_in_kilobytes_rounded_up(api):
    number = upload(api)
    shown = api.get(f"/file/{number}", fields="id,name,size,downloadUrl,link").json()["file"]
    assert (shown["id"], shown["name"], shown["size"]) == (number, "договор.txt", 1)
    assert "link" not in shown
    assert api.get(f"/file/{upload(api, content=b'x' * 2049)}").json()["file"]["size"] == 3
    assert api.get(f"/file/{upload(api, content=b'')}").json()["file"]["size"] == 0


def test_bytes_stay_as_they_are(bench):
    api = bench.api(downloads="stream")
    content = bytes(range(256)) * 9 + b"\r\n--x\r\n"
    number = upload(api, name='Счёт "№ 1".pdf', content=content)
    assert api.get(f"/file/{number}").json()["file"]["name"] == 'Счёт "№ 1".pdf'
    answer = api.get(f"/file/{number}/download")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_a_download_leads_to_a_signed_link_on_another_host(api):
    number = upload(api, content=b"abc")
    answer = api.session.get(f"{api.box.url}/file/{number}/download", allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    link = answer.headers["Location"]
    assert link.startswith("http://localhost:")
    assert requests.get(link, timeout=10).content == b"abc"
    followed = api.session.get(f"{api.box.url}/file/{number}/download", timeout=10)
    assert followed.content == b"abc"  # requests leaves the token behind at another host


def test_a_signed_link_takes_no_token_and_no_change_and_expires(api):
    number = upload(api, content=b"abc")
    link = api.get(f"/file/{number}", fields="downloadUrl").json()["file"]["downloadUrl"]
    assert api.session.get(link, timeout=10).status_code == 400
    assert requests.get(link + "0", timeout=10).status_code == 403
    assert requests.get(link.replace(str(number), "5", 1), timeout=10).status_code == 404
    assert requests.get(link, timeout=10).status_code == 200
    api.box.clock.advance(minutes=11)
    assert requests.get(link, timeout=10).status_code == 403
    assert [entry.operation for entry in api.box.requests][-1] == "GET /download/"


def test_a_link_is_fetched_from_this_machine_only(api):
    number = upload(api, content=b"abc")
    link = api.get(f"/file/{number}", fields="downloadUrl").json()["file"]["downloadUrl"]
    copy = api.post("/file/from-url/", {"name": "копия.txt", "url": link})
    assert copy.status_code == 200, copy.text
    shown = api.get(f"/file/{copy.json()['id']}").json()["file"]
    assert (shown["name"], shown["size"]) == ("копия.txt", 1)
    unnamed = api.post("/file/from-url/", {"url": link}).json()["id"]
    assert api.get(f"/file/{unnamed}").json()["file"]["name"] == str(number)
    for url in ("https://planfix.com/logo.png", "http://10.0.0.1/x", "file:///etc/passwd", "http://[x", "x"):
        refused = api.post("/file/from-url/", {"url": url})
        assert (refused.status_code, refused.json()["code"]) == (400, 41)
        assert refused.json()["error"] == "Unsafe url for downloading file"
    assert api.post("/file/from-url/", {"url": f"{api.box.control_url}/nowhere"}).json()["code"] == 7002
    assert api.post("/file/from-url/", {}).json()["code"] == 40


@pytest.mark.wrong_requests
def test_uploads_that_cannot_be_read(api):
    answer = api.session.post(f"{api.box.url}/file/", data=b"abc", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, 7001)
    for files in ({"document": ("a.txt", b"x")}, {"file": (None, b"x")}):
        answer = api.session.post(f"{api.box.url}/file/", files=files, timeout=10)
        assert answer.json()["code"] == 7001
    answer = api.session.post(
        f"{api.box.url}/file/", files={"file": ("a", b"x")}, params={"targetType": "moon"}, timeout=10
    )
    assert answer.json()["code"] == 41


def test_files_replace_those_that_were_there_and_loose_ones_are_deleted(api):
    first, second, shared = (upload(api, name) for name in ("1.txt", "2.txt", "3.txt"))
    task = api.create(files=[{"id": first}, {"id": shared}])
    other = api.create(files=[{"id": shared}])
    assert [one["name"] for one in api.task(task, "files")["files"]] == ["1.txt", "3.txt"]
    api.post(f"/task/{task}", {"name": "Иначе"})
    assert names(api, f"/task/{task}/files") == ["1.txt", "3.txt"]  # left out: untouched
    api.post(f"/task/{task}", {"files": [{"id": second}]})
    assert names(api, f"/task/{task}/files") == ["2.txt"]
    assert api.get(f"/file/{first}").json()["code"] == 7000
    assert api.get(f"/file/{shared}").status_code == 200
    api.post(f"/task/{task}", {"files": []})
    assert names(api, f"/task/{task}/files") == []
    assert names(api, f"/task/{other}/files") == ["3.txt"]


def test_a_file_that_is_not_there_is_a_failure(api):
    task = api.create()
    answer = api.post(f"/task/{task}", {"files": [{"id": 5}], "name": "Иначе"})
    assert answer.json()["failures"] == [{"field": "files", "error": "File not found by id 5"}]
    assert api.task(task, "name")["name"] == "Иначе"
    assert api.post("/task/", {"name": "x", "files": [{"id": 5}]}).json()["code"] == 1001
    assert (
        api.post(f"/task/{task}/comments/", {"description": "x", "files": [{"id": 5}]}).json()["code"] == 41
    )


def test_files_of_comments_are_files_of_the_task_too(api):
    first, second, third = (upload(api, name) for name in ("1.txt", "2.txt", "3.txt"))
    task = api.create(files=[{"id": first}])
    made = api.post(f"/task/{task}/comments/", {"files": [{"id": second}]})  # a file will do without a text
    comment = made.json()["id"]
    shown = api.get(f"/comment/{comment}", fields="files").json()["comment"]["files"]
    assert shown == [{"id": second, "size": 1, "name": "2.txt"}]
    assert names(api, f"/task/{task}/files") == ["1.txt", "2.txt"]
    assert names(api, f"/task/{task}/files", onlyFromDescription="true") == ["1.txt"]
    api.post(f"/task/{task}/comments/{comment}", {"files": [{"id": third}]})
    assert names(api, f"/task/{task}/files") == ["1.txt", "3.txt"]
    assert api.get(f"/file/{second}").json()["code"] == 7000
    api.delete(f"/comment/{comment}")
    assert names(api, f"/task/{task}/files") == ["1.txt"]


def test_files_are_attached_to_tasks_contacts_and_projects(api):
    number, task = upload(api), api.create()
    contact = api.post("/contact/", {"name": "Анна"}).json()["id"]
    project = api.post("/project/", {"name": "Запуск"}).json()["id"]
    for kind, target in (("task", task), ("contact", contact), ("project", project)):
        path = f"/file/{number}/attach/{kind}"
        assert api.session.post(f"{api.box.url}{path}?id={target}", timeout=10).json() == {
            "result": "success"
        }
        assert names(api, f"/{kind}/{target}/files") == ["договор.txt"]
        denied = api.session.post(f"{api.box.url}{path}?id=77", timeout=10).json()
        assert (denied["code"], denied["error"]) == (6, f"Access denied for {kind} by id - 77")
        assert api.session.post(f"{api.box.url}{path}", timeout=10).json()["code"] == 40
    assert api.session.post(f"{api.box.url}/file/5/attach/task?id={task}", timeout=10).json()["code"] == 7000
    api.post(f"/contact/{contact}", {"files": []})
    assert names(api, f"/contact/{contact}/files") == []
    assert api.get(f"/file/{number}").status_code == 200
    assert names(api, f"/project/{project}/files", offset=1) == []


def test_files_of_the_comments_of_contacts(api):
    contact, number = api.post("/contact/", {"name": "Анна"}).json()["id"], upload(api)
    api.post(f"/contact/{contact}/comments/", {"description": "x", "files": [{"id": number}]})
    assert names(api, f"/contact/{contact}/files") == ["договор.txt"]
    assert names(api, f"/contact/{contact}/files", onlyFromDescription="true") == []


@pytest.mark.wrong_requests
def test_a_file_is_renamed_and_deleted(bench, api):
    number, task = upload(api), api.create(assignees={"users": [{"id": "user:4"}]})
    api.post(f"/task/{task}", {"files": [{"id": number}]})
    manager = bench.api(api.box, "user:4")
    for answer in (manager.post(f"/file/{number}", {"name": "x"}), manager.delete(f"/file/{number}")):
        assert answer.json()["error"] == f"Access denied for file by id - {number}"
    assert api.post(f"/file/{number}", {"name": "Иначе.txt"}).json() == {"result": "success"}
    assert names(api, f"/task/{task}/files") == ["Иначе.txt"]
    api.post(f"/file/{number}", {"link": "https://cloud.example/1"})
    assert api.get(f"/file/{number}", fields="link").json()["file"]["link"] == "https://cloud.example/1"
    assert api.post(f"/file/{number}", {"name": 5}).json()["code"] == 41
    assert api.delete(f"/file/{number}").json() == {"result": "success"}
    assert names(api, f"/task/{task}/files") == []
    assert api.delete(f"/file/{number}").json()["code"] == 7000


@pytest.mark.parametrize("path", ["/file/5", "/file/5/download"])
def test_a_file_that_is_not_there(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, 7000)


@pytest.mark.wrong_requests
def test_values_of_the_wrong_kind(api):
    number = upload(api)
    link = api.get(f"/file/{number}", fields="downloadUrl").json()["file"]["downloadUrl"]
    assert api.post("/file/from-url/", {"url": link, "name": 5}).json()["code"] == 41
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert api.post("/file/from-url/", {"url": f"http://127.0.0.1:{port}/x"}).json()["code"] == 7002
    assert api.post(f"/file/{number}/attach/task?id=x").json()["code"] == 41
    task = api.create(files=[{"id": number}])
    api.post(f"/file/{number}/attach/task?id={task}")
    assert len(api.task(task, "files")["files"]) == 1


def test_a_file_in_a_custom_field_is_not_loose(api):
    api.box.account.fields.task[110] = FieldDef(110, "Сканы", 21)
    api.box.account.objects[1].fields.add(110)
    number = upload(api)
    api.create(customFieldData=[{"field": {"id": 110}, "value": [number]}])
    task = api.create(files=[{"id": number}])
    api.post(f"/task/{task}", {"files": []})
    assert api.get(f"/file/{number}").status_code == 200
