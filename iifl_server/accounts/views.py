"""Sign-in with a limit on failures; every attempt enters the audit log."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest

from iifl_server.accounts.models import Person
from iifl_server.accounts.services import FAILURE_WINDOW, SIGN_IN_FAILED, audit, sign_in_blocked

MINUTES = int(FAILURE_WINDOW.total_seconds() // 60)


class SignInForm(AuthenticationForm):
    """Refuses before the password is looked at when too many attempts failed lately."""

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError with a sentence for people."""
        name = self.cleaned_data.get("username") or ""
        if sign_in_blocked(name, _address(self.request)):
            raise ValidationError(
                f"Too many sign-ins failed. Try again in {MINUTES} minutes.", code="too_many_failures"
            )
        return super().clean()


class SignInView(LoginView):
    """The sign-in page."""

    template_name = "sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR") or "") if request else ""


@receiver(user_login_failed)
def _failed(sender: object, credentials: dict[str, Any], request: HttpRequest | None, **_: Any) -> None:
    audit(SIGN_IN_FAILED, name=str(credentials.get("username", "")), address=_address(request))


@receiver(user_logged_in)
def _signed_in(sender: object, user: Person, request: HttpRequest, **_: Any) -> None:
    audit("signed_in", person=user, address=_address(request))


@receiver(user_logged_out)
def _signed_out(sender: object, user: Person | None, request: HttpRequest, **_: Any) -> None:
    if user:
        audit("signed_out", person=user, address=_address(request))
