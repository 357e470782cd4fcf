"""A driver in a process of its own, to be killed: orders one push from every arm and then waits."""

import sys
import time
from pathlib import Path

import numpy as np
from remote_house import PATIENT, Pushes, until

from robots.physical import Ended, Motion, Presence
from robots.remote.fleet import ArmPlace, RemoteFleet
from robots.remote.link import Address


def main(port: str, key: str, known_hosts: str, *users: str) -> None:
    places = [
        ArmPlace(Address(user, "127.0.0.1", int(port), user, Path(key), Path(known_hosts), "agent"))
        for user in users
    ]
    fleet = RemoteFleet(places, [Pushes() for _ in places], times=PATIENT)
    left, tried = set(range(len(users))), 0
    while left:
        until(lambda: all(c.presence is not Presence.AWAY for c in fleet.conditions()), "all are there")
        tried += 1
        action = np.array([0.5, 0.1 / tried], dtype=np.float32)
        fleet.begin([Motion(f"push {tried} of {users[robot]}", robot, action, 20.0) for robot in left])
        time.sleep(0.5)  # Whoever refused has said so.
        left = {end.motion.robot for end in fleet.ended() if end.ended is Ended.REFUSED}
    time.sleep(600.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
