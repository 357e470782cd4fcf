"""Two arms over a network that is late and loses packets: run in a network namespace of its own by a test.

A TUN device leads to this process, which holds every packet for a while, loses some, and gives it back as if
it came from another machine: what is sent to THERE arrives HERE, from THERE.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from remote_house import House

from robots.physical import Ended
from robots.remote import loopback
from robots.remote.flight import Times

HERE, THERE = "10.9.0.1", "10.9.0.2"
ONE_WAY_S, LOST = 0.1, 0.2
PUSHES = 4
_TUNSETIFF, _IFF_TUN_NO_PI = 0x400454CA, 0x1001


def open_tun() -> int:
    """The device's file descriptor; raises OSError where there is none."""
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", b"bad0", _IFF_TUN_NO_PI))
    for command in (f"ip addr add {HERE}/24 dev bad0", "ip link set bad0 up mtu 1400", "ip link set lo up"):
        subprocess.run(command.split(), check=True)
    return fd


def relay(fd: int) -> None:
    """For ever: every IPv4 packet, late, turned round, or lost."""
    source, waiting = random.Random(0), []
    while True:
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 1.0
        if select.select([fd], [], [], left)[0]:
            packet = os.read(fd, 2000)
            if packet[0] >> 4 == 4 and source.random() >= LOST:
                turned = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
                heapq.heappush(waiting, (time.monotonic() + ONE_WAY_S, turned))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(fd, heapq.heappop(waiting)[1])


class FarHouse(House):
    """The same arms, at the other end of the bad network."""

    def places(self):
        return [replace(p, address=self.far(p.address)) for p in super().places()]

    def far(self, address):
        known = self.loopback.known_hosts.read_text().replace(HERE, THERE)
        (self.folder / "known_there").write_text(known)
        return replace(address, host=THERE, known_hosts=self.folder / "known_there")


def main() -> int:
    fd = open_tun()
    if "--try" in sys.argv:
        return 0
    threading.Thread(target=relay, args=(fd,), daemon=True).start()
    loopback.HOST = HERE
    counted, stopped = Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        times = Times(stale_s=10.0, silent_s=15.0, slowest_s=20.0)
        house = FarHouse(Path(folder) / "house", 2, "--watchdog-s", "1", times=times)
        try:
            for _ in range(PUSHES):
                house.ready()
                motions = house.push(0, 1)
                counted.update(house.end(motion).ended for motion in motions)
            house.fleet.stop("the network is bad")
            stopped = [condition.reason for condition in house.fleet.conditions()]
        finally:
            house.close()
    sys.stdout.write(f"{dict(counted)}\n")
    assert all("the network is bad" in reason for reason in stopped)
    assert counted.total() == 2 * PUSHES
    assert counted[Ended.DONE] + counted[Ended.CUT] > 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
