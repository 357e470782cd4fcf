"""The rules of the broker's scripts: once, by the holder of the lease, before it expires."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from iifl_server.live import keys
from iifl_server.live.broker import run_script
from iifl_server.live.clock import now_ms
from iifl_server.live.commands import encode_command
from iifl_server.live.inbox import claim, newest_entry, read_commands
from iifl_server.live.leases import Lease, next_leases, store_leases
from iifl_server.live.protocol import Command

RUN, ANA, BEN = 5, 1, 2


@pytest.fixture
def lease(broker: Any) -> Lease:
    """Robot 3 is ana's, for teleoperation."""
    leases = next_leases({3: (0, ANA, "teleoperation")}, {}, 10)
    store_leases(RUN, leases)
    return leases[3]


def push(held: Lease, **changes: Any) -> Command:
    command = Command("teleoperation", uuid4(), 3, held.token, now_ms() + 2000, 7, 0.5, 0.5)
    return replace(command, **changes)


def submit(command: Command, person: int = ANA) -> str:
    names = [keys.command(command.command), keys.lease(RUN, command.robot), keys.commands(RUN)]
    arguments: list[Any] = [str(command.command), command.lease, str(person), command.expires_at]
    return run_script("submit", names, [*arguments, command.kind, encode_command(command)])[0].decode()


def arrived() -> list[Command]:
    return read_commands(RUN, "0", 0)[0]


def test_a_good_command_arrives_as_it_was_sent(lease: Lease) -> None:
    command = push(lease)
    assert submit(command) == "accepted"
    assert arrived() == [command]


def test_the_same_command_arrives_once_however_often_it_is_sent(lease: Lease) -> None:
    command = push(lease)
    assert [submit(command) for _ in range(3)] == ["accepted", "duplicate", "duplicate"]
    assert len(arrived()) == 1


@pytest.mark.parametrize(
    ("changes", "person", "verdict"),
    [
        ({"lease": "forged"}, ANA, "foreign"),
        ({"robot": 2}, ANA, "foreign"),
        ({}, BEN, "foreign"),
        ({"kind": "hard_reset"}, ANA, "kind"),
        ({"expires_at": now_ms() - 1}, ANA, "late"),
    ],
)
def test_forged_foreign_wrong_and_late_commands_never_arrive(
    lease: Lease, changes: dict[str, Any], person: int, verdict: str
) -> None:
    assert submit(push(lease, **changes), person) == verdict
    assert arrived() == []


def test_a_robot_can_be_handed_back_whatever_it_needs(lease: Lease) -> None:
    assert submit(push(lease, kind="hand_back")) == "accepted"


def test_a_command_is_claimed_once(lease: Lease) -> None:
    command = push(lease)
    submit(command)
    assert [claim(RUN, command), claim(RUN, command)] == ["claimed", "taken"]


def test_a_command_that_never_came_in_cannot_be_claimed(lease: Lease) -> None:
    assert claim(RUN, push(lease)) == "taken"


def test_a_lease_that_was_taken_back_in_between_stops_the_command(lease: Lease) -> None:
    command = push(lease)
    submit(command)
    store_leases(RUN, next_leases({3: (1, BEN, "teleoperation")}, {3: lease}, 11))
    assert claim(RUN, command) == "foreign"


def test_a_command_that_expired_in_between_is_late(lease: Lease, broker: Any) -> None:
    command = push(lease)
    submit(command)
    broker.hset(keys.command(command.command), "expires_at", now_ms() - 1)
    assert claim(RUN, command) == "late"


def test_a_new_runner_reads_only_what_comes_after_it(lease: Lease) -> None:
    submit(push(lease))
    after = newest_entry(RUN)
    fresh = push(lease)
    submit(fresh)
    assert read_commands(RUN, after, 0)[0] == [fresh]


def test_a_lease_keeps_its_token_until_anything_about_it_changes(lease: Lease) -> None:
    same = next_leases({3: (0, ANA, "teleoperation")}, {3: lease}, 12)
    assert same[3] == lease
    for held in ((0, ANA, "hard_reset"), (1, ANA, "teleoperation"), (0, BEN, "teleoperation")):
        assert next_leases({3: held}, {3: lease}, 12)[3].token != lease.token


def test_leases_that_ended_are_gone_from_the_broker(lease: Lease, broker: Any) -> None:
    store_leases(RUN, {})
    assert not broker.exists(keys.lease(RUN, 3))
