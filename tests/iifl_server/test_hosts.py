"""A name that is refused is named, with the setting that allows it; probes are answered under any name."""

import logging
from typing import Any
from urllib.parse import urlparse

import pytest
from django.test import Client

from iifl_server import hosts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_named_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_named", set())


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/console/", "/admin/", "/nowhere"])
@pytest.mark.parametrize("host", ["robots.example:8000", "10.1.2.3", "[2001:db8::1]:80"])
def test_a_refused_host_is_named_on_every_page_and_once_in_the_log(
    path: str, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answers = [Client(headers={"host": host}).get(path) for _ in range(2)]
    name = host.removesuffix(":8000").removesuffix(":80")
    for answer in answers:
        assert answer.status_code == 400
        assert name in answer.content.decode()
        assert "IIFL_ALLOWED_HOSTS" in answer.content.decode()
    assert len([line for line in caplog.messages if name in line]) == 1


def test_a_refused_host_cannot_write_into_the_page() -> None:
    answer = Client(headers={"host": "<script>alert(1)</script>"}).get("/")
    assert answer.status_code == 400
    assert b"<script>alert" not in answer.content
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_many_names_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for index in range(hosts.MOST_NAMED + 50):
            hosts.name_once("host name", f"name{index}", "IIFL_ALLOWED_HOSTS")
    assert len(caplog.messages) == hosts.MOST_NAMED


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "", "pod-7"])
def test_a_health_probe_gets_its_answer_under_any_name(host: str, broker: Any) -> None:
    answer = Client(headers={"host": host} if host else {}).get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_a_socket_from_another_site_is_refused_and_its_origin_named(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALLOWED_HOSTS = ["robots.example"]
    guard = hosts.NamedOriginValidator(lambda *_: None)
    assert guard.valid_origin(urlparse("https://robots.example:8443"))
    with caplog.at_level(logging.WARNING):
        assert not guard.valid_origin(urlparse("https://elsewhere.example"))
        assert not guard.valid_origin(None)
    assert "'elsewhere.example'" in caplog.messages[0]


def test_a_form_from_an_origin_that_is_not_trusted_names_the_setting() -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/sign-in/")
    token = client.cookies["csrftoken"].value
    answer = client.post(
        "/sign-in/", {"csrfmiddlewaretoken": token}, headers={"origin": "https://proxy.example"}
    )
    assert answer.status_code == 403
    assert "https://proxy.example" in answer.content.decode()
    assert "IIFL_TRUSTED_ORIGINS" in answer.content.decode()
    assert "out of date" in client.post("/sign-in/", {}).content.decode()
