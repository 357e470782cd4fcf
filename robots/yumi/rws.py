"""A connection to Robot Web Services 1.0 whose every call ends in time."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from abb_robot_client.rws import RWS, ABBException
from requests.adapters import HTTPAdapter

from robots.remote.side import SideError
from robots.yumi.credentials import Credentials

T = TypeVar("T")


class Refused(SideError):
    """The controller heard a request and would not carry it out."""


class _Limited(HTTPAdapter):
    """Gives every request a time limit; the library that sends them sets none."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        super().__init__(max_retries=0)

    def send(self, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = self._limit_s
        return super().send(*args, **options)


class _Client(RWS):  # type: ignore[misc]
    """The library's client, with limits, without proxies, and with refusals that can be told apart."""

    def __init__(self, url: str, credentials: Credentials, limit_s: float) -> None:
        super().__init__(url, credentials.user, credentials.password)
        self._session.trust_env = False  # A proxy for the internet must not come between us and an arm.
        adapter = _Limited(limit_s)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def _process_response(self, response: requests.Response) -> Any:
        response.headers.setdefault("Content-Type", "")
        if response.status_code == 401:
            raise SideError(
                "The controller refuses the user name or the password. Check the agent's credentials."
            )
        if response.status_code == 503:
            raise SideError(
                "The controller has too many connections. Close other programs that talk to it, then try "
                "again."
            )
        if response.status_code == 404:
            asked = response.url.split("?")[0].split("/", 3)[-1]
            raise Refused(
                f"The controller does not know {asked}. Check that it speaks Robot Web Services 1.0."
            )
        return super()._process_response(response)

    def drop(self) -> None:
        """Let go of every socket, without a word to the controller."""
        self._session.close()


class Line:
    """One connection to one controller, for one kind of work at a time.

    limit_s: the longest that a call lasts, whatever the controller does [s]. A broken connection is made
    anew once for calls that may be repeated.
    """

    def __init__(self, url: str, credentials: Credentials, limit_s: float = 3.0) -> None:
        self.url = url.rstrip("/")
        self._credentials, self._limit_s = credentials, limit_s
        self._turn = threading.Lock()
        self._client: _Client | None = None

    def call(self, what: str, ask: Callable[[RWS], T], *, again: bool = True) -> T:
        """What `ask` gets out of the client; `what` names it in errors, as in "read its state".

        Raises SideError where the controller refuses, breaks off or takes too long. A call that timed out may
        still be carried out.
        """
        if not self._turn.acquire(timeout=self._limit_s):
            raise self._late(what)
        try:
            try:
                return self._once(what, ask)
            except requests.ConnectionError as error:
                if not again or isinstance(error, requests.ConnectTimeout):
                    raise self._lost(what, error) from error
            try:
                return self._once(what, ask)
            except requests.ConnectionError as error:
                raise self._lost(what, error) from error
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the session at the controller, which has room for few; waits no longer than for any call."""
        client, self._client = self._client, None
        if client is not None:
            thread = threading.Thread(target=client.close, name="rws", daemon=True)
            thread.start()
            thread.join(self._limit_s)
            client.drop()

    def _once(self, what: str, ask: Callable[[RWS], T]) -> T:
        """One attempt, in a thread of its own: no limit of a socket ends an answer that trickles."""
        client = self._client
        if client is None:
            client = self._client = _Client(self.url, self._credentials, self._limit_s)
        results: list[T] = []
        errors: list[Exception] = []

        def work() -> None:
            try:
                results.append(ask(client))
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=work, name="rws", daemon=True)
        thread.start()
        thread.join(self._limit_s)
        if results:
            return results[0]
        self._client = None
        client.drop()
        if not errors:
            raise self._late(what)
        raise self._told(what, errors[0])

    def _told(self, what: str, error: Exception) -> Exception:
        if isinstance(error, requests.Timeout):
            return self._late(what)
        if isinstance(error, SideError | requests.ConnectionError):
            return error
        if isinstance(error, ABBException):
            return Refused(f"The controller at {self.url} would not {what}: {error} (code {error.code}).")
        return SideError(
            f"The controller at {self.url} gave an answer that cannot be read, to {what}: {error}"
        )

    def _late(self, what: str) -> SideError:
        return SideError(
            f"The controller at {self.url} took longer than {self._limit_s:g} s to {what}. Check that it is "
            "on and connected."
        )

    def _lost(self, what: str, error: Exception) -> SideError:
        return SideError(
            f"There is no connection to the controller at {self.url} to {what}. Check the address, the cable "
            f"and that the controller is on ({type(error).__name__})."
        )
