"""The drive, and custom fields that hold files: contents go in as base64 and come out by an address."""

from __future__ import annotations

import base64

import pytest

BROWSER = {"User-Agent": "Mozilla/5.0 (test)"}


def packed(name: str, content: bytes) -> list[str]:
    return [name, base64.b64encode(content).decode()]


def root(api, kind: str = "common") -> int:
    return next(
        int(one["ROOT_OBJECT_ID"]) for one in api.call("disk.storage.getList") if one["ENTITY_TYPE"] == kind
    )


@pytest.fixture
def field(api):
    """A single file field of deals; returns its name in the universal methods."""
    made = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_SCAN", "userTypeId": "file"}
    api.call("userfieldconfig.add", moduleId="crm", field=made)
    return "ufCrmScan"


def test_a_file_goes_up_and_comes_down(api):
    folder = api.call("disk.folder.addSubFolder", id=root(api), data={"NAME": "Договоры"})
    assert isinstance(folder["ID"], int)
    assert (folder["TYPE"], folder["DELETED_BY"], folder["PARENT_ID"]) == ("folder", None, str(root(api)))
    content = bytes(range(256)) * 300
    upload = {"id": folder["ID"], "data": {"NAME": "скан.bin"}, "fileContent": packed("x", content)}
    file = api.call("disk.folder.uploadFile", **upload)
    assert (file["NAME"], file["SIZE"], isinstance(file["ID"], int)) == ("скан.bin", str(len(content)), True)

    found = api.call("disk.file.get", id=file["ID"])
    assert (found["ID"], found["DELETED_BY"], found["DELETE_TIME"]) == (str(file["ID"]), "0", None)
    answer = api.session.get(found["DOWNLOAD_URL"], headers=BROWSER, timeout=10)
    assert (answer.status_code, answer.content) == (200, content)
    assert "filename*=utf-8''%D1%81" in answer.headers["Content-Disposition"]
    listed = api.answer("disk.folder.getChildren", id=folder["ID"])
    assert (listed["total"], [one["TYPE"] for one in listed["result"]]) == (1, ["file"])


def test_an_address_is_for_browsers_and_cannot_be_guessed(api):
    upload = {"id": root(api), "data": {"NAME": "a"}, "fileContent": packed("a", b"x")}
    url = api.call("disk.folder.uploadFile", **upload)["DOWNLOAD_URL"]
    unknown = api.session.get(url, headers={"User-Agent": "python"}, timeout=10)
    assert (unknown.status_code, unknown.headers["Content-Type"][:9]) == (403, "text/html")
    wrong = api.session.get(url[:-3] + "000", headers=BROWSER, timeout=10)
    assert (wrong.status_code, wrong.json()["error"]) == (404, "ERROR_NOT_FOUND")
    foreign = api.session.get(url.replace(api.box.tokens["admin"], "1/no"), headers=BROWSER, timeout=10)
    assert (foreign.status_code, foreign.json()["error"]) == (401, "INVALID_CREDENTIALS")


def test_an_application_downloads_with_its_token(bench, box):
    app = bench.app(box)
    upload = {"id": root(app), "data": {"NAME": "a"}, "fileContent": packed("a", b"x")}
    url = app.call("disk.folder.uploadFile", **upload)["DOWNLOAD_URL"]
    assert "/rest/download.json?auth=" in url
    assert app.session.get(url, headers=BROWSER, timeout=10).content == b"x"


def test_names_are_unique_in_a_folder(api):
    upload = {"id": root(api), "data": {"NAME": "a.txt"}, "fileContent": packed("a", b"x")}
    api.call("disk.folder.uploadFile", **upload)
    assert api.refused("disk.folder.uploadFile", **upload)[:2] == (400, "DISK_OBJ_22000")
    again = [api.call("disk.folder.uploadFile", **upload, generateUniqueName=True) for _ in range(2)]
    assert [one["NAME"] for one in again] == ["a (1).txt", "a (2).txt"]
    api.call("disk.folder.addSubFolder", id=root(api), data={"NAME": "F"})
    assert api.refused("disk.folder.addSubFolder", id=root(api), data={"NAME": "f"})[1] == "DISK_OBJ_22000"


