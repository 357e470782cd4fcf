"""Who may write to a controller: three generations of RobotWare, three ways to ask."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from robots.remote.side import SideError


class WriteAccess(Protocol):
    """The right to change variables and to start and stop programs."""

    def held(self) -> AbstractContextManager[None]:
        """Hold the right for a block; raises SideError where the controller does not grant it."""


class Implied:
    """RobotWare 6 in automatic mode: whoever has the grants may write, and nothing needs to be asked for."""

    @contextmanager
    def held(self) -> Iterator[None]:
        yield


class Requested:
    """RobotWare 7: mastership of a domain is requested before a write and released after it.

    **Not tried** on any controller, nor reached by this agent, which speaks Robot Web Services 1.0 only;
    it is written from the published interface of Robot Web Services 2.0. post: sends an empty POST to a path.
    """

    def __init__(self, post: Callable[[str], None], domain: str = "edit") -> None:
        if domain not in ("edit", "motion"):
            raise SideError(f"The mastership domain is {domain!r}, but must be 'edit' or 'motion'.")
        self._post, self._domain = post, domain

    @contextmanager
    def held(self) -> Iterator[None]:
        self._post(f"/rw/mastership/{self._domain}/request")
        try:
            yield
        finally:
            self._post(f"/rw/mastership/{self._domain}/release")


class Registered:
    """RobotWare 8: one client at a time registers as the single point of control. Not built."""

    @contextmanager
    def held(self) -> Iterator[None]:
        raise SideError(
            "Write access by registration has not been tried with RobotWare 8, and is not built. Use a robot "
            "with RobotWare 6, or write a WriteAccess for this one (robots/yumi/mastership.py)."
        )
        yield  # A generator, as the others are.


def access_for(robotware: int) -> WriteAccess:
    """How Rws1Controller gets to write; raises SideError for a RobotWare that it does not speak to."""
    if robotware == 6:
        return Implied()
    raise SideError(
        f"RobotWare is {robotware}, but this agent has only been written for 6 (IRC5, Robot Web Services "
        "1.0). RobotWare 7 and 8 have other web services and have not been tried."
    )
