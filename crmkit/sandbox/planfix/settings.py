"""How the emulated account behaves where the vendor's documents are silent or contradict each other.

Each setting is a doubt that only a live account can settle; a client has to live with every value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Settings"]


@dataclass
class Settings:
    """The doubts and the limits of an account.

    Attributes:
        timezone: The account's zone; people without one of their own live in it.
        strict_limits: Refuse what comes faster than ``rate`` requests a second.
        rate_tolerance: By how many seconds a request may come early. ``None``: a millisecond on a frozen
            clock, half a second on a running one, where the way through the machine takes its time.
        rate_breach: What a request over the rate gets: a 403 with code 22, or a 429 (undocumented).
        daily_limit: Requests per day of the account: 20, 50 or 100 thousand by package; ``None`` for no
            limit. That the day ends at the account's midnight is a guess.
        time_to_reset: Unit of ``timeToReset`` in the answer to a breach; clients have seen both.
        remaining_every: Seconds between refreshes of ``X-RateLimit-Remaining``.
        latency: Seconds that each answer takes, on the sandbox's clock; by pattern of the operation or for
            all.
        timepoint_zone: In which zone ``date``, ``time`` and ``datetime`` are read and written: UTC or the
            token owner's (undocumented).
        utc_seconds: Whether time points carry ``dateTimeUtcSeconds`` (newer accounts do).
        empty_fields: How an asked custom field without a value comes back: not at all, or with ``null``.
        echo_source_ids: Whether ``sourceObjectId`` is given back. Without it the account is as if it did not
            keep it.
        notequal_array: What "not equal" with an array means: none of them; refused; or ignored.
        filter_51: Whether filter 51 looks at templates and objects (help pages) or at templates only (newer
            spec).
        wrong_filter_value: What a value of a wrong type gets from a filter of which nothing is known.
        and_equal_operators: Whether ``gtAndEqual`` and ``ltAndEqual`` are known (in the help, not in the
            spec).
        lenient_date_keys: Accept ``dateFrom`` and ``dateValue`` for either of ``otherDate`` and
            ``otherDate_withTime``; otherwise only the one that the examples show.
        stage_change_is_comment: Whether a change of the status counts as a comment for filter 21.
        silent_moves_dates: Whether a silent update moves the date of the last change (filters 38 and 79).
        comment_moves_update: Whether a comment moves ``dateOfLastUpdate`` and filter 38 as well.
        failures_shape: ``failures`` as a list (schema) or as one object (example).
        deleted_task: Whether a deleted task can still be read by its number.
        contacts_without_flag: What a contact list shows if ``isCompany`` is not given (the spec says
            contacts).
        new_fields_attached: Whether a field created by REST is attached to every object at once.
        slashless: Whether ``POST /task`` works like ``POST /task/``.
        emoji: Whether a body with emoji is taken; one client saw it refused as bad JSON.
        downloads: What a download gets: the bytes, or a 302 to a signed link that expires (the specification
            says 302, live accounts were seen to do both).
        entry_shape: Whether ``GET /datatag/entry/{key}`` wraps the row in ``entry`` (schema)
            or not (example).
        directory_list_key: Under which name ``POST /directory/list`` gives the rows: schema or example.
        tariff: Reports are made on ``corporation`` only.
        report_seconds: How long a report takes.
        report_chunk: Rows of a report in one chunk.
        user_limit: How many employees the licence allows; ``None`` for no limit.
        silent_fires_scenarios: Whether scenarios see what was done silently (undocumented).
        hmac_arguments, hmac_output: In which order the function ``HMACSHA256`` of scenarios takes text and
            key, and whether its result is hexadecimal or Base64 (the name is documented, the rest is not).
        operations_per_month: How many operations scenarios, buttons and webhooks may do in a month; ``None``
            for no limit.
        over_quota: Whether they stop then (undocumented), or go on and are only counted.
        webhook_patience: Seconds of this machine that a receiver of a scenario's request has for its answer.
        only_changed: What ``onlyChanged`` looks at: a cursor per application, or the moment at which
            ``sourceDataVersion`` was written (undocumented).
        write_busy: Seconds for which a task is busy after each change by the API, scenarios being at work:
            the changes that follow are answered with 202 and applied one after the other.
        movement: How many things people do, at random, after each page of tasks that somebody reads.
        movement_seed: Of that random.
        busy: What a change of a busy task gets: applied when the task is free, or never.
    """

    timezone: str = "Europe/Moscow"
    strict_limits: bool = True
    rate: float = 1.0
    rate_tolerance: float | None = None
    rate_breach: Literal["403", "429"] = "403"
    daily_limit: int | None = 20_000
    time_to_reset: Literal["seconds", "milliseconds"] = "seconds"
    remaining_every: float = 600.0
    latency: float | dict[str, float] = field(default=0.0)
    timepoint_zone: Literal["utc", "user"] = "utc"
    utc_seconds: bool = True
    empty_fields: Literal["absent", "null"] = "absent"
    echo_source_ids: bool = True
    notequal_array: Literal["none_of", "refuse", "ignore"] = "none_of"
    filter_51: Literal["template_or_object", "template"] = "template_or_object"
    wrong_filter_value: Literal["refuse", "ignore"] = "refuse"
    and_equal_operators: bool = True
    lenient_date_keys: bool = False
    stage_change_is_comment: bool = False
    silent_moves_dates: bool = True
    comment_moves_update: bool = False
    failures_shape: Literal["array", "object"] = "array"
    deleted_task: Literal["visible", "not_found"] = "visible"
    contacts_without_flag: Literal["contacts", "both"] = "contacts"
    new_fields_attached: bool = False
    slashless: Literal["refuse", "accept"] = "refuse"
    emoji: Literal["accept", "refuse"] = "accept"
    downloads: Literal["redirect", "stream"] = "redirect"
    entry_shape: Literal["wrapped", "flat"] = "wrapped"
    directory_list_key: Literal["directories", "directory"] = "directories"
    tariff: Literal["corporation", "business", "free"] = "corporation"
    report_seconds: float = 30.0
    report_chunk: int = 100
    user_limit: int | None = None
    silent_fires_scenarios: bool = False
    hmac_arguments: Literal["text_key", "key_text"] = "text_key"
    hmac_output: Literal["hex", "base64"] = "hex"
    operations_per_month: int | None = None
    over_quota: Literal["stop", "go_on"] = "stop"
    webhook_patience: float = 5.0
    only_changed: Literal["cursor", "version"] = "cursor"
    write_busy: float = 0.0
    movement: int = 0
    movement_seed: int = 7
    busy: Literal["queue", "never"] = "queue"
