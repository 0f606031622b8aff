"""Comments and notifications."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.crm.models import Ref
from crmkit.exceptions import CrmkitError, OutcomeUnknown
from crmkit.testing.bench import Bench

__all__ = ["CommentSuite"]

TEXT = "Через 7 дней сделка будет переведена в новые запросы:\nцена < 5 & «срок» > 3"


class CommentSuite:
    """What an adapter has to do with comments."""

    def test_a_comment_is_plain_text(self, bench: Bench) -> None:
        """What goes in comes out, markup and line breaks included."""
        deal = Ref(kind="deal", id=bench.new_deal())
        bench.advance(minutes=1)
        result = bench.crm.comments.add(deal, TEXT)
        newest = bench.crm.deals.history(deal.id)[0]
        assert (newest.id, newest.text, newest.author) == (result.id, TEXT, bench.robot)

    def test_only_the_named_are_notified(self, bench: Bench) -> None:
        """Everybody named, nobody else, once."""
        deal = Ref(kind="deal", id=bench.new_deal())
        people = (bench.manager, bench.other_manager)
        before = [bench.notified(one) for one in people]
        bench.crm.comments.add(deal, TEXT)
        assert [bench.notified(one) for one in people] == before
        bench.crm.comments.add(deal, TEXT, notify=people)
        assert [bench.notified(one) for one in people] == [count + 1 for count in before]

    def test_an_empty_comment_is_refused(self, bench: Bench) -> None:
        """Nothing to say is a mistake of the caller."""
        before = len(bench.writes())
        with pytest.raises(CrmkitError):
            bench.crm.comments.add(Ref(kind="deal", id=bench.new_deal()), "")
        assert len(bench.writes()) == before

    def test_a_comment_whose_answer_is_lost_can_be_found(self, bench: Bench) -> None:
        """The comment is there once, and it is found."""
        deal = Ref(kind="deal", id=bench.new_deal())
        since = bench.now()
        bench.lose_answer("comment")
        with pytest.raises(OutcomeUnknown):
            bench.crm.comments.add(deal, TEXT, notify=[bench.manager], key="run:1")
        found = bench.crm.comments.find_own(deal, text=TEXT, key="run:1", since=since)
        assert found
        assert found.text == TEXT
        assert sum(one.text == TEXT for one in bench.crm.deals.history(deal.id)) == 1

    def test_a_lost_comment_is_not_found(self, bench: Bench) -> None:
        """Nothing was written, so it may be written again."""
        deal = Ref(kind="deal", id=bench.new_deal())
        bench.swallow("comment")
        with pytest.raises(OutcomeUnknown):
            bench.crm.comments.add(deal, TEXT, key="run:1")
        assert bench.crm.comments.find_own(deal, text=TEXT, key="run:1", since=bench.now()) is None

    def test_what_somebody_else_wrote_is_not_ours(self, bench: Bench) -> None:
        """The same words of a person, or an older comment of ours, prove nothing."""
        deal = Ref(kind="deal", id=bench.new_deal())
        bench.crm.comments.add(deal, TEXT, key="run:1")
        bench.advance(days=2)
        since = bench.now()
        bench.comment(bench.manager, deal.id, TEXT)
        assert bench.crm.comments.find_own(deal, text=TEXT, key="run:2", since=since) is None
        assert bench.crm.comments.find_own(deal, text=TEXT, key="run:1", since=since - timedelta(days=3))
