"""A CRM on this machine to learn on and to test against: real HTTP, its own time, troubles on demand.

It is a judge, not a mirror: it follows the vendors' documents, shares no code with the clients, and refuses
loudly what it does not emulate.
"""

from __future__ import annotations

from crmkit.sandbox.box import Sandbox
from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.faults import Fault

__all__ = ["Fault", "Sandbox", "SandboxClock"]
