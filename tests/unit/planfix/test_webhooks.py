"""What scenarios send, and who may send it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.exceptions import ConfigurationError
from crmkit.planfix.webhooks import ByHeader, ByHmac, ByPath, Event, Guard, parse

SECRET = "s3cret-s3cret-s3cret"
FORM = "application/x-www-form-urlencoded"


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"task=71234&event=status",
            b"event=status&task=71234&comment=%D0%94%D0%B0",
            b'{"task": 71234, "event": "status"}',
            b'{"task": "71234", "event": "status"}',
            b'{"task": {"id": 71234}, "event": "status"}',
            b'{"event": "status", "task": {"number": "71234"}}',
            b'{"event": "status", "id": "71234"}',
            b'{"event": "status", "taskId": "71234"}',
            b'{"event": "status", "Task_ID": 71234}',
            '{"событие": "status", "Номер задачи": "71234"}'.encode(),
            '{"событие": "status", "Номер": "№ 71234"}'.encode("cp1251"),
            b'[{"task": 71234, "event": "status"}]',
            b'{"task": [71234], "event": "status"}',
            b'```json\n{"task": 71234, "event": "status"}\n```',
            b'```\n{"task": 71234, "event": "status"}\n```',
            b'\xef\xbb\xbf{"task": 71234, "event": "status"}',
            b'{"comment": "he said "yes" and left", "task": 71234, "event": "status"}',
            b'{"task": 71234, "event": "status", "comment": "he said "yes""}',
            b'{"task": 71234,\n "event": "status",\n "comment": "two\nlines, "quoted""\n}',
            b'{"task": 71234, "event": "status", "comment": "C:\\new"}',
            b'{"task": 71234, "event": "status",}',
            b'{"task": 71234, "event": "status", "file": <a href="https://x">doc</a>}',
            b'payload={"task": 71234, "event": "status"}',
        ],
    )
    def test_the_task_and_the_event_are_found(self, body: bytes) -> None:
        event = parse(body)
        assert (event.task_id, event.name, event.problem) == (71234, "status", "")
        assert event.raw == body

    def test_a_form_of_several_parts(self) -> None:
        body = (
            b'--b\r\nContent-Disposition: form-data; name="task"\r\n\r\n7\r\n'
            b'--b\r\nContent-Disposition: form-data; name="event"\r\n\r\nstatus\r\n--b--\r\n'
        )
        event = parse(body, "multipart/form-data; boundary=b")
        assert (event.task_id, event.name) == (7, "status")

    def test_values_of_the_address(self) -> None:
        event = parse(b"", query="task=7&event=won")
        assert (event.task_id, event.name) == (7, "won")

    def test_what_a_framework_has_read_already(self) -> None:
        assert parse({"task": "7"}).task_id == 7

    @pytest.mark.parametrize(
        "body",
        ["contact=7&event=new", '{"company": {"id": "7"}, "event": "new"}', '{"контакт": "contact:7"}'],
        ids=["form", "inside", "Russian"],
    )
    def test_a_contact_instead_of_a_task(self, body: str) -> None:
        event = parse(body.encode())
        assert (event.task_id, event.contact_id, event.problem) == (None, 7, "")

    def test_a_repeat_is_known_by_its_key_however_it_is_written(self) -> None:
        first = parse("task=7&event=won")
        assert first.key == parse('{"event": "won", "task": 7}').key
        assert len({first.key, parse("task=8&event=won").key, parse("task=7&event=lost").key}) == 3

    def test_texts_survive_the_mending(self) -> None:
        body = '{"task": 7, "comment": "сказал: "да", и ушёл\nдомой", "event": "x"}'
        assert parse(body).values["comment"] == 'сказал: "да", и ушёл\nдомой'

    def test_placeholders_that_stayed_are_no_values(self) -> None:
        event = parse('{"task": "{{Задача.Номер}}", "event": "x"}')
        assert event.task_id is None
        assert event.unresolved == ("task",)
        assert "was not filled in" in event.problem
        assert parse("task={{Задача.Номер}}&id=7").task_id == 7

    def test_lists_come_in_many_shapes(self) -> None:
        def items(body: str | bytes) -> tuple[Any, ...]:
            return parse(body).items("who")

        assert items('{"who": ["Anna", "Boris"]}') == ("Anna", "Boris")
        assert items(json.dumps({"who": '["Anna", "Boris"]'})) == ("Anna", "Boris")
        assert items("who=[Anna, 'Boris']") == ("Anna", "Boris")
        assert items("who=Anna&who=Boris") == ("Anna", "Boris")
        assert items("who=Anna") == ("Anna",)
        assert items("who=") == items("") == ()

    def test_numbers(self) -> None:
        event = parse('{"a": "user:7", "b": 0, "c": true, "d": "x", "e": "№ 12"}')
        assert [event.number(key) for key in "abcdef"] == [7, None, None, None, 12, None]

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            (b"", "no values"),
            (b"\x00\xff\xfe", "no"),
            (b"{", "no values"),
            (b"null", "no"),
            (b'{"event": "x"}', "no number of a task"),
            (b'{"task": "soon"}', "no number of a task"),
            (b'{"task": -7}', "no number of a task"),
            (b'{"task": true}', "no number of a task"),
            (b"task=" + b"9" * 5000, "no number of a task"),
            (b'{"task": ' + b"9" * 5000 + b"}", "no number of a task"),
            (b"[" * 100_000, "no values"),
            (b"```\n" + b" " * 1_000_000, "no values"),
            (b"&" * 1_000_000, "no values"),
            (b'{"' + b'"' * 1_000_000, "no values"),
            (b'{"a": "' + b"{" * 1_000_000, "no number of a task"),
            (b'{"a":' * 5000, "no"),
        ],
    )
    def test_nonsense_is_an_event_without_a_task(self, body: bytes, problem: str) -> None:
        event = parse(body)
        assert event.task_id is None
        assert problem in event.problem
        assert "\n" not in event.problem

    @given(st.binary(max_size=400), st.sampled_from(["", FORM, "application/json", "multipart/form-data"]))
    @example(b'--\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n', "multipart/form-data; boundary=")
    @example(b"x", "multipart/form-data; boundary*=utf-8''%ff")
    def test_no_bytes_raise(self, body: bytes, content_type: str) -> None:
        assert isinstance(parse(body, content_type, query=body.decode("latin-1")), Event)

    @given(st.text(alphabet='{}[]":,\\\n task1`&=', max_size=60))
    def test_nothing_that_looks_like_json_raises(self, body: str) -> None:
        assert isinstance(parse(body), Event)

    @given(st.binary(max_size=200), st.text(max_size=60), st.text(max_size=60))
    def test_no_request_makes_a_guard_raise(self, body: bytes, path: str, value: str) -> None:
        for guard in (ByPath(SECRET), ByHeader(SECRET), ByHmac(SECRET)):
            headers = {"X-Crmkit-Secret": value, "X-Crmkit-Signature": value}
            assert not guard.accepts(path, headers, body)

    @given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters='"\\'), max_size=80))
    def test_a_hand_typed_text_does_not_hide_the_task(self, text: str) -> None:
        event = parse(f'{{"event": "x", "comment": "{text}", "task": "7"}}')
        assert (event.task_id, event.name) == (7, "x")


class TestGuards:
    def test_path(self) -> None:
        guard = ByPath(SECRET)
        assert guard.accepts(f"/hooks/{SECRET}", {}, b"")
        assert guard.accepts(f"/hooks/{SECRET}/?task=7", {}, b"")
        assert not guard.accepts(f"/hooks/{SECRET}x", {}, b"")
        assert not guard.accepts("/hooks/", {}, b"")

    def test_header(self) -> None:
        guard = ByHeader(SECRET)
        assert guard.accepts("/", {"x-crmkit-secret": SECRET}, b"")
        assert not guard.accepts("/", {"x-crmkit-secret": SECRET + " "}, b"")
        assert not guard.accepts("/", {}, b"")

    @pytest.mark.parametrize("spelling", ["hex", "base64", "prefixed"])
    @pytest.mark.parametrize("signed", ["task and event", "body"])
    def test_signature(self, spelling: str, signed: str) -> None:
        body = b'{"task": 7, "event": "won"}'
        text = b"7:won" if signed == "task and event" else body
        digest = hmac.new(SECRET.encode(), text, hashlib.sha256).digest()
        told = {
            "hex": digest.hex(),
            "base64": base64.b64encode(digest).decode(),
            "prefixed": f"sha256={digest.hex()}",
        }[spelling]
        guard = ByHmac(SECRET)
        assert guard.accepts("/", {"X-Crmkit-Signature": told}, body)
        assert not guard.accepts("/", {"X-Crmkit-Signature": told}, b'{"task": 8, "event": "won"}')
        assert not ByHmac(SECRET[::-1]).accepts("/", {"X-Crmkit-Signature": told}, body)

    def test_the_signature_of_a_contact(self) -> None:
        told = hmac.new(SECRET.encode(), b"7:new", hashlib.sha256).hexdigest()
        assert ByHmac(SECRET).accepts("/", {"X-Crmkit-Signature": told}, b"contact=7&event=new")
        assert not ByHmac(SECRET).accepts("/", {"X-Crmkit-Signature": told}, b"contact=8&event=new")

    @pytest.mark.parametrize("kind", [ByPath, ByHeader, ByHmac])
    def test_a_secret_must_be_one_and_is_never_shown(self, kind: type[Guard]) -> None:
        for weak in ("", "pa55", "a b" * 10, "пароль" * 5):
            with pytest.raises(ConfigurationError, match="too short") as caught:
                kind(weak)
            assert not weak or weak not in str(caught.value)
        assert SECRET not in repr(kind(SECRET))
