"""The texts of the program: each in Russian and in English, side by side so that neither is forgotten."""

from __future__ import annotations

from typing import Any

from crmkit.automation.messages import Language, register, text
from crmkit.cli.texts_calendar import CALENDAR
from crmkit.cli.texts_demo import DEMO
from crmkit.cli.texts_init import INIT
from crmkit.cli.texts_init_bitrix24 import INIT_BITRIX24
from crmkit.cli.texts_runs import RUNS
from crmkit.cli.texts_serve import SERVE
from crmkit.cli.texts_setup import SETUP

__all__ = ["TEXTS", "translated"]

HELP: dict[str, tuple[str, str]] = {
    "help.crmkit": (
        "Автоматизации для Планфикса и Битрикс24: сначала план, затем запись с журналом; любой запуск "
        "можно отменить.",
        "Automations for Planfix and Bitrix24: a plan first, then writes with a journal; every run can be "
        "undone.",
    ),
    "help.demo": (
        "Показать возврат зависших сделок на учебном Планфиксе: без аккаунта и без сети.",
        "Show stale deals being returned on a local sandbox of Planfix: no account, no network.",
    ),
    "help.sandbox": (
        "Учебный портал на этом компьютере.",
        "A sandbox of a portal on this machine.",
    ),
    "help.start": (
        "Запустить учебный портал (до Ctrl-C).",
        "Start the sandbox (until Ctrl-C).",
    ),
    "help.advance": (
        "Перевести часы учебного Планфикса вперёд.",
        "Move the clock of the sandbox forward.",
    ),
    "help.init": (
        "Записать файл настроек с пояснениями.",
        "Write a commented configuration file.",
    ),
    "help.doctor": (
        "Сверить настройки с порталом: поля, стадии, права, лимиты.",
        "Compare the configuration with the portal: fields, stages, rights, limits.",
    ),
    "help.recipes": (
        "Показать автоматизации или настройки одной из них.",
        "List the automations, or the settings of one.",
    ),
    "help.plan": (
        "Показать, что сделает автоматизация. На портал ничего не пишется.",
        "Show what an automation would do. Nothing is written to the portal.",
    ),
    "help.apply": (
        "Выполнить план: каждая сделка перечитывается, изменённые людьми пропускаются.",
        "Carry out a plan: every deal is read again, those that people changed are skipped.",
    ),
    "help.undo": (
        "Отменить запуск или одну его сделку; что изменили люди, остаётся как есть.",
        "Undo a run, or one deal of it; what people changed since is left alone.",
    ),
    "help.models": ("Классы с полями портала.", "Classes with the fields of a portal."),
    "help.pull": (
        "Записать модуль Python: пользовательские поля портала как типизированные атрибуты.",
        "Write a Python module: the custom fields of the portal as typed attributes.",
    ),
    "option.models_out": ("Файл модуля.", "The file of the module."),
    "models.written": (
        "{path}: {count:поле|поля|полей}.",
        "{path}: {count:field|fields}.",
    ),
    "help.runs": ("Журнал запусков.", "The journal of runs."),
    "help.list": ("Показать запуски, новые сверху.", "List the runs, newest first."),
    "help.show": ("Показать один запуск по сделкам.", "Show one run, deal by deal."),
    "help.retry": (
        "Закончить прерванный запуск и повторить неудачное.",
        "Finish an interrupted run and try again what failed.",
    ),
    "help.export": (
        "Выгрузить запуск в CSV, XLSX или HTML.",
        "Export a run as CSV, XLSX or HTML.",
    ),
    "help.report": (
        "Отчёт автоматизации: на экран, в CSV, XLSX или HTML.",
        "The report of an automation: on the screen, as CSV, XLSX or HTML.",
    ),
    "option.config": ("Файл настроек [crmkit.toml].", "The configuration file [crmkit.toml]."),
    "option.portal": ("Портал из файла настроек.", "A portal of the configuration file."),
    "option.json": (
        "Вывести один документ JSON и больше ничего.",
        "Print one JSON document and nothing else.",
    ),
    "option.lang": (
        "Язык сообщений [по умолчанию CRMKIT_LANG или язык системы].",
        "Language of messages [default: CRMKIT_LANG or that of the system].",
    ),
    "option.debug": (
        "При ошибке показать её место в программе (без паролей и ключей).",
        "On an error show where in the program it arose (without secrets).",
    ),
    "option.version": ("Показать версию.", "Show the version."),
    "option.url": ("Адрес REST API портала.", "The address of the portal's REST API."),
    "option.force": ("Перезаписать, если файл уже есть.", "Overwrite a file that is already there."),
    "option.plan_out": (
        "Сохранить план в файл для crmkit apply.",
        "Store the plan in a file for crmkit apply.",
    ),
    "option.set": (
        "Изменить настройку на этот раз: ключ=значение. Можно несколько раз.",
        "Change a setting this once: key=value. May be repeated.",
    ),
    "option.limit": ("Сколько строк показать.", "How many rows to show."),
    "option.template": (
        "Записать пустой файл, который заполняют для этого рецепта (.xlsx или .csv).",
        "Write the empty file that people fill in for this recipe (.xlsx or .csv).",
    ),
    "option.all": (
        "Показать и те сделки, которые не трогаем, с причиной.",
        "List the deals that are left alone too, with the reason.",
    ),
    "option.yes": (
        "Не спрашивать подтверждения (нужно для cron и конвейеров).",
        "Do not ask for confirmation (needed in cron and in pipes).",
    ),
    "option.deal": (
        "Только эта сделка. Можно несколько раз.",
        "Only this deal. May be repeated.",
    ),
    "option.dry_run": ("Только показать, что будет отменено.", "Only show what would be undone."),
    "option.out": (
        "Файл; по окончанию имени выбирается формат: .csv, .xlsx или .html.",
        "The file; its ending chooses the format: .csv, .xlsx or .html.",
    ),
    "option.format": (
        "Формат: table, csv, xlsx или html.",
        "The format: table, csv, xlsx or html.",
    ),
    "option.vendor": ("Чей портал изображать.", "Whose portal to emulate."),
    "option.port": ("Порт (0: любой свободный).", "The port (0: any free one)."),
    "option.case": (
        "Что есть в портале: зависшие сделки, поля следующего шага или всё для остальных автоматизаций.",
        "What the portal holds: stale deals, the fields of next steps, or what the others need.",
    ),
    "option.deals": (
        "Сколько сделок в учебном портале [2000, для crm_cases 120, для next_step 3].",
        "How many deals the sandbox has [2000, for crm_cases 120, for next_step 3].",
    ),
    "option.stalled": (
        "Сколько из них зависло [около 30 %].",
        "How many of them are stalled [about 30 %].",
    ),
    "option.seed": ("Зерно случайных данных.", "The seed of the random data."),
    "option.write": (
        "Записать настройки для учебного портала в этот файл.",
        "Write a configuration for the sandbox into this file.",
    ),
    "option.days": ("На сколько дней.", "By how many days."),
    "option.hours": ("На сколько часов.", "By how many hours."),
    "option.minutes": ("На сколько минут.", "By how many minutes."),
    "option.fast": (
        "Короткий показ: 200 сделок вместо 2000.",
        "The short show: 200 deals instead of 2,000.",
    ),
    "argument.recipe": (
        "Имя автоматизации, например stale_deals.",
        "Name of an automation, e.g. stale_deals.",
    ),
    "argument.target": (
        "Имя автоматизации или файл плана.",
        "Name of an automation, or a plan file.",
    ),
    "argument.run": (
        "Номер запуска (достаточно начала) или last.",
        "Id of a run (its beginning will do), or last.",
    ),
}

