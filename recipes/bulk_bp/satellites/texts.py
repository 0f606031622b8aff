"""The words of the satellites: ``text.*`` is written into the portal, the rest is for plans and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message, register
from crmkit.automation.table import Column, Kind
from crmkit.crm.models import Ref

__all__ = ["columns", "counted", "say"]

PREFIX = "bulk_bp_satellites."

RU = {
    # Written into the portal
    "text.first_title": "Позвонить клиенту 1 раз",
    "text.first": "Новая сделка {deal}: позвоните клиенту и запишите результат в сделку.",
    "text.callback_title": "Вы обещали перезвонить клиенту",
    "text.callback": (
        "В сделке {deal} указана дата перезвона: {at}. Если дату в сделке изменить, срок этой задачи "
        "изменится сам; если её убрать, задача закроется."
    ),
    "text.copy_name": "копия",
    "text.copy": (
        "Это копия сделки {deal}: в ней указан отказ на стадии «{stage}». Исходная сделка осталась на своей "
        "стадии. Копия не запускает задач и не считается в отчётах второй раз."
    ),
    "text.original": (
        "Указан отказ на стадии «{stage}»: создана копия, сделка № {copy}. "
        "Эта сделка остаётся на своей стадии."
    ),
    "text.handover_title": "Продолжить работу с клиентом: {client}",
    "text.handover": (
        "Вам передана сделка {deal}. Работа с клиентом {client} продолжается в его группе: задачи, документы "
        "и отчёты ведутся там."
    ),
    "text.space_title": "{client}: совместная работа",
    "text.space": "Пространство для совместной работы с клиентом {client}: задачи, документы, отчёты.",
    # Reasons of decisions
    "reason.unsettled": "итог прежнего действия неизвестен, нужно посмотреть: {keys}",
    "reason.copy": "копия отказа: ничего не запускает",
    "reason.nobody": "ответственный не работает, а замена в настройке fallback не указана",
    "reason.no_call": "звонить не нужно",
    "reason.first": "сделка на первой стадии",
    "reason.imported_deal": "сделка импортирована: по настройке без задачи",
    "reason.callback": "клиенту обещано перезвонить {at}",
    "reason.waits_call": "задача на {at} уже есть",
    "reason.moved": "дата перезвона изменена: было {before}, стало {after}",
    "reason.cleared": "дата перезвона убрана",
    "reason.past": "дата перезвона {at} давно прошла: задача не ставится, проверьте дату",
    "reason.by_robot": "последнее изменение сделки сделал робот: дата {at} не принята, проверьте",
    "reason.refused": "указан отказ",
    "reason.copied": "копия уже есть: сделка № {id}",
    "reason.withdrawn": "отказ снят; копия № {id} осталась, решите, нужна ли она",
    "reason.undone": "копия отменена через crmkit undo, второй раз не создаётся",
    "reason.not_refused": "отказа нет",
    "reason.no_rule": "на этой стадии сделка не передаётся",
    "reason.left": "сделка ушла со стадии передачи",
    "reason.undone_handover": "передача отменена через crmkit undo, на этой стадии не повторяется",
    "reason.undone_space": "пространство отменено через crmkit undo: если нужно, создайте его вручную",
    "reason.handover": "стадия «{stage}»: сделку принимает {name}",
    "reason.nobody_takes": "передать некому: никто из правила не работает",
    "reason.no_group": "сделку принимает {name}, но у клиента нет группы: задача ждёт bulk_bp_spaces",
    "reason.not_client": "компания не клиент",
    "reason.former": "компания больше не клиент, а пространство {id} осталось: решите, что с ним делать",
    "reason.gone": "компания удалена или недоступна",
    "reason.no_owner": "ответственный компании не работает, а owner в настройках не указан",
    "reason.by_hand": "внешнее пространство сейчас не создать ({why}): создайте его вручную и впишите номер",
    "reason.create": "у клиента нет пространства: внешняя группа",
    "reason.create_inside": "внешнюю группу создать нельзя ({why}): внутренняя, гостя пригласить вручную",
    "reason.store": "пространство {id} есть, его номер записывается в компанию",
    "reason.no_contact": "у компании нет контакта, которого можно пригласить",
    "reason.no_email": "у контакта {name} нет адреса почты",
    "reason.employee": "адрес {email} принадлежит сотруднику: гостем он не станет",
    "reason.hand_invite": "гостя {email} пригласите вручную: {why}",
    "reason.invite": "ответственного со стороны клиента нужно пригласить: {email}",
    "reason.invited": "{email} приглашён {date}, ответа ещё нет",
    "reason.resend": "{email} приглашён {date} и не ответил: пригласите ещё раз вручную",
    "reason.accepted": "{email} в пространстве",
    "reason.owner_gone": "{email} в пространстве, но его владелец {name} уволен: назначьте другого",
    "reason.renamed": "компания переименована, пространство названо по-старому: «{name}»",
    "reason.space_gone": "в компании записано пространство {id}, но его нет: уберите номер или исправьте",
    "reason.as_expected": "как в матрице",
    "reason.too_much": "можно, хотя по матрице нельзя",
    "reason.too_little": "нельзя, хотя по матрице можно",
    "reason.untold": "узнать не удалось: {why}",
    # Reports
    "report.first_call": "первых звонков поставлено: {count}",
    "report.callback": "задач на перезвон: {count}",
    "report.moved": "переносов срока: {count}",
    "report.cleared": "задач закрыто, потому что дата убрана: {count}",
    "report.copy": "копий отказов: {count}",
    "report.withdrawn": "отказов снято: {count}",
    "report.handover": "сделок передано: {count}",
    "report.task": "задач в группах клиентов: {count}",
    "report.space": "пространств создано: {count}",
    "report.invite": "приглашений отправлено: {count}",
    "report.accepted": "приглашений принято: {count}",
    "report.copies": "Отказы: исходные сделки и копии",
    "report.tracker": "Пространства и приглашения клиентов",
    "report.matrix": "Матрица ролей: ожидается и есть",
    "column.deal": "Сделка",
    "column.title": "Название",
    "column.copy": "Копия",
    "column.day": "День",
    "column.id": "№",
    "column.company": "Компания",
    "column.space": "Пространство",
    "column.email": "Кого приглашаем",
    "column.state": "Состояние",
    "column.invited": "Приглашён",
    "column.accepted": "Принял",
    "column.note": "Что делать",
    "column.role": "Роль",
    "column.operation": "Действие",
    "column.expected": "По матрице",
    "column.seen": "На деле",
    "column.how": "Как узнали",
    "may.yes": "можно",
    "may.no": "нельзя",
    "may.untold": "неизвестно",
}

EN = {
    "text.first_title": "Call the client for the first time",
    "text.first": "A new deal {deal}: call the client and write the result into the deal.",
    "text.callback_title": "You promised to call the client back",
    "text.callback": (
        "In the deal {deal} a date to call back is set: {at}. If the date in the deal changes, the deadline "
        "of this task moves with it; if it is taken away, the task is closed."
    ),
    "text.copy_name": "the copy",
    "text.copy": (
        "This is a copy of the deal {deal}: it was refused on the stage “{stage}”. The original has stayed "
        "on its stage. The copy starts no tasks and is not counted a second time in reports."
    ),
    "text.original": (
        "Refused on the stage “{stage}”: a copy was made, deal No. {copy}. This deal stays on its stage."
    ),
    "text.handover_title": "Go on working with the client: {client}",
    "text.handover": (
        "The deal {deal} was handed over to you. The work with the client {client} goes on in its group: "
        "tasks, documents and reports are there."
    ),
    "text.space_title": "{client}: working together",
    "text.space": "A space for the work with the client {client}: tasks, documents, reports.",
    "reason.unsettled": "the outcome of an earlier action is not known, please look: {keys}",
    "reason.copy": "a copy of a refusal: it starts nothing",
    "reason.nobody": "the responsible person does not work here, and the setting fallback names nobody",
    "reason.no_call": "no call is due",
    "reason.first": "the deal is on the first stage",
    "reason.imported_deal": "the deal was imported: no task, as the settings say",
    "reason.callback": "the client was promised a call at {at}",
    "reason.waits_call": "there is a task for {at} already",
    "reason.moved": "the date to call back has changed from {before} to {after}",
    "reason.cleared": "the date to call back was taken away",
    "reason.past": "the date to call back ({at}) is long past: no task, please check the date",
    "reason.by_robot": "the last change of the deal is a robot's: the date {at} is not heeded, please check",
    "reason.refused": "refused",
    "reason.copied": "there is a copy already: deal No. {id}",
    "reason.withdrawn": "the refusal was withdrawn; copy No. {id} is still there: is it needed?",
    "reason.undone": "the copy was taken back with crmkit undo, it is not made again",
    "reason.not_refused": "not refused",
    "reason.no_rule": "deals are not handed over on this stage",
    "reason.left": "the deal has left the stage of the handover",
    "reason.undone_handover": "the handover was taken back with crmkit undo, not again on this stage",
    "reason.undone_space": "the space was taken back with crmkit undo: make one by hand if it is needed",
    "reason.handover": "stage “{stage}”: {name} takes over",
    "reason.nobody_takes": "there is nobody to take over: none of the rule's people works here",
    "reason.no_group": "{name} takes over, but the client has no group: the task waits for bulk_bp_spaces",
    "reason.not_client": "the company is no client",
    "reason.former": "the company is no client any more, but has the space {id}: decide what becomes of it",
    "reason.gone": "the company was deleted or is out of reach",
    "reason.no_owner": "the company's responsible person does not work here, and the setting owner is empty",
    "reason.by_hand": "no external space can be made now ({why}): make one by hand, write its number down",
    "reason.create": "the client has no space: an external group",
    "reason.create_inside": "no external group can be made ({why}): an internal one, guests by hand",
    "reason.store": "the space {id} is there, its number is written into the company",
    "reason.no_contact": "the company has no contact that could be invited",
    "reason.no_email": "the contact {name} has no e-mail address",
    "reason.employee": "the address {email} is an employee's, who cannot become a guest",
    "reason.hand_invite": "invite the guest {email} by hand: {why}",
    "reason.invite": "the client's responsible person has to be invited: {email}",
    "reason.invited": "{email} was invited on {date} and has not answered yet",
    "reason.resend": "{email} was invited on {date} and has not answered: invite once more by hand",
    "reason.accepted": "{email} is in the space",
    "reason.owner_gone": "{email} is in the space, but its owner {name} was dismissed: appoint another",
    "reason.renamed": "the company was renamed, its space still has the former name: “{name}”",
    "reason.space_gone": "the company names the space {id}, which is not there: clear or correct the number",
    "reason.as_expected": "as the matrix says",
    "reason.too_much": "allowed, although the matrix forbids it",
    "reason.too_little": "refused, although the matrix allows it",
    "reason.untold": "it could not be found out: {why}",
    "report.first_call": "first calls given out: {count}",
    "report.callback": "reminders to call back: {count}",
    "report.moved": "deadlines moved: {count}",
    "report.cleared": "reminders closed because the date was taken away: {count}",
    "report.copy": "copies of refusals: {count}",
    "report.withdrawn": "refusals withdrawn: {count}",
    "report.handover": "deals handed over: {count}",
    "report.task": "tasks in the groups of clients: {count}",
    "report.space": "spaces made: {count}",
    "report.invite": "invitations sent: {count}",
    "report.accepted": "invitations accepted: {count}",
    "report.copies": "Refusals: originals and copies",
    "report.tracker": "Spaces and invitations of clients",
    "report.matrix": "Matrix of roles: expected and seen",
    "column.deal": "Deal",
    "column.title": "Title",
    "column.copy": "Copy",
    "column.day": "Day",
    "column.id": "No.",
    "column.company": "Company",
    "column.space": "Space",
    "column.email": "Who is invited",
    "column.state": "State",
    "column.invited": "Invited",
    "column.accepted": "Accepted",
    "column.note": "What to do",
    "column.role": "Role",
    "column.operation": "Operation",
    "column.expected": "By the matrix",
    "column.seen": "In fact",
    "column.how": "How it was found out",
    "may.yes": "allowed",
    "may.no": "refused",
    "may.untold": "not known",
}

VERDICTS: dict[str, dict[str, tuple[str, str]]] = {
    "bulk_bp_calls": {
        "first": ("позвонить первый раз", "call first"),
        "callback": ("перезвонить", "call back"),
        "moved": ("перенести срок", "move the deadline"),
        "cleared": ("закрыть задачу", "close the task"),
        "waits": ("задача есть", "task is there"),
        "past": ("дата прошла", "date is past"),
        "by_robot": ("дата от робота", "a robot's date"),
        "imported": ("импорт без задачи", "import without a task"),
        "nobody": ("некому поручить", "nobody to ask"),
        "copy": ("копия отказа", "copy of a refusal"),
        "nothing": ("звонить не нужно", "no call is due"),
        "unsettled": ("итог неизвестен", "outcome unknown"),
    },
    "bulk_bp_refusals": {
        "refused": ("отказ: копировать", "refused: copy"),
        "copy": ("копия отказа", "copy of a refusal"),
        "copied": ("копия есть", "copied"),
        "withdrawn": ("отказ снят", "withdrawn"),
        "undone": ("копия отменена", "copy taken back"),
        "nothing": ("отказа нет", "not refused"),
        "unsettled": ("итог неизвестен", "outcome unknown"),
    },
    "bulk_bp_handover": {
        "handover": ("передать", "hand over"),
        "given": ("передана", "handed over"),
        "waits": ("ждёт группу клиента", "waits for the group"),
        "undone": ("передача отменена", "handover taken back"),
        "left": ("ушла со стадии", "left the stage"),
        "nobody": ("некому передать", "nobody to take over"),
        "copy": ("копия отказа", "copy of a refusal"),
        "nothing": ("не передаётся", "not handed over"),
        "unsettled": ("итог неизвестен", "outcome unknown"),
    },
    "bulk_bp_spaces": {
        "create": ("создать", "create"),
        "store": ("записать номер", "write the number down"),
        "invite": ("пригласить (в очереди)", "invite (queued)"),
        "invited": ("приглашён", "invited"),
        "accepted": ("в пространстве", "in the space"),
        "resend": ("пригласить ещё раз", "invite again"),
        "by_hand": ("вручную", "by hand"),
        "no_contact": ("нет контакта", "no contact"),
        "no_email": ("нет почты", "no e-mail"),
        "employee": ("почта сотрудника", "an employee's address"),
        "no_owner": ("нет владельца", "no owner"),
        "owner_gone": ("владелец уволен", "owner dismissed"),
        "space_gone": ("пространства нет", "space is gone"),
        "former": ("уже не клиент", "no client any more"),
        "not_client": ("не клиент", "no client"),
        "gone": ("удалена", "deleted"),
        "unsettled": ("итог неизвестен", "outcome unknown"),
    },
    "bulk_bp_roles": {
        "as_expected": ("как в матрице", "as expected"),
        "too_much": ("лишнее право", "too much"),
        "too_little": ("права не хватает", "too little"),
        "untold": ("неизвестно", "not known"),
    },
}
"""The verdicts of each recipe: in Russian, in English."""


def _catalogue(texts: Mapping[str, str], place: int) -> dict[str, str]:
    verdicts = {
        f"{recipe}.verdict.{name}": words[place]
        for recipe, own in VERDICTS.items()
        for name, words in own.items()
    }
    return {PREFIX + key: text for key, text in texts.items()} | verdicts


register({"ru": _catalogue(RU, 0), "en": _catalogue(EN, 1)})


def say(key: str, **params: object) -> Message:
    """Return one of the messages."""
    return Message(key=PREFIX + key, params=params)


def counted(memories: Mapping[Ref, Memory], *steps: str) -> tuple[Message, ...]:
    """Return how often each of these steps was done, a line each."""
    counts = Counter(effect.step for memory in memories.values() for effect in memory.effects)
    return tuple(say(f"report.{step}", count=counts[step]) for step in steps)


def columns(*names: tuple[str, Kind]) -> tuple[Column, ...]:
    """Return columns with their titles."""
    return tuple(Column(name, say(f"column.{name}"), kind) for name, kind in names)
