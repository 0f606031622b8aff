"""A Bitrix24 sandbox in a process of its own, so that the processor time of a client is the client's alone.

``python -m tests.benchmarks.portal``: options as a line of JSON on stdin, then ``stats`` as often as wanted;
answers are lines of JSON on stdout. It ends when stdin is closed.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault

__all__ = ["RemotePortal", "certificate"]

DEAL = 2


class RemotePortal:
    """Starts the process and asks it.

    Args:
        python: The interpreter.
        root: The repository.
        options: Of ``Sandbox.bitrix24``; ``faults`` are those of :class:`crmkit.sandbox.faults.Fault`,
            ``tls`` is the certificate's path or missing; ``crowd`` lets people delete deals meanwhile.
    """

    def __init__(self, python: str, root: Path, **options: Any) -> None:
        self._process = subprocess.Popen(
            [python, "-m", "tests.benchmarks.portal"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.url = str(self.ask(options)["url"])

    def ask(self, what: Any) -> dict[str, Any]:
        """Send a line and return the answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(what) + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    def stats(self) -> dict[str, Any]:
        """Return what has happened since the last time this was asked."""
        return self.ask("stats")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()


def certificate(folder: Path) -> Path:
    """Make a self-signed certificate for 127.0.0.1 and return its file, which holds the key too.

    Raises:
        OSError: There is no ``openssl``.
    """
    path = folder / "portal.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    command += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(path),
        "-out",
        str(folder / "cert.pem"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with path.open("a") as file:
        file.write((folder / "cert.pem").read_text())
    return path


@contextmanager
def opened(options: dict[str, Any]) -> Iterator[Any]:
    faults, crowd = options.pop("faults", []), options.pop("crowd", False)
    tls = options.pop("tls", "")
    if tls:
        options["tls"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        options["tls"].load_cert_chain(tls)
    with Sandbox.bitrix24(**options) as box:
        for fault in faults:
            box.faults.add(Fault(**fault))
        if crowd:
            delete_what_was_read(box.portal.items[DEAL])
        yield box


def delete_what_was_read(table: Any) -> None:
    """Before each page is looked up, delete ten deals of the page before it."""
    find, turn = table.find, 0

    def find_later(*args: Any, **options: Any) -> Any:
        nonlocal turn
        for number in range(turn * 50 - 30, turn * 50 - 20):
            if table.get(number) is not None:
                table.forget(number)
        turn += 1
        return find(*args, **options)

    table.find = find_later


def serve() -> None:
    options = json.loads(sys.stdin.readline())
    crowded = options.get("crowd", False)
    with opened(options) as box:
        server = box._server
        connections = 0
        process_request = server.process_request

        def counted(*args: Any) -> None:
            nonlocal connections
            connections += 1
            process_request(*args)

        server.process_request = counted
        say({"url": box.url})
        spent = time.process_time()
        for _ in sys.stdin:
            statuses = Counter(entry.status for entry in box.requests)
            answer = {
                "requests": sum(statuses.values()),
                "refused": statuses[503],
                "connections": connections,
                "cpu": time.process_time() - spent,
                **deals_of(box),
                "ids": [row["ID"] for row in box.portal.items[DEAL]] if crowded else [],
            }
            connections, spent = 0, time.process_time()
            box.requests.clear()  # before the answer: what comes after it belongs to the next one
            say(answer)


def deals_of(box: Any) -> dict[str, int]:
    """Count deals, and the different titles and the updated ones among the first few thousand."""
    table = box.portal.items[DEAL]
    if len(table) > 10_000:
        return {"deals": len(table), "titles": 0, "updated": 0}
    titles = [row["TITLE"] for row in table]
    return {
        "deals": len(titles),
        "titles": len(set(titles)),
        "updated": sum(title.startswith("new") for title in titles),
    }


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
