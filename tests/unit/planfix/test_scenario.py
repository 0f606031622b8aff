"""The instructions for building a scenario name what is in the account, and no secret."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from crmkit.automation.messages import LANGUAGES, Language, Message, register
from crmkit.exceptions import ValidationError
from crmkit.planfix import FieldType
from crmkit.planfix.models import CustomField, ObjectType, Status
from crmkit.planfix.scenario import TEXTS, Place, setup_instructions, setup_request
from crmkit.planfix.webhooks import ByHeader, ByHmac, parse

DEAL = ObjectType(id=1, name="Сделка")
REFUSED = Status(id=6, name="Отказ")
REASON = CustomField(id=105, name="Причина отказа", type=FieldType.LIST)
WHY = CustomField(id=107, name="Причина паузы", type=FieldType.LINE)
PRICE = CustomField(id=109, name="Сумма (руб.)", type=FieldType.NUMBER)
URL = "https://crm.example.com/hooks/planfix"
Proof = Literal["path", "header", "hmac"]


def shown(language: Language, proof: Proof, **options: Any) -> list[str]:
    register({one: TEXTS[one] for one in LANGUAGES})
    wanted = {
        "statuses": [REFUSED],
        "fields": [REASON],
        "on_comments": True,
        "robots": ["Робот crmkit"],
        "minutes": 5,
    }
    steps = setup_instructions(DEAL, URL, proof, event="refused", **(wanted | options))
    return [Message(key=step.key, params=dict(step.params)).render(language) for step in steps]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("proof", ["path", "header", "hmac"])
def test_the_names_of_the_account(language: Language, proof: Proof) -> None:
    text = "\n".join(shown(language, proof))
    for name in ("«Сделка»", "«Отказ» (6)", "«Причина отказа» (105)", "«Робот crmkit»", URL, "refused"):
        assert name in text
    assert "task = {{Задача.Номер}}, event = refused" in text
    assert ("5 минут" if language == "ru" else "5 minutes") in text


def test_each_way_of_proof_has_its_step() -> None:
    assert f"{URL}/SECRET" in "\n".join(shown("en", "path"))
    assert f"Header {ByHeader('s3cret-s3cret-s3cret').name}: your secret for SECRET." in shown("en", "header")
    signed = [line for line in shown("en", "hmac") if ByHmac("s3cret-s3cret-s3cret").name in line]
    assert len(signed) == 1
    assert '%%%HMACSHA256("{{Задача.Номер}}:refused";"SECRET")%%%' in signed[0]


def test_what_the_scenario_fires_on() -> None:
    created = shown("en", "path", created=True, statuses=[], fields=[], on_comments=False)
    assert "Event: created." in created
    assert not any("Event: the status" in line for line in created)
    assert not any("make a copy for each" in line for line in created)
    both = shown("en", "path", any_status=True, statuses=[], fields=[])
    assert "Event: the status was changed, whatever to." in both
    assert any("make a copy for each" in line for line in both)


@pytest.mark.parametrize("kind", ["object", "template", "process", "contacts", "companies"])
def test_every_place_is_told_in_both_languages(kind: Any) -> None:
    register({one: TEXTS[one] for one in LANGUAGES})
    step = Place(kind, 3, "Сделка").opening()
    texts = {Message(key=step.key, params=dict(step.params)).render(one) for one in LANGUAGES}
    assert len(texts) == 2
    assert all("3" in text for text in texts) or kind in ("contacts", "companies")


def test_the_body_as_json_holds_no_free_text() -> None:
    fields = {"reason": REASON, "why": WHY, "amount": PRICE}
    request = setup_request(Place("object", 1, "Сделка"), URL, "header", event="x", fields=fields)
    assert request.headers == {"X-Crmkit-Secret": "SECRET"}
    assert request.form == {"task": "{{Задача.Номер}}", "event": "x"}
    assert '"reason": "{{Задача.Причина отказа}}"' in request.template
    assert '"amount": "{{Задача."Сумма (руб.)"}}"' in request.template
    assert "why" not in request.template
    filled = request.template.replace("{{Задача.Номер}}", "7").replace('{{Задача."Сумма (руб.)"}}', "5")
    assert json.loads(filled)["amount"] == "5"
    assert (parse(filled).task_id, parse(filled).name) == (7, "x")


def test_a_contact_is_told_by_its_number() -> None:
    request = setup_request(Place("companies"), URL, "path", event="new_company", fields={"reason": REASON})
    assert request.form == {"contact": "{{Контакт.Номер}}", "event": "new_company"}
    assert request.template == ""


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(ValidationError, match="nothing to fire on"):
        setup_instructions(DEAL, URL, "path", event="x")
    with pytest.raises(ValidationError, match="no https address"):
        setup_instructions(DEAL, "http://crm.example.com", "path", event="x", on_comments=True)
    assert setup_instructions(DEAL, "http://127.0.0.1:8000/x", "path", event="x", on_comments=True)


def test_both_languages_have_all_texts() -> None:
    assert set(TEXTS["ru"]) == set(TEXTS["en"])
