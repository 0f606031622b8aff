"""Between the HTTP server and the vendor's emulation: troubles, latency and the log."""

from __future__ import annotations

from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.faults import KINDS, Fault, Faults
from crmkit.sandbox.log import Entry, RequestLog, body_of
from crmkit.sandbox.wire import Reply, Request, Vendor

__all__ = ["Exchange"]

PATIENCE = 65.0
"""How long a client waits in a ``hang`` that does not say: the vendors allow a request a minute."""
HTML = "text/html; charset=utf-8"
PAGE = "<html><head><title>{status}</title></head><body><h1>{status}</h1><p>sandbox proxy</p></body></html>"


class Exchange:
    """Carries requests to the vendor and answers back, as well or as badly as the faults say."""

    def __init__(self, vendor: Vendor, clock: SandboxClock, faults: Faults, log: RequestLog) -> None:
        self.vendor = vendor
        self.clock = clock
        self.faults = faults
        self.log = log

    def serve(self, request: Request) -> Reply | None:
        """Return the answer, or ``None`` if the connection has to be closed without one."""
        vendor, arrived = self.vendor, self.clock.now()
        operation = vendor.operation(request.verb, request.path)
        latency, fault = self.faults.take(operation, f"{request.verb} {request.path}")
        reply = self._play(request, fault)
        if latency:
            self.clock.advance(seconds=latency)
        shown = vendor.public(request)
        self.log.add(
            Entry(
                at=arrived,
                user=vendor.caller(request),
                verb=shown.verb,
                path=shown.path,
                operation=operation,
                query=dict(shown.query),
                body=body_of(shown.body),
                status=reply.status if reply else 0,
                fault=fault.kind if fault else "",
            )
        )
        return reply

    def _play(self, request: Request, fault: Fault | None) -> Reply | None:
        if fault is None or fault.kind not in KINDS:
            return self.vendor.handle(request, fault)
        if fault.kind == "reset":
            return None
        if fault.kind in ("error", "html", "hang"):
            return self._trouble(request, fault)
        reply = self.vendor.handle(request)
        return None if fault.kind == "drop_answer" else _spoiled(reply, fault.kind)

    def _trouble(self, request: Request, fault: Fault) -> Reply | None:
        """Answer wrongly or not at all, whether or not the request is carried out."""
        if fault.taken:
            self.vendor.handle(request)
        elif (refused := self.vendor.meter(request)) is not None:
            return refused  # a portal in trouble counts all the same: who repeats too fast is told so
        if fault.kind == "hang":
            self.clock.advance(seconds=fault.seconds or PATIENCE)
            return None
        return self._refusal(fault)

    def _refusal(self, fault: Fault) -> Reply:
        if fault.kind == "html":
            status = fault.status or 502
            page = fault.body if isinstance(fault.body, str) else PAGE.format(status=status)
            return Reply(status, page.encode(), content_type=HTML)
        return self.vendor.failure(fault.status or 500, fault.body)


def _spoiled(reply: Reply, kind: str) -> Reply:
    if kind == "truncated":
        reply.sent = len(reply.body) // 2
        return reply
    text = reply.body.decode()
    # Plain English looks the same in Windows-1251: only another width of letters is wrong then.
    reply.body = text.encode("utf-16") if text.isascii() else text.encode("cp1251", "replace")
    return reply
