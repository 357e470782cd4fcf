"""The socket that pages are served on: opened once, so that whoever opened it knows that it serves."""

import errno
import http.client
import ipaddress
import socket
from collections.abc import Iterable

import psutil

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that stand for all of this machine's, and the one of them to ask."""


class ListenError(Exception):
    """An address that cannot be served on; the message says why and with which mend."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on this name or address, IPv4 or IPv6, brackets or none.

    `::` takes IPv4 as well where the machine allows it. Raises ListenError.
    """
    host = _bare(host)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise ListenError(
            f"--host is {host!r}, which is neither an address nor a name that this machine knows; "
            f"valid are {_valid()}."
        ) from None
    refused: OSError | None = None
    for family, _, _, _, address in found:
        try:
            return _listening(family, address)
        except OSError as error:
            refused = refused or error
    assert refused is not None
    raise ListenError(_why(refused, host, port)) from None


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6():
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        opened.bind(address)
        opened.listen(128)
    except BaseException:
        opened.close()
        raise
    return opened


def _why(error: OSError, host: str, port: int) -> str:
    where = f"port {port} on {host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program. Choose another one: --port {_free_port(host)}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where} is not yours to use ({error.strerror}). Choose one from 1024 on, e.g. --port 8000"
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL):
        return f"--host is {host!r}, which is no address of this machine; valid are {_valid()}."
    return f"{where} cannot be used ({error.strerror})."


def _valid() -> str:
    return ", ".join([*WILDCARDS, *own_addresses()])


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def own_addresses() -> list[str]:
    """Addresses of this machine, loopback first, without those of a link alone."""
    found = {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
    }
    kept = [ipaddress.ip_address(address) for address in found]
    kept = [address for address in kept if not address.is_link_local]
    return [str(a) for a in sorted(kept, key=lambda a: (not a.is_loopback, a.version, int(a)))]


def names_of(host: str) -> list[str]:
    """Host names, as browsers send them, under which a server on this host is reached from anywhere."""
    host = _bare(host)
    if host not in WILDCARDS:
        return list(dict.fromkeys([*LOOPBACK, bracketed(host)]))
    own = [bracketed(address) for address in own_addresses() if host == "::" or ":" not in address]
    return list(dict.fromkeys([*LOOPBACK, *own, socket.gethostname().lower(), socket.getfqdn().lower()]))


def reached_by(opened: socket.socket, host: str) -> list[str]:
    """Addresses of the page, http://…/, the one for this machine's own browser first."""
    bound, port = opened.getsockname()[:2]
    host = _bare(host)
    if bound not in WILDCARDS:
        return [f"http://{bracketed(host)}:{port}/"]
    others = [a for a in own_addresses() if not ipaddress.ip_address(a).is_loopback]
    others = [a for a in others if bound == "::" or ":" not in a]
    return [f"http://{bracketed(name)}:{port}/" for name in (WILDCARDS[bound], *others)]


def bracketed(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _bare(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def answers_http(opened: socket.socket, within_s: float = 2.0) -> bool:
    """Whether a server answers on this socket: any answer counts, and no proxy is asked."""
    bound, port = opened.getsockname()[:2]
    connection = http.client.HTTPConnection(WILDCARDS.get(bound, bound), port, timeout=within_s)
    try:
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def first_allowed(addresses: Iterable[str], allowed: Iterable[str], port: int) -> str:
    """The first address whose host is allowed; else one made of the first allowed name."""
    from django.http.request import split_domain_port, validate_host

    allowed, addresses = list(allowed), list(addresses)
    for address in addresses:
        domain, _ = split_domain_port(address.removeprefix("http://").rstrip("/"))
        if validate_host(domain, allowed):
            return address
    name = next((name for name in allowed if not name.startswith((".", "*"))), "")
    return f"http://{name}:{port}/" if name else addresses[0]
