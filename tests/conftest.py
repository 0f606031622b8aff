"""What all tests share: a look at all that is said to and by Planfix sandboxes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .contract.planfix_description import SPECS, description
from .planfix_watch import Watch


@pytest.fixture(scope="session")
def planfix_watch() -> Iterator[Watch | None]:
    """Compares with the vendor's description, if it lies beside the repository."""
    if not (SPECS / "planfix-openapi.json").is_file():
        yield None
        return
    watch = Watch(description())
    end = watch.install()
    yield watch
    end()


@pytest.fixture(autouse=True)
def _fits_the_description(request: pytest.FixtureRequest, planfix_watch: Watch | None) -> Iterator[None]:
    """Fail a test that sends a Planfix sandbox something undocumented, unless it is marked to do so."""
    if planfix_watch is None:
        yield
        return
    planfix_watch.forget()
    yield
    deliberate = request.node.get_closest_marker("wrong_requests")
    assert deliberate or not planfix_watch.wrong_requests, list(planfix_watch.wrong_requests)
    assert not planfix_watch.wrong_answers, list(planfix_watch.wrong_answers)
