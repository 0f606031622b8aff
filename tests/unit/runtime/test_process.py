"""Telling a dead process from a living one, and from one that cannot be seen from here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from crmkit.runtime import lease
from crmkit.runtime.lease import Process, this_process

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def test_this_one_lives() -> None:
    assert this_process() == Process(socket.gethostname(), os.getpid(), this_process().mark)
    assert not this_process().is_surely_dead()


@linux
def test_one_that_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process(socket.gethostname(), child.pid, lease._mark(child.pid))
    assert not process.is_surely_dead()
    child.communicate(b"\n")
    assert process.is_surely_dead()


@linux
def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    process = Process(socket.gethostname(), child.pid, lease._mark(child.pid))
    assert child.stdout is not None
    child.stdout.read()  # ends with the process; nobody has waited for it yet
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process.is_surely_dead()
    child.stdout.close()
    child.wait()


@linux
def test_a_number_that_was_given_to_another_process() -> None:
    own = this_process()
    assert Process(own.host, own.pid, own.mark + "9").is_surely_dead()


@pytest.mark.parametrize("other", ["other-boot/pid:[1]/5", ""])
@linux
def test_one_of_another_boot_or_container_cannot_be_judged(other: str) -> None:
    assert not Process(socket.gethostname(), 2**30, other).is_surely_dead()


def test_one_of_another_machine_cannot_be_judged() -> None:
    assert not Process("another-machine", 2**30, this_process().mark).is_surely_dead()


class TestWithoutProc:
    @pytest.fixture(autouse=True)
    def no_proc(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lease, "_mark", lambda pid: "")
        monkeypatch.setattr(lease, "this_process", lambda: Process(socket.gethostname(), os.getpid()))

    def test_the_number_alone_has_to_do(self) -> None:
        assert not Process(socket.gethostname(), os.getpid()).is_surely_dead()
        assert Process(socket.gethostname(), 2**22 + 1).is_surely_dead()

    def test_a_process_of_somebody_else_lives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(pid: int, signal: int) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "kill", refuse)
        assert not Process(socket.gethostname(), 1).is_surely_dead()

    def test_windows_is_not_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "win32")
        assert not Process(socket.gethostname(), 2**22 + 1).is_surely_dead()
