"""Arms that are scripts, in processes of their own behind an SSH server; what must hold of their logs."""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from robots.fleet import Frame, Spaces
from robots.physical import Ended, Motion, MotionEnd, Presence
from robots.remote.fleet import ArmPlace, RemoteFleet
from robots.remote.flight import Times
from robots.remote.loopback import Loopback
from robots.remote.side import Reach
from robots.remote.task import Outcome, Seen

HERE = Path(__file__).parent
PATIENCE_S = 30.0
"""What never takes this long on a machine that works, however busy."""

PATIENT = Times(silent_s=15.0, stale_s=10.0, slowest_s=25.0, look_s=20.0)
"""For machines that are busy with other things."""


class Pushes:
    """A task for pictures without meaning: an action is a motion from the middle."""

    name = "pushes"
    spaces = Spaces((3,), "float32", 2)
    episode_length = 10

    def __init__(self) -> None:
        self.goals = 0
        self.put_right_says = ""

    def read(self, image, captured_at):
        frame = Frame(cv2.resize(image, (640, 480)), (0.5, 0.5), 0.2, captured_at)
        colour = image.mean(axis=(0, 1)).astype(np.float32)
        return Seen(colour, frame, confidence=1.0, pose=(0.0, 0.0, 0.0))

    def plan(self, seen, action):
        return Reach((0.0, 0.0), (float(action[0]) * 0.1, float(action[1]) * 0.1), 0.1)

    def judge(self, before, after):
        return Outcome(reward=1.0, done=False, violation=False, success=True, confidence=0.9)

    def reset(self, seen):
        self.goals += 1

    def put_right(self, seen):
        return self.put_right_says


def until(true: Callable[[], object], what: str | Callable[[], str], within_s: float = PATIENCE_S) -> None:
    """Wait for it; fail with its name."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, (
            f"not within {within_s:g} s: {what if isinstance(what, str) else what()}"
        )
        time.sleep(0.01)


class House:
    """Some scripted arms and the fleet that drives them."""

    def __init__(
        self, folder: Path, arms: int = 1, *options: str, times: Times | None = None, **fleet
    ) -> None:
        self.folder, self.options = folder, options
        self.sides = [folder / f"arm{index}" for index in range(arms)]
        for side in self.sides:
            side.mkdir(parents=True)
        self.commands = {f"arm{index}": self.command(side) for index, side in enumerate(self.sides)}
        self.loopback = Loopback(folder / "ssh", self.commands)
        self.times = times or PATIENT
        self.ordered: dict[str, tuple[Motion, float]] = {}
        self.ends: list[MotionEnd] = []
        self.fleet = self.new_fleet(**fleet)

    def command(self, side: Path) -> list[str]:
        return [
            "env",
            f"PYTHONPATH={HERE.parents[1]}",
            sys.executable,
            str(HERE / "remote_scripted.py"),
            str(side),
            *self.options,
        ]

    def places(self) -> list[ArmPlace]:
        return [ArmPlace(self.loopback.address(user, user)) for user in self.commands]

    def new_fleet(self, **options) -> RemoteFleet:
        self.tasks = [Pushes() for _ in self.sides]
        return RemoteFleet(self.places(), self.tasks, times=self.times, **options)

    def presence(self, robot: int = 0) -> Presence:
        return self.fleet.conditions()[robot].presence

    def reason(self, robot: int = 0) -> str:
        return self.fleet.conditions()[robot].reason

    def ready(self, robots: Sequence[int] | None = None) -> None:
        for robot in range(len(self.sides)) if robots is None else robots:
            self.shows(robot, Presence.READY)

    def shows(self, robot: int, presence: Presence) -> None:
        until(
            lambda: self.presence(robot) is presence, lambda: f"{presence}: {self.fleet.conditions()[robot]}"
        )

    def push(self, *robots: int, within_s: float = 20.0) -> list[Motion]:
        motions = []
        for robot in robots or (0,):
            action = np.random.default_rng(len(self.ordered)).uniform(-1.0, 1.0, 2).astype(np.float32)
            motion = Motion(uuid.uuid4().hex, robot, action, within_s)
            self.ordered[motion.id] = (motion, time.monotonic() + within_s)
            motions.append(motion)
        self.fleet.begin(motions)
        return motions

    def end(self, motion: Motion) -> MotionEnd:
        def found() -> bool:
            self.ends += self.fleet.ended()
            return any(end.motion.id == motion.id for end in self.ends)

        until(found, lambda: f"the end of {motion.id}: {self.fleet.conditions()}")
        return next(end for end in self.ends if end.motion.id == motion.id)

    def log(self, robot: int = 0, event: str = "") -> list[dict]:
        path = self.sides[robot] / "side.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if not event or line["event"] == event]

    def moving(self, robot: int = 0, count: int = 1) -> None:
        until(lambda: len(self.log(robot, "move")) >= count, "the arm moves")

    def agent(self, robot: int = 0) -> int:
        """The newest agent's process."""
        return self.log(robot, "started")[-1]["pid"]

    def check(self) -> None:
        """No motion without a fresh order, none twice, and every order ended at most once."""
        self.ends += self.fleet.ended()
        ids = [end.motion.id for end in self.ends]
        assert len(set(ids)) == len(ids)
        for robot in range(len(self.sides)):
            plans = {
                tuple(Pushes().plan(None, motion.action).end): (motion, by)
                for motion, by in self.ordered.values()
                if motion.robot == robot
            }
            moves = [(tuple(move["end"]), move["at"]) for move in self.log(robot, "move")]
            assert len({end for end, _ in moves}) == len(moves), "a motion was carried out twice"
            for end, at in moves:
                motion, by = plans[end]
                assert at <= by, "a motion began after its order had expired"
                assert not any(
                    told.motion.id == motion.id and told.ended is Ended.REFUSED for told in self.ends
                ), "a motion was called refused and moved the robot"

    def close(self) -> None:
        self.fleet.close()
        self.check()
        self.loopback.close()


def gone(pid: int) -> bool:
    """Whether a process has ended, zombies included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
