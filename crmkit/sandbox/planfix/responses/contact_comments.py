"""Comments of contacts."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import comment_not_found
from crmkit.sandbox.planfix.responses.comments import comment_page, find_comment, new_comment, rewrite
from crmkit.sandbox.planfix.responses.contacts import find_contact
from crmkit.sandbox.planfix.urls import route


@route("POST", "/contact/{id}/comments/list", "comment_readonly", error_status=500)
def comments_of_contact(call: Call) -> dict[str, Any]:
    """List the comments of a contact."""
    contact = find_contact(call)
    return comment_page(call, [call.account.comments[number] for number in contact.comments])


@route("POST", "/contact/{id}/comments/", "comment_add", status=201)
def contact_comment_create(call: Call) -> dict[str, Any]:
    """Add a comment to a contact."""
    contact = find_contact(call)
    comment = new_comment(call, None)
    call.account.add_contact_comment(contact, comment, silent=call.silent, author=call.user.ref)
    return {"id": comment.id}


@route("POST", "/contact/{id}/comments/{commentId}", "comment_update")
def contact_comment_update(call: Call) -> None:
    """Change a comment of a contact in its place: 200 without a body."""
    comment = find_comment(call, call.number("commentId"))
    if comment.contact != find_contact(call).id:
        raise comment_not_found(comment.id)
    rewrite(call, comment)
