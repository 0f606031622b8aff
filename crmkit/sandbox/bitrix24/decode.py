"""The parameters of a request: from the address, a form, a multipart body or JSON."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import quote_plus

from crmkit.sandbox.bitrix24.php import parse_query
from crmkit.sandbox.wire import Request

__all__ = ["json_body", "parameters"]


def parameters(request: Request) -> dict[str, Any]:
    """Return the parameters of a call of REST 2; those of the body win over those of the address."""
    found = parse_query(request.raw_query) if request.raw_query else {}
    return found | _body(request) if request.body else found


def _body(request: Request) -> dict[str, Any]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        return json_body(request) or {}
    if content_type == "multipart/form-data":
        return parse_query(_multipart(request))
    if content_type in ("application/x-www-form-urlencoded", ""):
        return parse_query(request.body.decode("utf-8", "replace"))
    return {}


def json_body(request: Request) -> dict[str, Any] | None:
    """Return a JSON body. Anything else is as good as none: the vendor runs the method without it."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    if isinstance(body, list):
        return {str(index): item for index, item in enumerate(body)}
    return body if isinstance(body, dict) else None


def _multipart(request: Request) -> str:

    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    pairs = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            pairs.append(f"{quote_plus(name)}={quote_plus(value.decode('utf-8', 'replace'))}")
    return "&".join(pairs)
