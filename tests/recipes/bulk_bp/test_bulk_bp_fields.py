"""R4.12: the custom fields in the cards of deals and companies are made as the settings describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.main import main
from crmkit.cli.toml import to_toml
from crmkit.exceptions import ConfigurationError, Unsupported
from crmkit.sandbox import Sandbox
from crmkit.testing.bitrix24 import open_crm
from crmkit.testing.planfix import open_crm as open_planfix

OPTIONS = ["Сайт", "Звонок"]
DEALS = {
    "callback_at": {"id": "UF_CRM_CALLBACK_AT", "name": "Дата перезвона", "type": "datetime"},
    "refusal": {"id": "UF_CRM_REFUSAL", "name": "Отказ", "type": "bool"},
    "source": {
        "id": "UF_CRM_SOURCE_LIST",
        "name": "Источник",
        "type": "choices",
        "options": ["Сайт", "Звонок"],
    },
    "unknown": {"id": "UF_CRM_UNKNOWN", "name": "Без типа"},
}
COMPANIES = {"seats": {"id": "UF_CRM_SEATS", "name": "Рабочих мест", "type": "number"}}
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def box() -> Iterator[Any]:
    with Sandbox.bitrix24(seed="empty", clock="frozen") as box:
        yield box


@pytest.fixture
def run(box: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a folder whose settings name fields that the portal does not have."""
    portal = {
        **box.portal_config,
        "deals": {"fields": DEALS},
        "companies": {"fields": COMPANIES},
        "tasks": {},
    }
    config = {"store": {"url": "sqlite:///crmkit.db"}, "portals": {"main": portal}}
    (tmp_path / "crmkit.toml").write_text(to_toml(config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def call(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main([*words])
        out, trouble = capsys.readouterr()
        return code, out + trouble

    return call


def names(box: Any, kind: int) -> set[str]:
    return {name for name in box.portal.kinds[kind].fields if name.startswith("UF_")}


def test_R4_12_the_doctor_says_what_is_missing_and_creates_it_on_request(run: Run, box: Any) -> None:
    before = names(box, 2), names(box, 4)
    code, text = run("doctor")
    assert code != 0
    assert "UF_CRM_CALLBACK_AT" in text
    code, text = run("doctor", "--create-fields")
    assert code == 2, "there is nobody to ask"
    assert "+ deals.callback_at: UF_CRM_CALLBACK_AT «Дата перезвона» datetime" in text
    assert "✗ deals.unknown: UF_CRM_UNKNOWN «Без типа»" in text
    assert (names(box, 2), names(box, 4)) == before
    code, text = run("doctor", "--create-fields", "--yes")
    assert names(box, 2) - before[0] == {"UF_CRM_CALLBACK_AT", "UF_CRM_REFUSAL", "UF_CRM_SOURCE_LIST"}
    assert names(box, 4) - before[1] == {"UF_CRM_SEATS"}
    assert "UF_CRM_UNKNOWN" in text, "what nobody can create stays a problem"
    made = box.portal.kinds[2].fields["UF_CRM_SOURCE_LIST"]
    assert (made.title, made.multiple) == ("Источник", True)
    written = len(box.requests)
    run("doctor", "--create-fields", "--yes")
    assert not any("fieldconfig.add" in entry.operation for entry in list(box.requests)[written:])


def test_R4_12_a_new_field_holds_what_it_should(box: Any) -> None:
    with open_crm(box, deals={"fields": DEALS}, companies={"fields": COMPANIES}) as crm:
        for field in crm.missing_fields():
            if field.can_be_created:
                crm.create_field(field)
        specs = {one.key: one for one in crm.deal_fields()}
        assert specs["callback_at"].type == "datetime"
        assert (specs["source"].type, specs["source"].options) == ("choices", ("Сайт", "Звонок"))
        (left,) = crm.missing_fields()
        with pytest.raises(ConfigurationError, match=r"deals\.fields\.unknown: cannot be created"):
            crm.create_field(left)


def test_R4_12_on_planfix_a_person_makes_them() -> None:
    with (
        Sandbox.planfix(seed="empty") as box,
        open_planfix(box) as crm,
        pytest.raises(Unsupported, match="a person makes them"),
    ):
        crm.missing_fields()
