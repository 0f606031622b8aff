"""Troubles on demand: what can go wrong between a client and a portal, counted and repeatable.

Kinds that the sandbox plays itself, before or after the vendor's emulation has done its work:

``error``          an error answer (``status``, ``body``); with ``taken=True`` the write was done all the same
``html``           a page instead of JSON: a proxy's 502, or a captive portal's 200 (``status``)
``reset``          the connection is closed before anything was done
``drop_answer``    the request was carried out, then the connection is closed without an answer
``hang``           the client waits ``seconds`` in vain (its patience), on the sandbox's clock, then the
                   connection is closed; with ``taken=True`` the request was carried out
``latency``        the answer takes ``seconds`` on the sandbox's clock
``truncated``      half of the body, then the connection is closed
``wrong_charset``  the body is in Windows-1251 while the header says UTF-8

Kinds that the vendor's emulation plays: Planfix ``accept_202`` (``seconds`` until applied, or
``never=True``), ``quota`` (the daily budget is used up) and ``failures`` (a partial success). Bitrix24
``command_error`` (``match`` names a method: a call of it fails, also within a batch, with ``body`` as the
vendor's error object), ``portal_moved`` (302 to the origin in ``body``), and for events, whose names
``match`` has to give, ``drop_event``, ``duplicate_event`` and ``hold_event`` (told after the next one).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["KINDS", "Fault", "Faults"]

KINDS = ("error", "html", "reset", "drop_answer", "hang", "latency", "truncated", "wrong_charset")


@dataclass
class Fault:
    """One trouble.

    Attributes:
        kind: See the module.
        match: Pattern of the operation (``POST /task/{id}/comments/``) or of the request as it came
            (``POST /task/17/*``); ``*`` and ``?`` are wild.
        times: How often it strikes; ``None`` for ever.
        after: How many matching requests are let through first.
        every: Strike only at each n-th of the matching requests that follow.
        probability: Strike with this probability, by the seeded random of the sandbox.
        status, body: Of an ``error`` or ``html`` answer.
        seconds: For ``latency``, ``hang`` and ``accept_202``, on the sandbox's clock.
        taken: Whether the request is carried out although the answer says otherwise.
        never: For ``accept_202``: the change is never applied. A ``body`` of ``[30, 5, None]`` gives the
            seconds of each strike in turn; ``None`` is never.
        seen, hits: How many requests matched, and at how many of them it struck.
    """

    kind: str
    match: str = "*"
    times: int | None = 1
    after: int = 0
    every: int = 1
    probability: float = 1.0
    status: int = 0
    body: Any = None
    seconds: float = 0.0
    taken: bool = False
    never: bool = False
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def strikes(self, names: tuple[str, ...], dice: random.Random) -> bool:
        """Count a request, and tell whether the fault strikes at it."""
        if self.times is not None and self.hits >= self.times:
            return False
        if not any(fnmatchcase(name, self.match) for name in names):
            return False
        self.seen += 1
        turn = self.seen - self.after
        if turn <= 0 or turn % self.every or (self.probability < 1 and dice.random() >= self.probability):
            return False
        self.hits += 1
        return True


class Faults:
    """The troubles that are set up, in order; at most one strikes at a request, latencies add up to it.

    Args:
        seed: Of the random that decides about probabilities; it starts anew when the faults are cleared.
        kinds: Further kinds that the vendor plays.
    """

    def __init__(self, seed: int = 0, kinds: tuple[str, ...] = ()) -> None:
        self.kinds = (*KINDS, *kinds)
        self._seed = seed
        self._dice = random.Random(seed)  # noqa: S311 (not for secrets)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Set up a trouble and return it; its ``hits`` can be watched.

        Raises:
            ValueError: There is no such kind.
        """
        if fault.kind not in self.kinds:
            raise ValueError(f"no fault kind {fault.kind!r}; there are {', '.join(self.kinds)}")
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all troubles."""
        with self._lock:
            self._faults.clear()
            self._dice.seed(self._seed)

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(list(self._faults))

    def take(self, *names: str) -> tuple[float, Fault | None]:
        """Return the latency in seconds and the trouble that strike at a request known by these names."""
        latency, trouble = 0.0, None
        with self._lock:
            for fault in self._faults:
                if fault.kind == "latency":
                    latency += fault.seconds if fault.strikes(names, self._dice) else 0.0
                elif trouble is None and fault.strikes(names, self._dice):
                    trouble = fault
        return latency, trouble
