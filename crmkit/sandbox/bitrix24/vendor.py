"""The portal behind its API: lets requests in, has them carried out, wraps what comes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crmkit.sandbox.bitrix24 import decode, oauth, people, state, timeline, v3
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.delivery import EVENT_FAULTS
from crmkit.sandbox.bitrix24.dispatch import COMMAND_FAULT, Dispatch, WallReached, command_fault
from crmkit.sandbox.bitrix24.exceptions import RestError, query_limit
from crmkit.sandbox.bitrix24.files import DOWNLOAD, send
from crmkit.sandbox.bitrix24.models import Caller
from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.bitrix24.urls import Address, find, methods, parse
from crmkit.sandbox.faults import Fault
from crmkit.sandbox.wire import Reply, Request, json_reply

__all__ = ["FAULT_KINDS", "Bitrix24Vendor"]

FAULT_KINDS = (COMMAND_FAULT, *EVENT_FAULTS, "portal_moved")
HTML = "text/html; charset=utf-8"
GATEWAY = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr></body></html>"
BODY_AUTH = ("auth", "access_token")
SECRETS = (*BODY_AUTH, "client_secret", "code", "refresh_token")


class Bitrix24Vendor:
    """A Bitrix24 portal as :class:`crmkit.sandbox.wire.Vendor`."""

    prefix = ""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def operation(self, verb: str, path: str) -> str:
        """Return the method that is called, as documented; ``oauth`` for the authorization server."""
        address = parse(path)
        if address.version == 0:
            return "oauth" if path.startswith("/oauth/") else ""
        if address.method.lower() in ("batch", DOWNLOAD):
            return address.method.lower()
        found = find(address.method, address.version)
        return found.name if found else ""

    def caller(self, request: Request) -> str:
        """Return who calls; an application's parameters are not decoded again for it."""
        address = parse(request.path)
        hook = self.portal.webhooks.get(address.secret)
        if hook is not None:
            return f"user:{hook.user}"
        token = self.portal.tokens.get(_bearer(request))
        return f"user:{token.user}" if token else ""

    def public(self, request: Request) -> Request:
        """Return a request without its credentials: the webhook's secret, tokens among the parameters."""
        address = parse(request.path)
        path = request.path.replace(f"/{address.secret}/", "/***/") if address.secret else request.path
        query = {name: value for name, value in request.query.items() if name not in SECRETS}
        body = b"" if address.version == 0 else request.body
        if any(f'"{name}"'.encode() in body for name in BODY_AUTH):
            found = decode.json_body(request) or {}
            body = json.dumps(
                {name: value for name, value in found.items() if name not in BODY_AUTH}
            ).encode()
        elif body and any(f"{name}=".encode() in body for name in BODY_AUTH):
            parts = body.decode("utf-8", "replace").split("&")
            body = "&".join(part for part in parts if part.partition("=")[0] not in BODY_AUTH).encode()
        return replace(request, path=path, query=query, body=body)

    def handle(self, request: Request, fault: Fault | None = None) -> Reply:
        """Carry out a request, one at a time; then let its latency pass."""
        address = parse(request.path)
        with self.portal.lock:
            self.settle()
            try:
                reply = self._answer(request, address, fault)
            except RestError as refused:
                reply = json_reply(refused.status, refused.body())
            except WallReached:
                reply = self._wall()
            finally:
                self.portal.events.flush()
        self._take_time()
        return reply

    def meter(self, request: Request) -> Reply | None:
        """Count a request in the bucket; return the refusal if it is full."""
        with self.portal.lock:
            return None if self.portal.bucket.take() else self._too_many()

    def failure(self, status: int, body: Any = None) -> Reply:
        """Return an error; a text is sent as a page, as the front end does."""
        if isinstance(body, str):
            return Reply(status, body.encode(), content_type=HTML)
        told = {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}
        return json_reply(status, told if body is None else body)

    def settle(self) -> None:
        """Do what became due: reminders, paused processes, the end of old events."""
        with self.portal.lock:
            if self.portal.due():
                timeline.ping(self.portal)
                self.portal.processes.settle()
                self.portal.events.expire()
                self.portal.events.flush()

    def state(self, collection: str, key: str = "") -> Any:
        """Return a part of the portal as plain values; see :mod:`crmkit.sandbox.bitrix24.state`."""
        with self.portal.lock:
            return state.read(self.portal, collection, key)

    def act(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Let somebody do something; see :class:`crmkit.sandbox.bitrix24.people.Act`."""
        return people.act_by_name(self.portal, name, arguments)

    def about(self) -> dict[str, Any]:
        """Return the webhooks by person, the people and the methods."""
        portal = self.portal
        return {
            "vendor": "bitrix24",
            "tokens": {
                f"user:{hook.user}": f"{hook.user}/{hook.secret}" for hook in portal.webhooks.values()
            },
            "users": {
                f"user:{user.id}": f"{user.full_name}{' (admin)' if user.admin else ''}"
                for user in portal.users.values()
            },
            "operations": sorted(one.name for one in methods().values()),
            "notes": list(portal.notes),
        }

    def _answer(self, request: Request, address: Address, fault: Fault | None) -> Reply:
        if address.version == 0:
            return self._outside(request)
        if not self.portal.bucket.take():
            return self._too_many()
        if fault is not None and fault.kind == "portal_moved":
            target = str(fault.body or self.portal.origin)
            return Reply(302, b"<html>moved</html>", HTML, {"Location": f"{target}{request.path}"})
        params = decode.parameters(request) if address.version == 2 else decode.json_body(request) or {}
        dispatch = Dispatch(self.portal, self._admit(request, address, params))
        if address.version == 3:
            return v3.answer(dispatch, address.method, request, params)
        if address.method.lower() == DOWNLOAD:
            return send(self.portal, request, str(params.get("token") or ""))
        return self._called(dispatch, address, params, fault)

    def _called(
        self, dispatch: Dispatch, address: Address, params: dict[str, Any], fault: Fault | None
    ) -> Reply:
        if address.method.lower() == "batch":
            return json_reply(200, dispatch.batch(params))
        method = dispatch.method(address.method)
        if fault is not None and fault.kind == COMMAND_FAULT:
            raise command_fault(fault.body, fault.status)
        call = Call(self.portal, dispatch.caller, params, method.name)
        return json_reply(200, dispatch.single(call, method), **call.headers)

    def _outside(self, request: Request) -> Reply:
        if request.path.startswith("/oauth/token"):
            return oauth.exchange(self.portal, request)
        if request.path.startswith("/oauth/authorize"):
            return oauth.authorize(self.portal, request)
        return Reply(404, GATEWAY.format("404 Not Found").encode(), content_type=HTML)

    def _admit(self, request: Request, address: Address, params: dict[str, Any]) -> Caller:
        """Find out who calls: the webhook of the address, else the header, else the parameters."""
        portal, connector = self.portal, str(params.pop("auth_connector", "") or "")
        if address.secret:
            hook = portal.webhooks.get(address.secret)
            if hook is None or str(hook.user) != address.user or not portal.users[hook.user].active:
                raise RestError("INVALID_CREDENTIALS", "Invalid request credentials", 401)
            params.pop("auth", None)
            return Caller(hook.user, hook.secret, hook.scopes, connector=connector)
        access = _bearer(request) or next((str(params[name]) for name in BODY_AUTH if params.get(name)), "")
        for name in BODY_AUTH:
            params.pop(name, None)
        if not access:
            raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
        token = portal.tokens.get(access)
        if token is None:
            raise RestError("invalid_token", "Unable to get application by token", 401)
        if portal.clock.timestamp() >= token.expires:
            raise RestError("expired_token", "The access token provided has expired.", 401)
        app = portal.apps[token.app]
        return Caller(token.user, app.client_id, app.scopes, app, connector)

    def _too_many(self) -> Reply:
        if self.portal.settings.bucket_answer == "html":
            page = GATEWAY.format("503 Service Temporarily Unavailable")
            return Reply(503, page.encode(), content_type=HTML)
        return json_reply(503, query_limit().body())

    def _wall(self) -> Reply:
        settings = self.portal.settings
        self.portal.clock.sleep(settings.wall)
        page = GATEWAY.format("504 Gateway Time-out").encode()
        reply = Reply(504, page, content_type=HTML)
        if settings.wall_answer == "close":
            reply.sent = 0
        return reply

    def _take_time(self) -> None:
        settings = self.portal.settings
        if settings.latency <= 0:
            return
        if settings.real_latency:
            time.sleep(settings.latency)
        else:
            self.portal.clock.sleep(settings.latency)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
