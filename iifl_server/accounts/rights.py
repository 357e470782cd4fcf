"""Whether somebody who signed in earlier still may do what that gave: looked at again, never assumed."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from iifl_server.accounts.models import MAY_SUPERVISE, Person


@dataclass(frozen=True)
class Standing:
    """What a person may do now."""

    person: Person | None
    """As the database has it; None where the socket has to close."""
    reason: str = ""
    """Why, for people."""


def standing(person: int, session: SessionBase, password_hash: str) -> Standing:
    """Look again at somebody whose socket is open.

    session, password_hash: of the sign-in by which it was opened.
    """
    found = Person.objects.filter(pk=person).first()
    if found is None or not found.is_active:
        return Standing(None, "Your account is not active any more; ask an administrator.")
    if not constant_time_compare(password_hash, found.get_session_auth_hash()):
        return Standing(None, "Your password has been changed; sign in again.")
    if session.session_key is None or not session.exists(session.session_key):
        return Standing(None, "Your session has ended; sign in again.")
    return Standing(found)


def who_may_supervise(people: Collection[int]) -> set[int]:
    """Those of these people who may hold a supervisor's seat now."""
    if not people:
        return set()
    found = Person.objects.filter(pk__in=people, is_active=True, role__in=MAY_SUPERVISE)
    return set(found.values_list("pk", flat=True))
