"""Russian texts."""

TEXTS: dict[str, str] = {
    "activity.none_since": "никакой активности с {date}",
}
