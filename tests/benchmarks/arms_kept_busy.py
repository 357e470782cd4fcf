"""How much of what arms allow the whole product uses, and whether pictures go on meanwhile.

    python tests/benchmarks/arms_kept_busy.py --seconds 90 --factor 2

Two simulated YuMis, twice. First the bare driver: each arm gets its next push as soon as it is ready. Then
`./iifl demo` over such a site, algorithms helping, with a page that watches all four cameras. Prints
motions of an arm per minute of each, their ratio, and the pictures per second that the page drew.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import numpy as np
from yumi_protocol import PORT, ROOT, Page, accounts, done, wait_for

from iifl_server.experiments.results import machine, write_json
from robots.physical import Ended, Motion, Presence
from robots.yumi.driver import open_fleet
from robots.yumi.twin.site import Site

CAMERAS = [{"robot": robot, "size": "full"} for robot in range(4)]


def bare(folder: Path, factor: float, seconds: float) -> float:
    """Motions of an arm per minute, driven by nothing but its own readiness."""
    site = Site(folder, factor=factor, hands_after_s=0.5)
    fleet = open_fleet(site.file)
    draws, moved = np.random.default_rng(0), 0
    try:
        while not all(one.presence is Presence.READY for one in fleet.conditions()):
            time.sleep(0.1)
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            moved += sum(end.ended is Ended.DONE for end in fleet.ended())
            for robot, one in enumerate(fleet.conditions()):
                if one.presence is Presence.READY:
                    action = draws.uniform(-1, 1, 2).astype(np.float32)
                    fleet.begin([Motion(str(uuid4()), robot, action, 1.0)])
            time.sleep(0.02)
    finally:
        fleet.close()
        site.close()
    return moved / 4 / seconds * 60


def whole(out: Path, factor: float, seconds: float) -> tuple[float, float]:
    """Motions of an arm per minute under the whole product, and pictures per second and camera on a page."""
    data, site, log = out / "var", out / "site", out / "demo.log"
    environment = {**os.environ, "IIFL_DATA": str(data), "OMP_NUM_THREADS": "1"}
    processes = []
    try:
        with open(out / "site.log", "w") as text:
            command = [sys.executable, "-m", "robots.yumi.twin.site", str(site), "--factor", str(factor)]
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=text, stderr=text))
        wait_for(lambda: (site / "fleet.toml").exists(), 180)
        demo = [str(ROOT / "iifl"), "demo", "--fleet", str(site / "fleet.toml"), "--supervisors", "4",
                "--people", "0", "--port", str(PORT), "--no-browser"]  # fmt: skip
        with open(log, "w") as text:
            processes.append(subprocess.Popen(demo, cwd=ROOT, env=environment, stdout=text, stderr=text))
        wait_for(lambda: "Ctrl-C" in log.read_text(), 600)
        page = Page(*accounts(log)["administrator 1"], "fleet")
        wait_for(lambda: done(data).get("done", 0) >= 8, 120)
        page.say({"type": "watch", "cameras": CAMERAS})
        time.sleep(2.0)
        before, drawn, begun = done(data)["done"], page.drawn, time.monotonic()
        while time.monotonic() - begun < seconds:
            page.say({"type": "watch", "cameras": CAMERAS})
            time.sleep(1.0)
        took = time.monotonic() - begun
        return (done(data)["done"] - before) / 4 / took * 60, (page.drawn - drawn) / 4 / took
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(timeout=60)


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--factor", type=float, default=2.0, help="2: a push takes about two seconds")
    parser.add_argument("--out", type=Path, default=Path("out/arms-kept-busy"))
    given = parser.parse_args()
    out = given.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    print(machine())
    allowed = bare(out / "bare", given.factor, given.seconds)
    kept, pictures = whole(out, given.factor, given.seconds)
    print("| motions of an arm per minute | |\n|---|---:|")
    print(f"| the driver alone | {allowed:.1f} |\n| the whole product | {kept:.1f} |")
    print(f"| ratio | {kept / allowed:.2f} |\n| pictures per second and camera | {pictures:.1f} |")
    write_json(out / "results.json", {"driver": allowed, "product": kept, "pictures": pictures})


if __name__ == "__main__":
    main()
