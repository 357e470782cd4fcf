"""The page's socket: any address of this machine, asked without proxies; refusals name the mend."""

import http.server
import os
import socket
import threading

import pytest

from iifl_server.processes.listening import (
    ListenError,
    answers_http,
    first_allowed,
    listen,
    names_of,
    own_addresses,
    reached_by,
)

HOSTS = ["127.0.0.1", "0.0.0.0", "localhost"]
if "::1" in own_addresses():
    HOSTS += ["::1", "[::1]", "::"]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Teapot(http.server.BaseHTTPRequestHandler):
    """Answers, though not with 200."""

    def do_GET(self) -> None:
        self.send_error(418)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def _proxies_that_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)


@pytest.mark.usefixtures("_proxies_that_lead_nowhere")
@pytest.mark.parametrize("host", HOSTS)
def test_whatever_a_server_answers_on_the_socket_counts(host: str, port: int) -> None:
    opened = listen(host, port)
    assert not answers_http(opened, within_s=0.1)
    server = http.server.HTTPServer(("", 0), Teapot, bind_and_activate=False)
    server.socket.close()
    server.socket = opened
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        assert answers_http(opened, within_s=20)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("host", HOSTS)
def test_a_port_in_use_is_refused_with_one_that_is_free(host: str, port: int) -> None:
    with listen(host, port), pytest.raises(ListenError, match=f"port {port} on .* is in use.*--port [0-9]+"):
        listen(host, port)


def test_an_address_of_another_machine_is_not_answered_with_another_port() -> None:
    with pytest.raises(ListenError, match=r"'203.0.113.7'.*no address of this machine.*127.0.0.1") as refusal:
        listen("203.0.113.7", 8000)
    assert "--port" not in str(refusal.value)
    with pytest.raises(ListenError, match=r"'no\.such\.name\.invalid', which is neither"):
        listen("no.such.name.invalid", 8000)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_port_that_only_root_may_use_says_so() -> None:
    with pytest.raises(ListenError, match="not yours to use"):
        listen("127.0.0.1", 80)


def test_names_and_addresses_are_those_that_a_browser_can_use(port: int) -> None:
    assert names_of("[::1]") == ["localhost", "127.0.0.1", "[::1]"]
    assert "192.0.2.4" in names_of("192.0.2.4")
    assert set(names_of("0.0.0.0")) >= {"localhost", socket.gethostname().lower()}
    with listen("0.0.0.0", port) as opened:
        assert reached_by(opened, "0.0.0.0")[0] == f"http://127.0.0.1:{port}/"
    with listen("localhost", port) as opened:
        assert reached_by(opened, "localhost") == [f"http://localhost:{port}/"]


def test_the_printed_address_is_one_that_is_served() -> None:
    addresses = ["http://127.0.0.1:8000/", "http://192.0.2.4:8000/"]
    assert first_allowed(addresses, ["localhost", "192.0.2.4"], 8000) == addresses[1]
    assert first_allowed(addresses, ["robots.example"], 8000) == "http://robots.example:8000/"
    assert first_allowed(addresses, ["*"], 8000) == addresses[0]
    assert first_allowed(["http://[::1]:8000/"], ["[::1]"], 8000) == "http://[::1]:8000/"
