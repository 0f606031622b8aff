"""The authorization server: codes and pairs of tokens, on the sandbox's clock."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from crmkit.sandbox.bitrix24.models import Token
from crmkit.sandbox.bitrix24.php import intval, parse_query
from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.wire import Reply, Request, json_reply

__all__ = ["authorize", "exchange", "grant"]

CODE_LIFE = 30.0


def authorize(portal: Portal, request: Request) -> Reply:
    """Send a person back to the application with a code; whoever asks is taken for user 1 or ``user``."""
    asked = parse_query(request.raw_query)
    app = portal.apps.get(str(asked.get("client_id")))
    if app is None:
        return json_reply(400, {"error": "invalid_client", "error_description": "No such application"})
    code = grant(portal, app.client_id, intval(asked.get("user", 1)))
    target = asked.get("redirect_uri") or f"{portal.origin}/oauth/done"
    state = quote_plus(str(asked.get("state", "")))
    told = f"code={code}&state={state}&domain={quote_plus(portal.domain)}&member_id={portal.member_id}"
    return Reply(
        302, headers={"Location": f"{target}?{told}&scope=&server_domain={quote_plus(portal.domain)}"}
    )


def grant(portal: Portal, client_id: str, user: int) -> str:
    """Return a code that an application can turn into tokens within thirty seconds."""
    token = portal.issue(client_id, user)
    portal.codes[token.refresh] = (client_id, user, portal.clock.timestamp() + CODE_LIFE)
    del portal.tokens[token.access]
    return token.refresh


def exchange(portal: Portal, request: Request) -> Reply:
    """Turn a code or a refresh token into a new pair; a refresh token works once."""
    asked: dict[str, Any] = parse_query(request.raw_query)
    if request.body:
        asked |= parse_query(request.body.decode("utf-8", "replace"))
    app = portal.apps.get(str(asked.get("client_id")))
    if app is None or app.client_secret != asked.get("client_secret"):
        return _refused("invalid_client")
    now = portal.clock.timestamp()
    if asked.get("grant_type") == "authorization_code":
        client_id, user, until = portal.codes.pop(str(asked.get("code")), ("", 0, 0.0))
        if client_id != app.client_id or now > until:
            return _refused("invalid_grant")
        return _pair(portal, portal.issue(client_id, user))
    if asked.get("grant_type") == "refresh_token":
        wanted = str(asked.get("refresh_token"))
        old = next((one for one in portal.tokens.values() if one.refresh == wanted), None)
        if old is None or old.app != app.client_id or now > old.refresh_expires:
            return _refused("invalid_grant")
        portal.refreshes += 1
        new = portal.issue(old.app, old.user)
        old.refresh = ""  # the old access token lives until it expires
        return _pair(portal, new)
    return _refused("invalid_request")


def _refused(code: str) -> Reply:
    return json_reply(400, {"error": code, "error_description": code.replace("_", " ")})


def _pair(portal: Portal, token: Token) -> Reply:
    return json_reply(
        200,
        {
            "access_token": token.access,
            "expires": int(token.expires),
            "expires_in": portal.token_life,
            "scope": ",".join(portal.apps[token.app].scopes),
            "domain": portal.domain,
            "server_endpoint": f"{portal.origin}/oauth/rest/",
            "status": "L",
            "client_endpoint": f"{portal.origin}/rest/",
            "member_id": portal.member_id,
            "user_id": token.user,
            "refresh_token": token.refresh,
        },
    )