MESSAGES: dict[str, tuple[str, str]] = {
    "recipes.template": (
        "Шаблон записан: {path}, столбцов: {count}. Допустимые значения — в примечаниях к заголовкам.",
        "The template was written: {path}, {count} columns. Legal values are notes at the headers.",
    ),
    "error": ("Ошибка:", "Error:"),
    "hint": ("Что делать:", "What to do:"),
    "usage.hint": ("crmkit --help покажет команды", "crmkit --help shows the commands"),
    "internal": ("внутренняя ошибка {kind}: {text}", "internal error {kind}: {text}"),
    "internal.hint": (
        "повторите с --debug и пришлите вывод разработчикам",
        "run again with --debug and send the output to the maintainers",
    ),
    "interrupted": ("прервано, сделанное записано в журнал", "interrupted; what was done is in the journal"),
    "interrupted.hint": (
        "crmkit runs retry last закончит начатый запуск",
        "crmkit runs retry last finishes a run that was begun",
    ),
    "aborted": ("решено не выполнять, ничего не записано", "called off, nothing was written"),
    "progress.plan": ("Смотрим сделки", "Looking at deals"),
    "progress.apply": ("Выполняем", "Applying"),
    "progress.undo": ("Отменяем", "Undoing"),
    "progress.check": ("Проверяем", "Checking"),
    "column.recipe": ("Автоматизация", "Automation"),
    "column.purpose": ("Для чего", "What for"),
    "column.setting": ("Настройка", "Setting"),
    "column.default": ("По умолчанию", "Default"),
    "column.meaning": ("Что значит", "Meaning"),
    "doctor.portal": ("Портал {portal}: {provider}, {url}", "Portal {portal}: {provider}, {url}"),
    "doctor.problems": ("Найдено расхождений: {count}", "Problems found: {count}"),
    "doctor.well": ("Всё в порядке.", "All is well."),
    "init.written": (
        "Записан файл {path}. Впишите адрес и номера из своего портала, затем: crmkit doctor",
        "Wrote {path}. Fill in the address and the ids of your portal, then run: crmkit doctor",
    ),
    "plan.stored": ("План сохранён: {path}", "The plan is stored in {path}"),
    "apply.confirm": (
        "Выполнить для сделок: {count}, запросов к API: около {requests}?",
        "Apply to {count} deals with about {requests} API requests?",
    ),
    "apply.nobody": ("некому подтвердить запись", "there is nobody to confirm the writes"),
    "apply.nobody.hint": (
        "добавьте --yes, если всё решено, или посмотрите сначала: crmkit plan",
        "add --yes if it is decided, or look first: crmkit plan",
    ),
    "more": ("… и ещё {count}", "… and {count} more"),
    "run.more": ("… и ещё {count}: crmkit runs show {run}", "… and {count} more: crmkit runs show {run}"),
    "run.cost": (
        "Запуск {run}: {requests:запрос|запроса|запросов}, {time}",
        "Run {run}: {requests:request|requests}, {time}",
    ),
    "run.failed": (
        "Не всё получилось. Повторить неудачное: crmkit runs retry {run}",
        "Not everything worked. Try again what failed: crmkit runs retry {run}",
    ),
    "run.again": (
        "crmkit runs retry {run} продолжит с этого места",
        "crmkit runs retry {run} goes on from here",
    ),
    "runs.none": ("Запусков ещё не было.", "There have been no runs yet."),
    "report.written": ("Записано: {path}", "Written: {path}"),
    "sandbox.runs": (
        "Учебный портал работает: {url}\nУправление: {control}\nВремя портала: {time}",
        "The sandbox is running: {url}\nControl: {control}\nTime of the portal: {time}",
    ),
    "sandbox.written": ("Настройки записаны в {path}.", "The configuration is in {path}."),
    "sandbox.paste": ("Настройки для {path}:\n", "Configuration for {path}:\n"),
    "sandbox.stop": ("Остановить: Ctrl-C", "Stop with Ctrl-C"),
    "sandbox.now": ("Время учебного портала: {time}", "Time of the sandbox: {time}"),
}

TEXTS: dict[str, tuple[str, str]] = {
    **HELP,
    **MESSAGES,
    **INIT,
    **INIT_BITRIX24,
    **DEMO,
    **RUNS,
    **SERVE,
    **CALENDAR,
    **SETUP,
}

register(
    {
        "ru": {f"cli.{key}": russian for key, (russian, _) in TEXTS.items()},
        "en": {f"cli.{key}": english for key, (_, english) in TEXTS.items()},
    }
)


def translated(command: Any, language: Language) -> Any:
    """Put the help of a command, its options and its subcommands into a language; keys become texts."""
    command.help = command.short_help = _text(command.help, language)
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = _text(parameter.help, language)
    for child in getattr(command, "commands", {}).values():
        translated(child, language)
    return command


def _text(key: str | None, language: Language) -> str | None:
    return text(key, language) if key and key.startswith("cli.") else key