def test_deleted_files_lie_in_the_bin_or_are_gone(api):
    upload = {"id": root(api), "data": {"NAME": "a"}, "fileContent": packed("a", b"x")}
    file = api.call("disk.folder.uploadFile", **upload)
    gone = api.call("disk.file.markDeleted", id=file["ID"])
    assert (gone["DELETED_TYPE"], gone["DELETED_BY"]) == ("3", "1")
    assert gone["DELETE_TIME"].startswith("2025-03-03T")
    assert api.call("disk.folder.getChildren", id=root(api)) == []
    assert api.call("disk.file.delete", id=file["ID"]) is True
    assert api.refused("disk.file.get", id=file["ID"])[1] == "ERROR_NOT_FOUND"
    assert api.session.get(file["DOWNLOAD_URL"], headers=BROWSER, timeout=10).status_code == 404


def test_refusals_of_the_drive(api, bench, box):
    assert api.refused("disk.file.get")[:2] == (400, "ERROR_ARGUMENT")
    assert api.refused("disk.file.get", id=root(api))[:2] == (400, "ERROR_NOT_FOUND")
    no_content = {"id": root(api), "data": {"NAME": "a"}, "fileContent": ["a", "no base64!"]}
    assert api.refused("disk.folder.uploadFile", **no_content)[1] == "ERROR_ARGUMENT"
    manager = bench.api(box, "user:4")
    kinds = [one["ENTITY_TYPE"] for one in manager.call("disk.storage.getList")]
    assert kinds == ["common", "user"]
    assert manager.call("disk.folder.get", id=root(manager, "user"))["TYPE"] == "folder"
    assert manager.call("disk.storage.getChildren", id=1) == []
    foreign = root(api, "user")
    assert manager.refused("disk.folder.getChildren", id=foreign)[:2] == (403, "ACCESS_DENIED")


def test_a_file_field_is_written_kept_and_downloaded(api, field):
    deal = api.deal(**{field: packed("скан.pdf", b"%PDF")})
    item = api.call("crm.item.get", entityTypeId=2, id=deal)["item"]
    told = item[field]
    assert set(told) == {"id", "url", "urlMachine"}
    assert api.session.get(told["urlMachine"], headers=BROWSER, timeout=10).content == b"%PDF"
    update = {"entityTypeId": 2, "id": deal}
    same = api.call("crm.item.update", **update, fields={field: {"id": told["id"]}, "title": "y"})["item"]
    assert same[field]["id"] == told["id"]
    listed = api.call("crm.item.list", entityTypeId=2, select=["id", field])["items"]
    assert listed[0][field]["id"] == told["id"]
    assert set(api.call("crm.deal.get", id=deal)["UF_CRM_SCAN"]) == {"id", "showUrl", "downloadUrl"}
    assert api.call("crm.deal.list", select=["ID", "UF_CRM_SCAN"])[0]["UF_CRM_SCAN"]["id"] == told["id"]


def test_a_wrong_number_loses_the_file(api, field):
    deal = api.deal(**{field: packed("a", b"x")})
    url = api.call("crm.item.get", entityTypeId=2, id=deal)["item"][field]["urlMachine"]
    api.call("crm.item.update", entityTypeId=2, id=deal, fields={field: {"id": 99999}})
    assert api.call("crm.item.get", entityTypeId=2, id=deal)["item"][field] is None
    assert api.session.get(url, headers=BROWSER, timeout=10).status_code == 404
    assert api.call("crm.deal.get", id=deal)["UF_CRM_SCAN"] == ""


def test_many_files_in_a_field_and_the_old_way_to_write_them(api):
    made = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_PHOTOS", "userTypeId": "file", "multiple": "Y"}
    api.call("userfieldconfig.add", moduleId="crm", field=made)
    photos = [{"fileData": packed(name, name.encode())} for name in ("a", "b")]
    deal = api.call("crm.deal.add", fields={"TITLE": "x", "UF_CRM_PHOTOS": photos})
    numbers = [one["id"] for one in api.call("crm.deal.get", id=deal)["UF_CRM_PHOTOS"]]
    assert len(numbers) == 2
    fields = {"UF_CRM_PHOTOS": [{"id": numbers[0], "remove": "Y"}, {"id": numbers[1]}]}
    api.call("crm.deal.update", id=deal, fields=fields)
    item = api.call("crm.item.get", entityTypeId=2, id=deal)["item"]
    assert [one["id"] for one in item["ufCrmPhotos"]] == [numbers[1]]
    api.call("crm.deal.update", id=deal, fields={"UF_CRM_PHOTOS": []})
    assert api.call("crm.deal.get", id=deal)["UF_CRM_PHOTOS"] is False
