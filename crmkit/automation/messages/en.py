"""English texts."""

TEXTS: dict[str, str] = {
    "activity.none_since": "no activity of anybody since {date}",
}
