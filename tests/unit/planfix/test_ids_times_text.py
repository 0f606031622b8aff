"""The small vocabulary: people, moments, texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.exceptions import ValidationError
from crmkit.planfix import Person, Ref, contact, external_id, group, to_html, to_text, user
from crmkit.planfix.ids import people_body, person_of, read_number, read_person, read_ref
from crmkit.planfix.text import COMMENT_LIMIT, check_comment
from crmkit.planfix.times import moment_body, read_day, read_moment, read_time

MOSCOW = ZoneInfo("Europe/Moscow")


class TestPeople:
    def test_names_play_no_part_in_comparisons(self) -> None:
        assert Person("user", 5, "Anna") == user(5)
        assert len({Person("user", 5, "Anna"), user(5), contact(5)}) == 2

    @pytest.mark.parametrize("text", ["5", "user:", ":5", "user:x", "", "user:5:6"])
    def test_a_text_without_prefix_and_number_is_refused(self, text: str) -> None:
        with pytest.raises(ValidationError, match="names no person"):
            Person.parse(text)

    def test_a_bare_number_is_never_sent(self) -> None:
        with pytest.raises(ValidationError, match="does not say whether it is a user, a contact or a group"):
            people_body([5])
        with pytest.raises(ValidationError, match="allowed: user:N, contact:N, group:N"):
            person_of(True)

    def test_one_person_is_no_list(self) -> None:
        for one in (user(5), "user:5"):
            with pytest.raises(ValidationError, match="one person where a list is expected"):
                people_body(one)  # type: ignore[arg-type]

    def test_groups_go_by_number_and_people_by_prefix(self) -> None:
        body = people_body([group(3), "contact:7", user(5)])
        assert body == {"users": [{"id": "contact:7"}, {"id": "user:5"}], "groups": [{"id": 3}]}
        assert people_body([]) == {"users": [], "groups": []}

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({"id": "user:5", "name": "Anna"}, user(5)),
            ({"id": 5}, contact(5)),
            ({"id": "5"}, contact(5)),
            ("group:3", group(3)),
            (user(5), user(5)),
            ({"id": ""}, None),
            ({"id": 0}, None),
            ({}, None),
            (None, None),
            ({"id": "robot:system"}, None),
            ({"id": "bot:9"}, Person("bot", 9)),
        ],
    )
    def test_every_spelling_is_read(self, data: object, expected: Person | None) -> None:
        assert read_person(data, "contact") == expected

    def test_an_unknown_kind_is_read_but_not_written(self) -> None:
        with pytest.raises(ValidationError, match="bot:9 does not fit here"):
            person_of(Person("bot", 9))

    def test_references_and_numbers(self) -> None:
        assert read_ref({"id": 5, "name": "Moving"}) == Ref(5)
        assert read_ref({"id": 0}) is None
        assert read_ref(Ref(5)) == read_ref("5") == Ref(5)
        assert read_number("contact:12") == read_number(12) == 12

    def test_a_key_gives_the_same_external_id_for_ever(self) -> None:
        assert external_id("stale_deals/1") == "efd1ccd1-bc14-54d2-8057-50a775bfa8de"
        assert external_id("stale_deals/1") != external_id("stale_deals/2")


class TestMoments:
    def test_the_certain_key_wins(self) -> None:
        data = {"date": "23-05-2026", "time": "17:30", "dateTimeUtcSeconds": "2026-05-23T14:30:15+0000"}
        assert read_moment(data, UTC) == datetime(2026, 5, 23, 14, 30, 15, tzinfo=UTC)

    def test_without_it_the_accounts_zone_counts(self) -> None:
        data = {"date": "05-04-2022", "time": "10:05", "datetime": "2022-04-05T10:05Z"}
        assert read_moment(data, MOSCOW) == datetime(2022, 4, 5, 7, 5, tzinfo=UTC)
        assert read_moment({"datetime": "2022-04-05T10:05Z"}, MOSCOW) == datetime(
            2022, 4, 5, 7, 5, tzinfo=UTC
        )

    @pytest.mark.parametrize("data", [None, {}, {"date": "", "time": ""}, 5, {"time": "10:00"}])
    def test_nothing_is_none(self, data: object) -> None:
        assert read_moment(data, UTC) is None

    def test_texts_as_in_the_samples(self) -> None:
        assert read_moment("21-12-2021 12:15:30", UTC) == datetime(2021, 12, 21, 12, 15, 30, tzinfo=UTC)
        assert read_moment("2024-01-15T10:30:00", MOSCOW) == datetime(2024, 1, 15, 7, 30, tzinfo=UTC)
        assert read_day("01.12.1991") == date(1991, 12, 1)
        assert read_day({"datetime": "1995-12-01T00:00Z"}) == date(1995, 12, 1)
        assert read_day({"date": "01-12-1995", "time": "00:00"}) == date(1995, 12, 1)
        assert read_day(datetime(2025, 3, 3, 23, tzinfo=UTC)) == date(2025, 3, 3)
        assert read_day("") is None
        assert read_time("9:05") == time(9, 5)
        assert read_time({"time": "17:50:30"}) == time(17, 50, 30)
        assert read_time("") is None

    def test_moments_are_written_in_the_accounts_zone(self) -> None:
        moment = datetime(2025, 3, 3, 22, 30, tzinfo=UTC)
        assert moment_body(moment, MOSCOW) == {"date": "04-03-2025", "time": "01:30"}
        assert moment_body(date(2025, 3, 3), MOSCOW) == {"date": "03-03-2025"}

    def test_a_naive_moment_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="start: a datetime without a time zone"):
            moment_body(datetime(2025, 3, 3), MOSCOW, field_name="start")  # noqa: DTZ001
        with pytest.raises(ValidationError, match="str is no moment"):
            moment_body("2025-03-03", MOSCOW)  # type: ignore[arg-type]

    @given(st.integers(1_300_000_000, 2_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC)))
    def test_what_is_written_reads_the_same_to_the_minute(self, moment: datetime) -> None:
        # Before 2011 Moscow had summer time, and in 2014 it set its clocks back: an hour that is there twice.
        moment = moment.replace(second=0, microsecond=0)
        if not datetime(2014, 10, 25, tzinfo=UTC) < moment < datetime(2014, 10, 27, tzinfo=UTC):
            assert read_moment(moment_body(moment, MOSCOW), MOSCOW) == moment

    def test_any_aware_zone_will_do(self) -> None:
        tokyo = timezone(timedelta(hours=9))
        assert moment_body(datetime(2025, 3, 3, 9, tzinfo=tokyo), UTC) == {
            "date": "03-03-2025",
            "time": "00:00",
        }


class TestText:
    @pytest.mark.parametrize(
        ("markup", "text"),
        [
            ("plain", "plain"),
            ("line1\nline2", "line1\nline2"),
            ("a<br>\n b", "a\nb"),
            ("<p>a</p>\n<p>b &amp; c</p>", "a\nb & c"),
            ("<div>x</div>y<BR/>z", "x\ny\nz"),
            ("a<br><br>b", "a\n\nb"),
            ("<ul><li>1</li><li>2</li></ul>", "1\n2"),
            ("<style>p {}</style>shown<script>x()</script>", "shown"),
            ("a&nbsp;b &lt;tag&gt;", "a b <tag>"),
            ("&#128512;", "😀"),
            ("<b>bold</b> <i>word</i>", "bold word"),
        ],
    )
    def test_html_comes_in_as_text(self, markup: str, text: str) -> None:
        assert to_text(markup) == text

    def test_text_goes_out_as_html(self) -> None:
        assert to_html('5 < 7 & "so"\r\nнет\rда') == '5 &lt; 7 &amp; "so"<br>нет<br>да'

    def test_emoji_go_as_references_and_other_letters_as_they_are(self) -> None:
        assert to_html("Привет 😀") == "Привет &#128512;"

    @given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\n")))
    def test_text_survives_the_way_out_and_back(self, text: str) -> None:
        assert to_text(to_html(text)) == text.replace("\xa0", " ").strip("\n")

    def test_a_comment_that_is_too_long_is_refused_with_its_size(self) -> None:
        assert check_comment("я" * (COMMENT_LIMIT // 2))
        with pytest.raises(ValidationError, match="has 65538 bytes with its markup, Planfix takes 65536"):
            check_comment("я" * (COMMENT_LIMIT // 2 + 1))
