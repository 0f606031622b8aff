"""Over TLS: connections are kept, and what is trusted is read once, not once per connection."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from urllib3.util.ssl_ import create_urllib3_context

from crmkit.clock import ManualClock
from crmkit.exceptions import TransportError
from crmkit.transport import Effect, wire

from .conftest import MakeTransport, WireServer, answer, ask, drop


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=portal -keyout key.pem -out cert.pem"
    )
    extra = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *extra], check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture
def portal(certificate: Path) -> Iterator[WireServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server = WireServer(tls=context)
    yield server
    server.stop()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "cert.pem"))


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All that was made to hold certificates."""
    made: list[Any] = []

    def make(**options: Any) -> ssl.SSLContext:
        made.append(create_urllib3_context(**options))
        return made[-1]

    monkeypatch.setattr(wire, "create_urllib3_context", make)
    return made


@pytest.mark.usefixtures("trusted")
def test_a_connection_is_kept(make_transport: MakeTransport, portal: WireServer) -> None:
    transport = make_transport(portal.url)
    for _ in range(30):
        assert transport.send(ask()).status == 200
    assert portal.connections == 1


@pytest.mark.usefixtures("trusted")
def test_threads_have_a_connection_each(make_transport: MakeTransport, portal: WireServer) -> None:
    transport = make_transport(portal.url)
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda _: transport.send(ask()), range(100)))) == 100
    assert portal.connections <= 4


@pytest.mark.usefixtures("trusted")
def test_certificates_are_read_once_however_often_the_line_breaks(
    make_transport: MakeTransport, portal: WireServer, clock: ManualClock, contexts: list[Any]
) -> None:
    transport = make_transport(portal.url)
    portal.plays = [drop, answer(), drop, drop, answer()]
    for _ in range(5):
        assert transport.send(ask()).status == 200
        clock.sleep(wire.MAX_IDLE + 1)
    assert portal.connections == 8
    assert len(contexts) == 1


@pytest.mark.parametrize("effect", list(Effect))
def test_a_stranger_is_not_trusted(make_transport: MakeTransport, portal: WireServer, effect: Effect) -> None:
    with pytest.raises(TransportError, match="the certificate is not trusted"):
        make_transport(portal.url).send(ask(effect))
    assert portal.requests == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("effect", list(Effect))
def test_nor_is_one_with_another_name(
    make_transport: MakeTransport, portal: WireServer, effect: Effect
) -> None:
    assert make_transport(portal.url).send(ask()).status == 200
    with pytest.raises(TransportError, match="the certificate is not trusted"):
        make_transport(portal.url.replace("127.0.0.1", "localhost")).send(ask(effect))
    assert len(portal.requests) == 1


def test_a_bundle_that_holds_nothing_is_a_refusal_before_anything_was_sent(
    make_transport: MakeTransport, portal: WireServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty.pem").write_text("nothing here")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "empty.pem"))
    with pytest.raises(TransportError, match="no secure connection"):
        make_transport(portal.url).send(ask(Effect.WRITE))
    assert portal.requests == []
