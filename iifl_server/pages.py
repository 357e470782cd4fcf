"""Pages over HTTP: they only choose a template or translate a selector's answer."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from iifl_server.accounts.models import Role
from iifl_server.fleets import selectors
from iifl_server.fleets.arms import arms_of, last_motions
from iifl_server.live.broker import broker_answers

HOMES = {Role.SUPERVISOR.value: "console", Role.TECHNICIAN.value: "station"}


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Supervisors work at the console, technicians by the robots; everybody else watches the fleet."""
    return redirect(HOMES.get(str(getattr(request.user, "role", "")), "fleet"))


@login_required
@require_GET
def console(request: HttpRequest) -> HttpResponse:
    """The supervisor's page."""
    return render(request, "console.html", {"run": selectors.newest_run()})


@login_required
@require_GET
def fleet(request: HttpRequest) -> HttpResponse:
    """All robots, figures and charts."""
    return render(request, "fleet.html", {"run": selectors.newest_run()})


@login_required
@require_GET
def arms(request: HttpRequest) -> HttpResponse:
    """Arms that are there: their limits, how each is, and what moved last."""
    run = selectors.newest_run()
    found, trouble = arms_of(run) if run else ([], "No fleet has been started yet.")
    motions = last_motions(run) if run else []
    return render(request, "arms.html", {"run": run, "arms": found, "trouble": trouble, "motions": motions})


@login_required
@require_GET
def station(request: HttpRequest) -> HttpResponse:
    """Robots that need somebody's hands, for the person who stands by them."""
    if not getattr(request.user, "may_attend", False):
        role = getattr(request.user, "role", "")
        message = f"Your role, {role}, does not stand by the robots; technicians and administrators do."
        return _error(request, 403, "Not your station", message)
    return render(request, "station.html", {"run": selectors.newest_run()})


@require_GET
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """Whether this web process can do its work, for launchers and load balancers."""
    checks = {"database": _database_answers(), "broker": broker_answers()}
    well = all(checks.values())
    return JsonResponse(
        {"status": "ok" if well else "failing", "checks": checks}, status=200 if well else 503
    )


@require_GET
@never_cache
def history(request: HttpRequest, run: int) -> JsonResponse:
    """Figures of a run over its steps, for charts."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "Sign in first."}, status=403)
    found = selectors.run_history(run)
    if found is None:
        return JsonResponse({"error": f"There is no run {run}."}, status=404)
    return JsonResponse(found)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _error(request: HttpRequest, status: int, title: str, message: str) -> HttpResponse:
    context = {"status": status, "title": title, "message": message}
    return render(request, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400."""
    return _error(request, 400, "Bad request", "The server could not read this request.")


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403."""
    return _error(request, 403, "Not allowed", "Your role does not allow this.")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404."""
    return _error(request, 404, "Not found", "There is no page at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return _error(request, 500, "Server error", "Something failed on the server; trying again may help.")
