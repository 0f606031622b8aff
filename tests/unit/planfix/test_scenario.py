"""The instructions for building a scenario name what is in the account, and no secret."""

from __future__ import annotations

import pytest

from crmkit.automation.messages import LANGUAGES, Language, Message, register
from crmkit.exceptions import ValidationError
from crmkit.planfix import FieldType
from crmkit.planfix.models import CustomField, ObjectType, Status
from crmkit.planfix.scenario import TEXTS, setup_instructions
from crmkit.planfix.webhooks import ByHeader, ByHmac, ByPath, Guard

SECRET = "s3cret-s3cret-s3cret"
DEAL = ObjectType(id=1, name="Сделка")
REFUSED = Status(id=6, name="Отказ")
REASON = CustomField(id=105, name="Причина отказа", type=FieldType.LIST)
URL = "https://crm.example.com/hooks/planfix"


def shown(language: Language, guard: Guard) -> list[str]:
    register({one: TEXTS[one] for one in LANGUAGES})
    steps = setup_instructions(
        DEAL,
        URL,
        guard,
        event="refused",
        statuses=[REFUSED],
        fields=[REASON],
        on_comments=True,
        robots=["Робот crmkit"],
        minutes=5,
    )
    return [Message(key=step.key, params=dict(step.params)).render(language) for step in steps]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("guard", [ByPath(SECRET), ByHeader(SECRET), ByHmac(SECRET)])
def test_real_names_and_no_secret(language: Language, guard: Guard) -> None:
    lines = shown(language, guard)
    text = "\n".join(lines)
    for name in ("«Сделка»", "«Отказ» (6)", "«Причина отказа» (105)", "«Робот crmkit»", URL, "refused"):
        assert name in text
    assert "task = {{Задача.Номер}}" in text
    assert SECRET not in text
    assert ("5 минут" if language == "ru" else "5 minutes") in text


def test_each_way_of_proof_has_its_step() -> None:
    assert f"{URL}/SECRET" in "\n".join(shown("en", ByPath(SECRET)))
    assert "Header X-Crmkit-Secret: your secret." in shown("en", ByHeader(SECRET))
    assert any("{{Задача.Номер}}:refused" in line for line in shown("en", ByHmac(SECRET)))


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(ValidationError, match="nothing to fire on"):
        setup_instructions(DEAL, URL, ByPath(SECRET), event="x")
    with pytest.raises(ValidationError, match="no https address"):
        setup_instructions(DEAL, "http://x", ByPath(SECRET), event="x", on_comments=True)


def test_both_languages_have_all_texts() -> None:
    assert set(TEXTS["ru"]) == set(TEXTS["en"])
