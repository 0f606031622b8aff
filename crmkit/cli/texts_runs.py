"""The texts of ``crmkit runs settle`` and of runs that are paused."""

__all__ = ["RUNS"]

RUNS: dict[str, tuple[str, str]] = {
    "help.settle": (
        "Показать действия, исход которых неизвестен, или записать, что о них выяснил человек.",
        "List the effects of which it is not known whether they happened, or write down what a person found.",
    ),
    "option.key": ("Ключ действия. Можно несколько раз.", "The key of an effect. May be repeated."),
    "option.all_keys": ("Все такие действия запуска.", "All such effects of the run."),
    "option.happened": (
        "Действие видно в портале, или его там нет.",
        "The effect is there in the portal, or it is not.",
    ),
    "option.first": (
        "Выполнить только столько сделок; остальные продолжит crmkit runs retry.",
        "Do only so many deals; crmkit runs retry goes on with the rest.",
    ),
    "settle.none": ("Неясных действий нет.", "Nothing is unclear."),
    "settle.how": (
        "Посмотрите в портале и запишите: crmkit runs settle {run} --key КЛЮЧ --happened "
        "(или --did-not-happen); затем crmkit runs retry {run}",
        "Look in the portal and write it down: crmkit runs settle {run} --key KEY --happened "
        "(or --did-not-happen); then crmkit runs retry {run}",
    ),
    "settle.which": (
        "скажите, какие действия и есть ли они в портале",
        "say which effects, and whether they are in the portal",
    ),
    "settle.which.hint": (
        "--key КЛЮЧ или --all, и --happened или --did-not-happen",
        "--key KEY or --all, and --happened or --did-not-happen",
    ),
    "settle.written": ("Записано действий: {count}", "Effects written down: {count}"),
    "apply.leftovers": (
        "Сначала доведено до конца то, что осталось от прошлых запусков: {count:сделка|сделки|сделок}",
        "First, what earlier runs had left was finished: {count:deal|deals}",
    ),
    "run.paused": (
        "Запуск приостановлен, осталось сделок: {left}. Продолжить: crmkit runs retry {run}",
        "The run is paused, {left} deals are left. Go on with: crmkit runs retry {run}",
    ),
}
