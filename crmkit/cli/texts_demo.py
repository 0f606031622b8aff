"""What ``crmkit demo`` says."""

__all__ = ["DEMO"]

DEMO: dict[str, tuple[str, str]] = {
    "demo.title": (
        "Зависшие сделки возвращаются в работу: показ на учебном Планфиксе",
        "Stalled deals go back to work: a show on a sandbox of Planfix",
    ),
    "demo.intro": (
        "Без аккаунта и без сети. Часы учебные: недели и ожидание лимита (1 запрос в секунду) "
        "проходят мгновенно.\n"
        "Каждое число ниже прочитано из портала отдельно, токеном администратора, а не взято из плана.",
        "No account, no network. The clock is simulated: weeks, and waiting for the limit of one request "
        "a second, pass at once.\n"
        "Every figure below is read back from the portal with an administrator's token, not from a plan.",
    ),
    "demo.opening.head": ("День 15 · {at}", "Day 15 · {at}"),
    "demo.opening.text": (
        "В портале {deals:сделка|сделки|сделок}, из них {stalled} никто не трогал 15 дней и больше. "
        "Сначала план: он ничего не пишет.",
        "The portal has {deals:deal|deals}; nobody has touched {stalled} of them for 15 days or more. "
        "First the plan: it writes nothing.",
    ),
    "demo.day_15.head": ("День 15 · предупреждения · {at}", "Day 15 · warnings · {at}"),
    "demo.day_15.text": (
        "Предупреждено {warned:сделка|сделки|сделок}, "
        "отправлено {notifications:уведомление|уведомления|уведомлений}: "
        "менеджеру и руководителю.\n{requests:запрос|запроса|запросов}, учебного времени: {time}.",
        "{warned:deal|deals} warned about, {notifications:notification|notifications} sent: "
        "to the manager and the head of sales.\n{requests:request|requests}, simulated time: {time}.",
    ),
    "demo.same_day.head": ("Тот же день, второй запуск · {at}", "The same day, a second run · {at}"),
    "demo.same_day.text": (
        "Сделок к изменению: {items}. Записей в портал: {writes}.",
        "Deals to change: {items}. Writes to the portal: {writes}.",
    ),
    "demo.day_18.head": ("День 18 · тем временем · {at}", "Day 18 · meanwhile · {at}"),
    "demo.day_18.text": (
        "Менеджеры правят вручную "
        "{edited:предупреждённую сделку|предупреждённые сделки|предупреждённых сделок}: "
        "комментарий {commented}, стадия {moved}, сумма {amount}.\n"
        "Робот Планфикса пишет ещё в {robot_comments}: это не работа со сделкой. "
        "С остальными ({busy}) работают как обычно.",
        "Managers edit {edited:warned deal|warned deals} by hand: "
        "{commented} comments, {moved} moves, {amount} amounts.\n"
        "A robot of Planfix comments on {robot_comments} more: that is no work on a deal. "
        "The other {busy} go on as usual.",
    ),
    "demo.day_22.head": ("День 22 · возврат · {at}", "Day 22 · return · {at}"),
    "demo.day_22.text": (
        "Возвращено {returned:сделка|сделки|сделок}: статус «Новая», метка «Свободная сделка», "
        "прежний исполнитель записан.\n"
        "Руководителям поставлено {approvals:согласование|согласования|согласований}.\n"
        "Не тронуто: изменено людьми {edited_left_alone}, «Отказ» без причины {refused_without_reason}, "
        "отложено с причиной {snoozed}. Заодно предупреждено новых: {newly_warned}.\n"
        "{requests:запрос|запроса|запросов}, учебного времени: {time}.",
        "{returned:deal|deals} returned: status «Новая», label «Свободная сделка», the former executor kept. "
        "{approvals:approval task|approval tasks} for the heads of sales.\n"
        "Left alone: {edited_left_alone} edited by people, "
        "{refused_without_reason} refused without a reason, "
        "{snoozed} snoozed with a reason. Newly warned: {newly_warned}.\n"
        "{requests:request|requests}, simulated time: {time}.",
    ),
    "demo.decisions.head": ("День 23 · решения руководителей · {at}", "Day 23 · the heads decide · {at}"),
    "demo.decisions.text": (
        "Руководители решают сами, в Планфиксе, своими токенами.\n"
        "Подтверждено с новым исполнителем: {approved}, отклонено: {rejected}, ждут решения: {waiting}.",
        "The heads of sales decide in Planfix, with their own tokens.\n"
        "Confirmed with a new executor: {approved}, declined: {rejected}, waiting: {waiting}.",
    ),
    "demo.report.head": ("Отчёт · {at}", "Report · {at}"),
    "demo.report.text": (
        "Один и тот же отчёт на двух языках.",
        "The same report in two languages.",
    ),
    "demo.report.ru": ("По-русски", "In Russian"),
    "demo.report.en": ("По-английски", "In English"),
    "demo.undo.head": ("Отмена · {at}", "Undo · {at}"),
    "demo.undo.text": (
        "Отменён возврат одной сделки: {deal}, {title}. {requests:запрос|запроса|запросов}.",
        "The return of one deal is undone: {deal}, {title}. {requests:request|requests}.",
    ),
    "demo.check.stalled_found": (
        "план видит все зависшие сделки: {found} из {expected}",
        "the plan sees every stalled deal: {found} of {expected}",
    ),
    "demo.check.two_notifications_each": (
        "на каждую предупреждённую сделку ровно два уведомления: {found} из {expected}",
        "exactly two notifications for each warned deal: {found} of {expected}",
    ),
    "demo.check.manager_and_head_told": (
        "каждый раз это менеджер сделки и его руководитель: {found} из {expected}",
        "each time the manager of the deal and the head of the group: {found} of {expected}",
    ),
    "demo.check.nothing_else_changed": (
        "ни статус, ни исполнитель, ни поля не изменились: {found} из {expected}",
        "no status, executor or field has changed: {found} of {expected}",
    ),
    "demo.check.nothing_failed": ("ошибок: {found}", "failures: {found}"),
    "demo.check.second_run_writes_nothing": (
        "второй запуск ничего не пишет: {found} записей",
        "a second run writes nothing: {found} writes",
    ),
    "demo.check.nobody_told_twice": (
        "никого не предупредили дважды: уведомлений по-прежнему {found}",
        "nobody was told twice: still {found} notifications",
    ),
    "demo.check.warned_minus_edited_returned": (
        "возвращены все предупреждённые, кроме изменённых людьми: {found} из {expected}",
        "all that were warned are returned, but for those edited by people: {found} of {expected}",
    ),
    "demo.check.returned_in_one_step": (
        "у каждой возвращённой сразу и статус, и метка, и прежний исполнитель: {found} из {expected}",
        "each returned deal has status, label and former executor at once: {found} of {expected}",
    ),
    "demo.check.one_approval_each": (
        "на каждую ровно одно согласование: {found} на {expected}",
        "one approval task for each: {found} for {expected}",
    ),
    "demo.check.edited_left_alone": (
        "изменённые людьми не тронуты: {found} из {expected}",
        "those that people edited are left alone: {found} of {expected}",
    ),
    "demo.check.rest_untouched": (
        "остальные сделки такие же, как в начале: {found} из {expected}",
        "the other deals are as in the beginning: {found} of {expected}",
    ),
    "demo.check.approved_have_new_executor": (
        "подтверждённые у нового исполнителя, метка снята: {found} из {expected}",
        "the confirmed ones have the new executor and no label: {found} of {expected}",
    ),
    "demo.check.rejected_are_as_before": (
        "отклонённые вернулись: статус, исполнитель, метка и поля прежние: {found} из {expected}",
        "the declined ones are back: status, executor, label and fields as before: {found} of {expected}",
    ),
    "demo.check.others_still_wait": (
        "без решения никому не назначено: {found} из {expected}",
        "without a decision nobody got a deal: {found} of {expected}",
    ),
    "demo.check.report_warned": (
        "предупреждений в отчёте и в портале поровну: {found} = {expected}",
        "the report and the portal agree on warnings: {found} = {expected}",
    ),
    "demo.check.report_returned": (
        "возвратов поровну: {found} = {expected}",
        "on returns: {found} = {expected}",
    ),
    "demo.check.report_waiting": (
        "ожидающих решения поровну: {found} = {expected}",
        "on what waits for a decision: {found} = {expected}",
    ),
    "demo.check.undone_is_as_before": (
        "сделка такая же, как до возврата: статус, исполнитель, метка, поля",
        "the deal is as before the return: status, executor, label, fields",
    ),
    "demo.check.others_untouched": (
        "остальные не тронуты: {found} из {expected}",
        "the others are untouched: {found} of {expected}",
    ),
    "demo.end": (
        "Все проверки сошлись: {checks}. Показ занял {time}.",
        "All {checks} checks agree. The show took {time}.",
    ),
    "demo.wrong": (
        "Не сошлось проверок: {wrong} из {checks}.",
        "Checks that do not agree: {wrong} of {checks}.",
    ),
    "demo.next": (
        "Попробовать самому: crmkit sandbox --write crmkit.toml, затем в другом окне crmkit plan stale_deals",
        "Try it yourself: crmkit sandbox --write crmkit.toml, then in another window crmkit plan stale_deals",
    ),
}
