"""The limits and doubts of an emulated portal.

The doubts are what only a live portal can settle; a client has to live with every value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Settings"]


@dataclass
class Settings:
    """How a portal behaves.

    Attributes:
        timezone: The server's zone: dates leave in it.
        strict_limits: Enforce the leaky bucket and the operating budgets.
        burst, rate: Size of the bucket and requests that leave it per second; 250 and 5 for Enterprise.
        count_refused: Whether refused requests fill the bucket as well (unknown).
        bucket_answer: What a request too much gets: JSON, or a page of the front end (unknown).
        operating_limit: Seconds of work per method within ten minutes; 0 switches it off, as on a box.
        operating_fields: Whether answers tell ``operating`` and ``operating_reset_at`` (not on a box).
        cost: Seconds of work that a call is said to take, by pattern of the method (first match) or for all;
            it counts for the budgets and for the minute of a request, and passes no time by itself.
        batch_billed: Whether ``batch`` has a budget of its own (documents and measurements disagree).
        wall: Seconds that a request may take, a batch included; 0 for no limit (a box).
        wall_answer: What comes after it: the front end's page with 504, or a connection that is closed
            after the head of the answer.
        latency: Seconds until an answer: a frozen clock is moved by them, a running one waits.
        real_latency: Really wait for ``latency``, even if the clock is frozen.
        scopes: What the webhooks may do.
        bizproc: Whether the plan has business processes; without them their methods do not exist.
        simultaneous_processes: How many business processes may run on one item at a time; 0 for any number.
        offline_extended: Whether the plan has the extended offline queue.
        activity_fires_update: Whether a moved ``LAST_ACTIVITY_TIME`` fires the update event.
        import_fires_events: Whether imported items fire events.
        extranet_groups: Whether a group can still be made an extranet one by its sites.
        guests: Whether guests can still be invited; without the extranet they cannot (the code is a guess).
        seats: How many active people the plan allows, guests included; 0 for any number.
        deliver_events: Send online events to their handlers.
    """

    timezone: str = "Europe/Moscow"
    strict_limits: bool = True
    burst: int = 50
    rate: float = 2.0
    count_refused: bool = False
    bucket_answer: Literal["json", "html"] = "json"
    operating_limit: float = 480.0
    operating_fields: bool = True
    cost: float | dict[str, float] = field(default=0.0)
    batch_billed: bool = False
    wall: float = 60.0
    wall_answer: Literal["504", "close"] = "504"
    latency: float = 0.0
    real_latency: bool = False
    scopes: tuple[str, ...] = (
        "crm",
        "task",
        "tasks",
        "user",
        "department",
        "im",
        "sonet_group",
        "socialnetwork",
        "bizproc",
        "userfieldconfig",
        "lists",
        "disk",
        "calendar",
    )
    bizproc: bool = True
    simultaneous_processes: int = 2
    offline_extended: bool = True
    activity_fires_update: bool = True
    import_fires_events: bool = True
    extranet_groups: bool = False
    guests: bool = True
    seats: int = 0
    deliver_events: bool = True
