"""Other people's clients from the package index run against the sandbox unchanged."""

from __future__ import annotations

import shutil
import ssl
import subprocess

import pytest
import requests


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of our own for 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("b24pysdk speaks https only, and there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return cert, key


def test_https(bench, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    box = bench.box(tls=context)
    assert box.url.startswith("https://127.0.0.1:")
    answer = bench.session().post(f"{box.url}profile", timeout=10, verify=str(certificate[0]))
    assert answer.json()["result"]["ID"] == "1"


def test_a_client_that_does_not_trust_the_certificate_stops_nothing(bench, certificate, capfd):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    box = bench.box(tls=context)
    with pytest.raises(requests.exceptions.SSLError):
        bench.session().post(f"{box.url}profile", timeout=10)
    assert bench.session().post(f"{box.url}profile", timeout=10, verify=str(certificate[0])).ok
    assert capfd.readouterr().err == ""


def test_fast_bitrix24(bench):
    fast = pytest.importorskip(
        "fast_bitrix24", reason="fast_bitrix24 is not installed; it is needed by nothing else"
    )
    box = bench.box("deals", deals=120)
    client = fast.Bitrix(box.url, verbose=False)
    assert {int(one["ID"]) for one in client.get_all("crm.deal.list")} == set(range(1, 121))
    assert len(client.get_all("crm.item.list", {"entityTypeId": 2, "select": ["id"]})) == 120
    assert (
        len(client.call("crm.deal.add", [{"fields": {"TITLE": f"{place} & #"}} for place in range(60)])) == 60
    )
    assert box.portal.items[2].get(121)["TITLE"].endswith("& #")
    assert len(client.get_by_ID("crm.deal.get", list(range(1, 40)))) == 39


def test_b24pysdk(bench, certificate, monkeypatch):
    b24 = pytest.importorskip("b24pysdk", reason="b24pysdk is not installed; it is needed by nothing else")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    box = bench.box("deals", deals=120, tls=context)
    token = b24.BitrixWebhook(domain=box.portal.domain, webhook_token=box.tokens["admin"])
    client = b24.Client(token)
    assert client.crm.deal.get(bitrix_id=1).result["TITLE"] == "Сделка № 1"
    assert len(list(client.crm.deal.list().as_list().result)) == 120
    assert len(list(client.crm.item.list(entity_type_id=2).as_list_fast().result)) == 120
    calls = [client.crm.deal.update(bitrix_id=number, fields={"TITLE": "x"}) for number in range(1, 121)]
    assert len(client.call_batches(calls).result.result) == 120
