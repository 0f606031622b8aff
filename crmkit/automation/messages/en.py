"""English texts that recipes share."""

TEXTS: dict[str, str] = {
    "activity.none_since": "no activity of anybody since {date}",
    "activity.last_touch": "last human touch: {date} by {who}, {what}",
    "activity.ignored": "{count:robot event|robot events} ignored",
    "activity.kind.created": "creation",
    "activity.kind.comment": "comment",
    "activity.kind.stage": "change of stage",
    "activity.kind.fields": "change of fields",
    "activity.kind.message": "message",
    "activity.kind.other": "activity",
    "activity.kind.unexplained": "a change that left no trace in the history",
    "person.unknown": "somebody unknown",
    "person.nobody": "nobody",
}
