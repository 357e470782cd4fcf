"""Names that pages are served under; one that is refused is named, with the setting that allows it."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import ParseResult

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)

HEALTH = "/healthz"
MOST_NAMED = 100
"""Refused names that are logged, once each: somebody may send a new one with every request."""
_named: set[str] = set()


def name_once(kind: str, value: str, setting: str) -> str:
    """A sentence on what was refused and which setting allows it; the log has it once for each value."""
    sentence = f"The {kind} {value[:100]!r} is not allowed here; {setting} would have to name it."
    if sentence not in _named and len(_named) < MOST_NAMED:
        _named.add(sentence)
        logger.warning("%s", sentence)
    return sentence


class HostMiddleware:
    """Answers health probes under any name, and says which name of another request is refused.

    A load balancer asks by the address of a pod, which is no allowed host; what it hears is no secret.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == HEALTH:
            from iifl_server.pages import health

            return health(request)
        try:
            request.get_host()
        except DisallowedHost:
            return _refused(request)
        return self._get_response(request)


def _refused(request: HttpRequest) -> HttpResponse:
    host = str(request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME") or "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    message = name_once("host name", name, "IIFL_ALLOWED_HOSTS")
    # No template context of the site's: it would ask for the host again.
    return render(
        None, "error.html", {"status": 400, "title": "Not served here", "message": message}, status=400
    )


class NamedOriginValidator(OriginValidator):  # type: ignore[misc]
    """Sockets are opened by pages of an allowed host alone; another origin is named in the log."""

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.ALLOWED_HOSTS)

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        """Whether a socket may be opened from there."""
        allowed: bool = super().valid_origin(parsed_origin)
        if not allowed:
            name = (parsed_origin.hostname if parsed_origin else "") or ""
            name_once("origin of a socket", name, "IIFL_ALLOWED_HOSTS")
        return allowed


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose origin or token does not fit; a foreign origin is named."""
    origin = str(request.META.get("HTTP_ORIGIN") or "")
    message = "This form is out of date. Load the page again and send it once more."
    if origin and reason.startswith("Origin checking failed"):
        message = name_once("origin", origin, "IIFL_TRUSTED_ORIGINS")
    context = {"status": 403, "title": "Not sent", "message": message}
    return render(request, "error.html", context, status=403)
