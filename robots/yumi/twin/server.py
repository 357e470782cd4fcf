"""The simulated controller on the network: HTTP with digest authentication, and a wire that can be bad."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from robots.yumi.twin.digest import Digest
from robots.yumi.twin.irc5 import Irc5Twin
from robots.yumi.twin.pages import answer

_LARGEST = 65536  # Of a request's body [bytes].


class Wire:
    """How the network treats requests; changed while the server runs."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        """Every answer comes this late [s]."""
        self.trickle_s = 0.0
        """Pause after every byte of an answer's body [s]."""
        self.dropped = False
        """Connections end without an answer."""
        self.whole = threading.Event()
        """While it is not set, requests are heard and never answered."""
        self.whole.set()


class LocalServer(ThreadingHTTPServer):
    """HTTP on loopback in a thread of its own; `close` ends every connection, too."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="twin", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        request, address = super().get_request()
        self._open.add(request)
        return request, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error here."""

    def close(self) -> None:
        """Stop listening and answering."""
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join(2.0)


def serve_controller(irc5: Irc5Twin, user: str, password: str, wire: Wire, port: int = 0) -> LocalServer:
    """Start answering; port 0 takes any that is free."""
    digest = Digest(user, password)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a twin is quiet."""

        def _serve(self, method: str) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST))
            wire.whole.wait()
            if wire.dropped:
                self.close_connection = True
                return
            time.sleep(wire.delay_s)
            if not digest.accepts(method, self.path, self.headers.get("Authorization")):
                self._send(401, b"<html/>", "text/html", ("WWW-Authenticate", digest.challenge()))
                return
            address = urlsplit(self.path)
            action = parse_qs(address.query).get("action", [""])[0]
            form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
            try:
                status, page = answer(irc5, method, address.path, action, form)
            except ValueError:
                status, page = (
                    400,
                    {"_embedded": {"status": {"code": -1073445879, "msg": "invalid argument"}}},
                )
            text = b"" if page is None else json.dumps(page).encode()
            self._send(status, text, "application/json", ("Set-Cookie", "-http-session-=1; path=/"))

        def _send(self, status: int, body: bytes, kind: str, header: tuple[str, str]) -> None:
            self.send_response(status)
            self.send_header(*header)
            if status != 204:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not wire.trickle_s:
                self.wfile.write(body)
                return
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(wire.trickle_s)

    return LocalServer(Handler, port)
