"""Russian texts that recipes share."""

TEXTS: dict[str, str] = {
    "activity.none_since": "никакой активности с {date}",
    "activity.last_touch": "последнее действие человека: {date}, {who}, {what}",
    "activity.ignored": "не считаются: {count:событие робота|события робота|событий робота}",
    "activity.kind.created": "создание",
    "activity.kind.comment": "комментарий",
    "activity.kind.stage": "смена стадии",
    "activity.kind.fields": "изменение полей",
    "activity.kind.message": "сообщение",
    "activity.kind.other": "действие",
    "activity.kind.unexplained": "изменение без следа в истории",
    "person.unknown": "неизвестно кто",
    "person.nobody": "никто",
}
