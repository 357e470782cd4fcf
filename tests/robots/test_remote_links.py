"""Links that are not what they should be: other keys, other programs, bad networks, drivers that die."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from remote_house import HERE, House, gone, until

from robots.physical import Ended, Presence
from robots.remote.fleet import ArmPlace
from robots.remote.link import Address
from robots.remote.loopback import Loopback

HERE_ENV = {**os.environ, "PYTHONPATH": f"{HERE.parents[1]}:{HERE}"}
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/sbin")


@pytest.fixture
def house(tmp_path):
    houses = []

    def build(*arguments, **options):
        houses.append(House(tmp_path / f"house{len(houses)}", *arguments, **options))
        return houses[-1]

    yield build
    for built in houses:
        built.close()


@pytest.mark.slow(6)
def test_a_changed_host_key_is_told_and_nothing_is_tried_until_somebody_says_so(house, tmp_path):
    arm = house()
    arm.ready()
    good, port = arm.loopback, arm.loopback.port
    good.close()
    other = Loopback(tmp_path / "other", arm.commands, port)
    try:
        arm.shows(0, Presence.AWAY)
        until(lambda: "host key" in arm.reason(), lambda: f"told: {arm.reason()}")
        assert str(good.known_hosts) in arm.reason()
        started = len(arm.log(0, "started"))
        assert arm.end(arm.push()[0]).ended is Ended.REFUSED
    finally:
        other.close()
    arm.loopback = Loopback(arm.folder / "ssh", arm.commands, port)
    time.sleep(1.0)
    assert len(arm.log(0, "started")) == started, "it was tried again by itself"
    arm.fleet.reconnect()
    arm.ready()


def test_a_key_that_is_not_let_in_is_told(house, tmp_path):
    arm = house()
    stranger = Loopback(tmp_path / "stranger", {})
    stranger.close()
    place = arm.loopback.address("arm0", "arm0")
    arm.fleet.close()
    arm.places = lambda: [
        ArmPlace(
            Address("arm0", place.host, place.port, "arm0", stranger.key, place.known_hosts, place.command)
        )
    ]
    arm.fleet = arm.new_fleet()
    until(lambda: "authorized_keys" in arm.reason(), lambda: f"told: {arm.reason()}")


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('Welcome to this robot')", "Welcome to this robot"),
        ("import os; os.write(1, os.urandom(4000))", "where a packet should begin"),
        ("raise SystemExit('no module named robots')", "no module named robots"),
    ],
)
def test_an_agent_that_says_something_else_is_told_in_its_words(house, program, says):
    arm = house()
    arm.fleet.close()
    arm.loopback.close()
    arm.loopback = Loopback(arm.folder / "other", {"arm0": [sys.executable, "-c", program]})
    arm.fleet = arm.new_fleet()
    until(lambda: says in arm.reason(), lambda: f"told: {arm.reason()}")
    assert arm.presence() is Presence.AWAY


@pytest.mark.slow(6)
def test_a_driver_that_is_killed_while_all_arms_move_leaves_them_standing(house):
    arms = house(4, "--motion-s", "20")
    arms.fleet.close()
    place = arms.loopback
    driver = subprocess.Popen(
        [
            sys.executable,
            str(HERE / "remote_driver.py"),
            str(place.port),
            str(place.key),
            str(place.known_hosts),
            *arms.commands,
        ],
        env=HERE_ENV,
    )
    try:
        for robot in range(4):
            until(lambda robot=robot: arms.log(robot, "move"), "it moves")
    finally:
        driver.kill()
        driver.wait()
    for robot in range(4):
        until(lambda robot=robot: arms.log(robot, "cut"), "it is stopped")
        until(lambda robot=robot: gone(arms.agent(robot)), "its agent has ended")
        assert len(arms.log(robot, "move")) == 1
        (arms.sides[robot] / "side.jsonl").unlink()  # Its order was not this process's.
    arms.fleet = arms.new_fleet()
    arms.ready()


@pytest.mark.slow(40)
def test_a_network_that_is_late_and_loses_a_fifth_carries_nothing_twice():
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("making a bad network takes root, unshare and ip")
    command = ["unshare", "-n", sys.executable, str(HERE / "remote_bad_network.py")]
    trial = subprocess.run([*command, "--try"], capture_output=True, text=True, env=HERE_ENV)
    if trial.returncode:
        pytest.skip(f"this machine makes no bad networks: {trial.stderr.strip()[-300:]}")
    ran = subprocess.run(command, capture_output=True, text=True, env=HERE_ENV, timeout=280)
    assert ran.returncode == 0, ran.stdout + ran.stderr[-5000:]


@pytest.fixture
def sshd(house, tmp_path):
    """OpenSSH's own server on a free port of this machine, with one key and one forced command."""
    if SSHD is None:
        pytest.skip("no sshd on this machine")
    arm = house()
    arm.fleet.close()
    folder = tmp_path / "sshd"
    folder.mkdir(mode=0o700)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(arm.loopback.key)], capture_output=True, text=True, check=True
    ).stdout.strip()
    host_key = folder / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(host_key)], check=True)
    (folder / "authorized_keys").write_text(f"restrict {public}\n")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key.with_suffix('.pub').read_text()}")
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nStrictModes no\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPermitUserRC no\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    server = subprocess.Popen([SSHD, "-D", "-E", str(folder / "log"), "-f", str(folder / "config")])
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    command = " ".join(f"'{word}'" for word in arm.commands["arm0"])
    arm.places = lambda: [
        ArmPlace(Address("arm0", "127.0.0.1", port, user, arm.loopback.key, folder / "known_hosts", command))
    ]
    arm.fleet = arm.new_fleet()
    yield arm
    arm.fleet.close()
    server.terminate()
    server.wait()


def sessions(port_of: House) -> list[int]:
    """Processes of sshd that serve one connection each."""
    agent = port_of.agent()
    parent = int(Path(f"/proc/{agent}/stat").read_text().rsplit(")", 1)[1].split()[1])
    while "sshd" not in Path(f"/proc/{parent}/comm").read_text():
        parent = int(Path(f"/proc/{parent}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return [parent]


def test_openssh_s_server_carries_a_push_and_a_cut_stops_the_arm(sshd):
    arm = sshd
    arm.ready()
    assert arm.end(arm.push()[0]).ended is Ended.DONE
    arm.ready()
    (arm.sides[0] / "slow").touch()
    motion = arm.push()[0]
    arm.moving(0, 2)
    os.kill(sessions(arm)[0], signal.SIGKILL)
    end = arm.end(motion)
    assert end.ended in (Ended.CUT, Ended.UNKNOWN), end.detail
    until(lambda: arm.log(0, "cut"), "the arm is stopped")
    arm.ready()
