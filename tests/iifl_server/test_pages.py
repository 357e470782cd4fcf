"""Pages over HTTP: sign-in and its limits, roles, health, history, headers, the admin."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from iifl_server.accounts.models import AppendOnlyError, AuditLog, Person, Role
from iifl_server.accounts.services import FAILURES_ALLOWED, audit
from iifl_server.fleets.models import Motion, Run, RunStep
from iifl_server.fleets.selectors import thinned
from iifl_server.learning.models import Retraining

pytestmark = pytest.mark.django_db


def sign_in(client: Client, name: str, password: str) -> int:
    return client.post("/sign-in/", {"username": name, "password": password}).status_code


@pytest.mark.parametrize("address", ["/", "/console/", "/fleet/", "/station/", "/arms/", "/admin/"])
def test_every_page_asks_strangers_to_sign_in(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 302
    assert "sign-in" in answer["Location"] or "login" in answer["Location"]


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.SUPERVISOR, "/console/"),
        (Role.TECHNICIAN, "/station/"),
        (Role.ADMINISTRATOR, "/fleet/"),
        (Role.VIEWER, "/fleet/"),
    ],
)
def test_home_depends_on_the_role(client: Client, role: Role, page: str) -> None:
    client.force_login(Person.objects.create_user("someone", role=role))
    assert client.get("/")["Location"] == page
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_stand_by_the_robots_have_a_station(client: Client, role: Role) -> None:
    client.force_login(Person.objects.create_user("someone", role=role))
    answer = client.get("/station/")
    linked = b'href="/station/"' in client.get("/fleet/").content
    if role in (Role.TECHNICIAN, Role.ADMINISTRATOR):
        assert answer.status_code == 200
        assert linked
    else:
        assert answer.status_code == 403
        assert f"Your role, {role.value}, does not stand by the robots".encode() in answer.content
        assert not linked


@pytest.mark.parametrize("role", list(Role))
def test_what_each_role_may_do(role: Role) -> None:
    person = Person(username="someone", role=role)
    may = (person.may_supervise, person.may_attend, person.may_stop)
    assert (
        may
        == {
            Role.SUPERVISOR: (True, False, True),
            Role.TECHNICIAN: (False, True, True),
            Role.ADMINISTRATOR: (False, True, True),
            Role.RESEARCHER: (False, False, False),
            Role.VIEWER: (False, False, False),
        }[role]
    )
    person.is_active = False
    assert not any((person.may_supervise, person.may_attend, person.may_stop))


FLEET = """
[fleet]
task = "yumi_push"
[[arm]]
name = "left"
host = "robot1.example.org"
user = "robot"
key = "key"
known_hosts = "known_hosts"
command = "agent"
[arm.limits]
workspace = [-0.3, -0.2, 0.3, 0.2]
max_speed = 0.25
longest = 0.3
half_width = 0.01
"""


def test_arms_are_shown_with_their_limits_and_what_moved_last(
    client: Client, ana: Person, run: Run, tmp_path: Path, settings: Any
) -> None:
    settings.DATA = tmp_path
    client.force_login(ana)
    assert b"simulation" in client.get("/arms/").content
    assert b"/arms/" not in client.get("/fleet/").content
    run.config["fleet_file"] = "fleet.toml"
    run.save()
    assert b"cannot be read" in client.get("/arms/").content
    (tmp_path / "fleet.toml").write_text(FLEET)
    for name in ("key", "known_hosts"):
        (tmp_path / name).touch(mode=0o600)
    Motion.objects.create(
        id=uuid4(), run=run, robot=0, step=3, author="policy version 1", action=[0.5, -0.25], status="cut",
        detail="It was stopped.",
    )  # fmt: skip
    page = client.get("/arms/").content.decode()
    for said in ("left", "robot@robot1.example.org:22", "at most 0.25 m/s", "not calibrated", "+0.50, -0.25"):
        assert said in page
    assert "cut: It was stopped." in page
    assert "/arms/" in client.get("/fleet/").content.decode()


def test_sign_in_works_and_enters_the_audit_log(client: Client, ana: Person) -> None:
    assert sign_in(client, "ana", "secret-of-ana") == 302
    assert AuditLog.objects.get().action == "signed_in"


def test_after_too_many_failures_even_the_right_password_has_to_wait(client: Client, ana: Person) -> None:
    for _ in range(FAILURES_ALLOWED):
        assert sign_in(client, "ana", "guess") == 200
    answer = client.post("/sign-in/", {"username": "ana", "password": "secret-of-ana"})
    assert answer.status_code == 200
    assert b"Try again in 5 minutes" in answer.content
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9"), "ana", "secret-of-ana") == 302


def test_the_audit_log_cannot_be_changed_or_emptied() -> None:
    audit("something", name="ana")
    entry = AuditLog.objects.get()
    entry.name = "ben"
    for change in (
        entry.save,
        entry.delete,
        AuditLog.objects.all().delete,
        lambda: AuditLog.objects.update(name="ben"),
    ):
        with pytest.raises(AppendOnlyError):
            change()
    assert AuditLog.objects.get().name == "ana"


def test_pages_carry_a_policy_that_forbids_foreign_and_inline_code(client: Client) -> None:
    answer = client.get("/sign-in/")
    rules = answer["Content-Security-Policy"]
    assert "default-src 'self'" in rules
    assert "unsafe" not in rules
    assert "frame-ancestors 'none'" in rules
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert b"<script>" not in answer.content
    assert b" style=" not in answer.content


def test_health_fails_without_a_broker_and_says_so(
    client: Client, broker: Any, settings: Any, tmp_path: Any
) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "checks": {"database": True, "broker": True}}
    from iifl_server.brokers import socket_urls

    settings.BROKERS = socket_urls(tmp_path / "nothing.sock")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"] is False


def test_history_is_thinned_and_marks_retrainings(client: Client, run: Run, vera: Person) -> None:
    assert client.get(f"/api/runs/{run.pk}/history").status_code == 403
    client.force_login(vera)
    assert client.get("/api/runs/999/history").status_code == 404
    RunStep.objects.bulk_create(
        RunStep(run=run, step=step, metrics={"rohe": step / 1000}) for step in range(1, 1302)
    )
    Retraining.objects.create(run=run, from_step=50, status="done", checkpoint=run.checkpoint)
    found = client.get(f"/api/runs/{run.pk}/history").json()
    assert len(found["rows"]) == 600
    assert [row[0] for row in (found["rows"][0], found["rows"][-1])] == [1, 1301]
    assert found["columns"][:2] == ["step", "rohe"]
    assert found["rows"][-1][1] == pytest.approx(1.301)
    assert found["retrainings"] == [{"step": 50, "version": 1, "trained_on": 336}]


def test_thinning_keeps_all_of_a_short_run() -> None:
    assert thinned([1, 2, 3], 600) == [1, 2, 3]
    assert thinned(list(range(10)), 4) == [0, 3, 6, 9]


def test_every_admin_page_loads_and_history_cannot_be_edited(client: Client, run: Run) -> None:
    client.force_login(Person.objects.create_superuser("admin", role=Role.ADMINISTRATOR))
    audit("something", name="admin")
    for name in (
        "accounts/person",
        "accounts/auditlog",
        "fleets/run",
        "fleets/robot",
        "fleets/assignment",
        "fleets/intervention",
        "fleets/runstep",
        "fleets/runsnapshot",
        "learning/checkpoint",
        "learning/retraining",
    ):
        assert client.get(f"/admin/{name}/").status_code == 200, name
    assert client.get("/admin/accounts/person/add/").status_code == 200
    assert client.get("/admin/fleets/intervention/add/").status_code == 403
    assert client.get(f"/admin/fleets/run/{run.pk}/change/").status_code == 200
    assert client.post(f"/admin/fleets/run/{run.pk}/delete/", {"post": "yes"}).status_code == 403


def test_errors_have_a_page_of_their_own(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert b"error-page" in answer.content
