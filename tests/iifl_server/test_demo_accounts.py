"""The demo makes accounts once; what an administrator does with them afterwards stays done."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from iifl_server.accounts.demo import create_demo_accounts
from iifl_server.accounts.models import Person, Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _data(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path


def test_accounts_are_made_once_and_their_passwords_kept_for_their_owner_alone(tmp_path: Path) -> None:
    accounts = create_demo_accounts(2)
    assert [(account.role, account.name) for account in accounts.made] == [
        ("supervisor", "ana"),
        ("supervisor", "ben"),
        ("technician", "tom"),
        ("administrator", "admin"),
    ]
    assert accounts.lacking == []
    assert create_demo_accounts(2) == accounts
    assert (tmp_path / "demo_accounts").stat().st_mode & 0o777 == 0o600
    assert Client().login(username="ana", password=accounts.made[0].sign_in)


def test_what_an_administrator_did_survives_the_next_start() -> None:
    password = create_demo_accounts(1).made[0].sign_in
    ana = Person.objects.get(username="ana")
    ana.is_active, ana.role = False, Role.VIEWER
    ana.set_password("given by an administrator")
    ana.save()
    accounts = create_demo_accounts(1)
    again = Person.objects.get(username="ana")
    assert (again.is_active, again.role, again.password) == (False, Role.VIEWER, ana.password)
    assert accounts.made[0].role == "viewer"
    assert password not in accounts.made[0].sign_in
    assert "no active supervisor" in accounts.lacking[0]


def test_a_changed_password_is_not_printed_as_if_it_worked() -> None:
    create_demo_accounts(1)
    admin = Person.objects.get(username="admin")
    admin.set_password("another")
    admin.save()
    told = {account.name: account.sign_in for account in create_demo_accounts(1).made}
    assert "has another password" in told["admin"]
    assert "manage changepassword admin" in told["admin"]
    assert Client().login(username="admin", password="another")


@pytest.mark.parametrize("change", [{"username": "anna"}, None])
def test_a_renamed_or_removed_account_is_not_made_again(change: dict[str, str] | None) -> None:
    create_demo_accounts(1)
    rows = Person.objects.filter(username="ana")
    rows.update(**change) if change else rows.delete()
    accounts = create_demo_accounts(1)
    assert not Person.objects.filter(username="ana").exists()
    assert [account.name for account in accounts.made] == ["tom", "admin"]


def test_more_seats_for_people_add_accounts_and_change_no_other() -> None:
    before = create_demo_accounts(1).made
    after = create_demo_accounts(3).made
    assert [account.name for account in after] == ["ana", "ben", "chidi", "tom", "admin"]
    assert (after[0], after[-1]) == (before[0], before[-1])


def test_without_an_administrator_the_mend_is_said() -> None:
    create_demo_accounts(1)
    Person.objects.filter(username="admin").update(is_active=False)
    assert "createsuperuser" in create_demo_accounts(1).lacking[0]


@pytest.mark.parametrize("damage", [b"", b"ana ", b"\xff\xfe\x00 \x9c\n", b"ana wrong\nadm"])
def test_passwords_whose_file_was_damaged_are_not_made_up(tmp_path: Path, damage: bytes) -> None:
    before = create_demo_accounts(1).made
    (tmp_path / "demo_accounts").write_bytes(damage)
    for account in create_demo_accounts(1).made:
        assert "has another password" in account.sign_in
    for account in before:
        assert Client().login(username=account.name, password=account.sign_in)


def test_an_administrator_who_cannot_enter_is_none() -> None:
    create_demo_accounts(1)
    Person.objects.filter(username="admin").update(is_staff=False)
    assert "createsuperuser" in create_demo_accounts(1).lacking[0]
