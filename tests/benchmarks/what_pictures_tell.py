"""How well a cube's pose, success and violation are read off a simulated camera's pictures, and how sure.

For instance: python tests/benchmarks/what_pictures_tell.py --poses 500
"""

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from robots.fleet import FleetError
from robots.tasks.block_push.geometry import (
    GOAL_RADIUS,
    OBSTACLE_HALF,
    WORKSPACE_HALF,
    breaks_constraint,
    on_ring,
)
from robots.tasks.block_push.push import contact_distance
from robots.yumi.pushing import Pushing
from robots.yumi.rules import room
from robots.yumi.twin.calibrated import calibrated
from robots.yumi.twin.camera import Eye
from robots.yumi.twin.optics import optics_of
from robots.yumi.twin.world import Pose, Scene, sweep_cube

JPEG_QUALITY = 90
SURE = 0.8


def sent(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as it comes over the link."""
    packed = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])


def anywhere(generator: np.random.Generator) -> Pose:
    while True:
        x, y = generator.uniform(-WORKSPACE_HALF, WORKSPACE_HALF, 2).tolist()
        pose = (x, y, float(generator.uniform(-math.pi, math.pi)))
        if not breaks_constraint(np.array([pose]))[0]:
            return pose


def on_borders(generator: np.random.Generator) -> Iterator[tuple[Pose, tuple[float, float]]]:
    """Poses and goals within 4 mm of where a judgement turns: the goal's edge, the obstacle, a wall.

    Every second cube at an obstacle or a wall lies as pushes into one end: up to 0.6 mm in it.
    """
    while True:
        pose, angle = anywhere(generator), float(generator.uniform(-math.pi, math.pi))
        reach = GOAL_RADIUS + float(generator.uniform(-0.004, 0.004))
        yield pose, (pose[0] + reach * math.cos(angle), pose[1] + reach * math.sin(angle))
        far = (-float(np.sign(pose[0])) * 0.125, 0.0)
        side = int(generator.integers(4)) * math.pi / 2
        for edge, sign in ((OBSTACLE_HALF, 1), (WORKSPACE_HALF, -1)):
            yaw = float(generator.uniform(-math.pi, math.pi))
            half = 0.02 * (abs(math.cos(yaw)) + abs(math.sin(yaw)))
            low, high = (-0.0006, 0.0) if generator.random() < 0.5 else (0.0, 0.004)
            out = edge + sign * (half + float(generator.uniform(low, high)))
            along = float(generator.uniform(-0.04, 0.04))
            x = out * math.cos(side) - along * math.sin(side)
            yield (x, out * math.sin(side) + along * math.cos(side), yaw), far


def poses(task: Pushing, eye: Eye, count: int, generator: np.random.Generator) -> None:
    print(
        "| plate | read | mm rms | mm 95 % | mm max | ° rms | ° max | wrong quarter | sure | ms a picture |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for plate in (False, True):
        far, turned, sure, wrong, used = [], [], [], 0, 0.0
        for _ in range(count):
            pose, angle = anywhere(generator), float(generator.uniform(-math.pi, math.pi))
            back = contact_distance(pose[2], (math.cos(angle), math.sin(angle)))
            tool = (pose[0] - back * math.cos(angle), pose[1] - back * math.sin(angle))
            image = sent(eye.picture(Scene(pose, tool if plate else None, angle)))
            begun = time.process_time()
            seen = task.read(image, 0.0)
            used += time.process_time() - begun
            if seen.pose is None:
                continue
            far.append(1000 * math.dist(seen.pose[:2], pose[:2]))
            off = math.remainder(seen.pose[2] - pose[2], 2 * math.pi)
            wrong += abs(off) > math.pi / 4
            turned.append(abs(math.degrees(math.remainder(off, math.pi / 2))))
            sure.append(seen.confidence >= SURE)
        rms, most = np.sqrt(np.mean(np.square(far))), max(far)
        cells = [
            f"{len(far)} of {count}", f"{rms:.2f}", f"{np.percentile(far, 95):.2f}", f"{most:.2f}",
            f"{np.sqrt(np.mean(np.square(turned))):.2f}", f"{max(turned):.2f}", str(wrong),
            f"{np.mean(sure):.1%}", f"{1000 * used / count:.1f}",
        ]  # fmt: skip
        print(f"| {'beside the cube' if plate else 'away'} | {' | '.join(cells)} |", flush=True)


def judgements(task: Pushing, eye: Eye, count: int, generator: np.random.Generator) -> None:
    said, right, rows = [], [], on_borders(generator)
    missed = 0
    for _ in range(count):
        pose, task.goal = next(rows)
        seen = task.read(sent(eye.picture(Scene(pose, None))), 0.0)
        outcome = task.judge(seen, seen)
        violation = room(pose) <= 0.0
        success = not violation and math.dist(pose[:2], task.goal) <= GOAL_RADIUS
        said.append(outcome.confidence)
        right.append((outcome.violation, outcome.success) == (violation, success))
        missed += violation and not outcome.violation and outcome.confidence >= SURE
    print("| confidence told | judgements | true |")
    print("|---|---|---|")
    confidence, true = np.array(said), np.array(right)
    for low, high in ((0.0, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01)):
        inside = (confidence >= low) & (confidence < high)
        share = f"{true[inside].mean():.1%}" if inside.any() else "–"
        print(f"| {low:g} to {min(high, 1):g} | {inside.sum()} | {share} |")
    asked = confidence < SURE
    print(
        f"A person is asked {asked.mean():.1%} of the time here; of the rest, {true[~asked].mean():.1%} are"
    )
    print(f"true, and {missed} of {count} violations were sure to be none.", flush=True)


def pushes(task: Pushing, eye: Eye, count: int, generator: np.random.Generator) -> None:
    along, refused, agree, sure = [], 0, [], []
    for _ in range(count):
        place = on_ring(float(generator.uniform(-math.pi, math.pi)))
        pose = (float(place[0]), float(place[1]), float(generator.uniform(-math.pi, math.pi)))
        angle, length = float(generator.uniform(-math.pi, math.pi)), float(generator.uniform(0.1, 1.0))
        action = np.array([length * math.cos(angle), length * math.sin(angle)], dtype=np.float32)
        before = task.read(sent(eye.picture(Scene(pose, None))), 0.0)
        task.reset(before)
        try:
            reach = task.plan(before, action)
        except FleetError:
            refused += 1
            continue
        x, y, yaw = sweep_cube(pose, reach.begin, reach.end)[-1, :3].tolist()
        after = task.read(sent(eye.picture(Scene((x, y, yaw), None))), 0.0)
        outcome = task.judge(before, after)
        broken = bool(breaks_constraint(np.array([[x, y, yaw]]))[0])
        agree.append(outcome.violation == broken)
        sure.append(outcome.confidence >= SURE)
        if not broken:
            moved = (x - pose[0]) * math.cos(angle) + (y - pose[1]) * math.sin(angle)
            along.append(1000 * (moved - 0.06 * length))
    off = np.abs(along)
    rms, most = np.sqrt(np.mean(off**2)), np.percentile(off, 95)
    print(f"{count} pushes from pictures, {refused} refused for want of room. {len(off)} met nothing: the")
    print(
        f"centre went as far as asked within {rms:.2f} mm rms, {most:.2f} at 95 %, {off.max():.2f} at most."
    )
    print(f"Violation was told as it was in {np.mean(agree):.1%}, and was sure in {np.mean(sure):.1%}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--poses", type=int, default=300, help="pictures behind each row (300)")
    parser.add_argument("--seed", type=int, default=0, help="of camera, noise and poses (0)")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; seed {options.seed}")
    print(f"OpenCV {cv2.__version__}, JPEG quality {JPEG_QUALITY}; ms are of all threads")
    generator = np.random.default_rng(options.seed)
    eye = Eye(optics_of(options.seed), seed=options.seed)
    task = Pushing(calibrated(eye))
    poses(task, eye, options.poses, generator)
    judgements(task, eye, options.poses, generator)
    pushes(task, eye, options.poses, generator)


if __name__ == "__main__":
    main()
