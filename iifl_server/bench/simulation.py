"""How fast fleets are simulated: beside their physics alone, and beside a plain loop over single robots.

One step of a fleet is `act` and `observe`: actions are checked, robots move, and every robot's observation,
reward and violation come out. Beside it, from the same states, with the same actions:

- physics alone: the same substeps of the same engine on the same number of threads, nothing read. The
  arm's operational-space control belongs to the fleet and to the plain loop, not to the physics. Of a block
  push it is the space, built and stepped as often; the fleet's figure has the images in it.
- a plain loop: single robots, one after the other (plain_robots.py). A fleet of block pushes is such a loop
  itself.
- a loop over environments: the task's own Gymnasium environment, one for each robot, as
  `gymnasium.make` gives it.

The first three run through the same steps in turns, and the shortest time of every step counts: what else
the machine does can only lengthen it. Each must end where the fleet does, or nothing is reported. The last
one goes its own way from a start, with actions drawn alike.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

from iifl_server.bench import plain_push
from iifl_server.bench.common import Options, Show, prepare
from iifl_server.bench.plain_mujoco import PLAIN_MUJOCO
from iifl_server.bench.plain_robots import Outcome, PlainNavigation, PlainRobot
from robots.backends import engines, mjwarp
from robots.backends.mujoco_fleet import MujocoFleet
from robots.fleet import Fleet, Snapshot
from robots.registry import make_fleet, task_names
from robots.yumi.tasks import NAMES as ARMS

ROBOTS = 100
SWEEP = (1, 10, 100, 1_000)
FEW_ACTIVE = 10
"""Robots that act while the rest of the largest fleet of the sweep is at rest."""
STEPS = 30
PUSHES = 3
"""Steps of a block push, which take a hundred times as long."""
WARM_UP = 20
STRENGTH = 0.5
"""Actions are drawn from this much either way: most robots stay on their feet."""


@dataclass(frozen=True)
class Recorded:
    """One step of a fleet, to be made again."""

    before: Snapshot
    actions: NDArray[np.float32]
    after: Snapshot
    """After the action, before any reset."""
    observations: NDArray[Any]
    rewards: NDArray[np.float32]
    violations: NDArray[np.bool_]


@dataclass
class Times:
    """The shortest time of every step, by who made it."""

    shortest: dict[str, dict[int, float]] = field(default_factory=dict)

    def take(self, who: str, step: int, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do the work, and keep its time where it is the shortest of this step; returns what it returns."""
        begun = time.perf_counter()
        result = work(*arguments)
        spent = time.perf_counter() - begun
        column = self.shortest.setdefault(who, {})
        column[step] = min(spent, column.get(step, spent))
        return result

    def mean(self, who: str) -> float:
        """Seconds of a step."""
        return sum(self.shortest[who].values()) / len(self.shortest[who])


def run(options: Options, show: Show) -> dict[str, Any]:
    """Robot-steps a second of every task, with the share of its physics and how many times a plain loop."""
    figures: dict[str, Any] = {"machine": prepare(options, show)}
    for task in task_names():
        if task in ARMS:  # They push as block_push does, and are looked at through a camera.
            continue
        figures[task] = measure(task, options, show)
    why_not = mjwarp.missing() or (None if torch.cuda.is_available() else "there is no CUDA GPU")
    if why_not:
        show(f"mjwarp is not measured: {why_not}")
        return figures
    for task in PLAIN_MUJOCO:
        figures[f"{task} on mjwarp"] = measure(task, options, show, backend="mjwarp", beside=figures[task])
    return figures


def measure(
    task: str,
    options: Options,
    show: Show,
    *,
    backend: str | None = None,
    beside: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The figures of one task; AssertionError where what is measured does not do the same.

    beside: the figures of the same task on its default backend, for the plain loop on the CPU.
    """
    robots = 10 if options.smoke else ROBOTS
    fleet = make_fleet(task, robots, options.seed, backend)
    recorded = record(fleet, _steps(task, options), options.seed)
    times = Times()
    for _ in range(options.repeats):
        run_fleet(fleet, recorded, times)
        if task == "block_push":
            run_pushes(recorded, times)
        elif isinstance(fleet, MujocoFleet):
            run_physics(fleet, PLAIN_MUJOCO[task].substeps, recorded, times, exact=backend is None)
        if beside is None and task != "block_push":
            run_plain(fleet, recorded, times)
            run_environments(task, robots, len(recorded), options.seed, times)
    rates = {who: robots / times.mean(who) for who in times.shortest}
    figures: dict[str, Any] = {
        "robots": robots,
        "robot_steps_per_s": rates["fleet"],
        "act_robot_steps_per_s": rates["act"],
    }
    name = f"{task} on {backend}" if backend else task
    line = f"{name}, {robots} robots: {rates['fleet']:,.0f} robot-steps/s"
    if "physics" in rates:
        figures["physics_robot_steps_per_s"] = rates["physics"]
        figures["share_of_physics"] = rates["fleet"] / rates["physics"]
        line += f", {figures['share_of_physics']:.0%} of the physics alone ({rates['physics']:,.0f})"
        if task == "block_push":
            line += f" ({rates['act'] / rates['physics']:.0%} without the images)"
    plain = beside["plain_robot_steps_per_s"] if beside else rates.get("plain")
    if plain is not None:
        figures["plain_robot_steps_per_s"] = plain
        figures["times_plain"] = rates["fleet"] / plain
        line += f", {figures['times_plain']:.1f} times a plain loop ({plain:,.0f})"
    if "environments" in rates:
        figures["environment_robot_steps_per_s"] = rates["environments"]
        figures["times_environments"] = rates["fleet"] / rates["environments"]
        line += f", {figures['times_environments']:.1f} times a loop over environments"
    show(line)
    figures["sweep"] = sweep(task, options, show, backend, plain)
    return figures


def sweep(
    task: str, options: Options, show: Show, backend: str | None, plain: float | None
) -> dict[str, dict[str, float]]:
    """Seconds of a step by size of the fleet, and with few of the largest one active.

    plain: robot-steps a second of the plain loop, the same for any number of robots.
    """
    found: dict[str, dict[str, float]] = {}
    costs = []
    sizes = SWEEP[:2] if options.smoke else SWEEP
    rows = [(robots, robots, str(robots)) for robots in sizes]
    few = min(FEW_ACTIVE, sizes[-1] // 2)
    rows.append((sizes[-1], few, f"{few} of {sizes[-1]}"))
    for robots, active, name in rows:
        fleet, times = make_fleet(task, robots, options.seed, backend), Times()
        mask = np.arange(robots) < active
        steps = _steps(task, options)
        recorded = record(fleet, 1 if task == "block_push" and robots > ROBOTS else steps, options.seed, mask)
        for _ in range(max(1, options.repeats // 2)):
            run_fleet(fleet, recorded, times, mask)
        step = times.mean("fleet")
        row = {"act_s": times.mean("act"), "step_s": step, "active_robot_steps_per_s": active / step}
        cost = f"{name}: {row['act_s'] * 1e3:.2f} ms"
        if plain is not None:
            row["times_plain"] = active / step / plain
            cost += f" ({row['times_plain']:.1f}x)"
        found[name] = row
        costs.append(cost)
    show(f"    act by active robots (act and observe, times a plain loop): {', '.join(costs)}")
    return found


def record(fleet: Fleet, steps: int, seed: int, active: NDArray[np.bool_] | None = None) -> list[Recorded]:
    """Steps of a fleet that is under way; robots that ended are put back to a start between them."""
    draws = np.random.default_rng(seed)
    mask = np.ones(fleet.size, dtype=np.bool_) if active is None else active
    recorded = []
    for _ in range(steps if fleet.task == "block_push" else WARM_UP + steps):
        shape = (fleet.size, fleet.spaces.action_size)
        actions = draws.uniform(-STRENGTH, STRENGTH, shape).astype(np.float32)
        before = fleet.snapshot()
        result = fleet.act(actions, mask)
        after = fleet.snapshot()
        step = Recorded(before, actions, after, fleet.observe(), result.reward, result.violation)
        recorded.append(step)
        fleet.reset(np.flatnonzero(result.done).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
    return recorded[-steps:]


def run_fleet(
    fleet: Fleet, recorded: list[Recorded], times: Times, active: NDArray[np.bool_] | None = None
) -> None:
    """The fleet itself, from the state before each step."""
    mask = np.ones(fleet.size, dtype=np.bool_) if active is None else active
    for number, step in enumerate(recorded):
        fleet.restore(step.before)
        result = times.take("act", number, fleet.act, step.actions, mask)
        times.take("observe", number, fleet.observe)
        assert np.array_equal(result.reward, step.rewards), f"{fleet.task} does not repeat itself"
        act, observe = times.shortest["act"][number], times.shortest["observe"][number]
        times.shortest.setdefault("fleet", {})[number] = act + observe


def run_physics(
    fleet: MujocoFleet, substeps: int, recorded: list[Recorded], times: Times, *, exact: bool
) -> None:
    """The substeps alone, with the controls that the fleet wrote."""
    backend = fleet.backend
    alone = engines.simulations(backend, fleet.model, fleet.size)
    everyone = np.arange(fleet.size)
    for number, step in enumerate(recorded):
        alone.restore(step.after["physics"])
        controls = alone.controls.copy()
        alone.restore(step.before["physics"])
        alone.controls[:] = controls
        times.take("physics", number, alone.step, everyone, substeps)
        same = np.array_equal(alone.state, step.after["physics"])
        assert same or not exact, f"{fleet.task}: the physics alone goes elsewhere"


def run_pushes(recorded: list[Recorded], times: Times) -> None:
    """The spaces of all pushes, built and stepped as often as the fleet does."""
    for number, step in enumerate(recorded):
        going = ~step.before["waiting"]
        poses, actions = step.before["poses"][going], step.actions[going]
        counts = [plain_push.substeps_of(*push) for push in zip(poses, actions, strict=True)]
        cubes = times.take("physics", number, plain_push.push_all, poses, actions, counts)
        angles = np.array([cube.angle for cube in cubes])
        kept = ~step.violations[going]  # The others' pushes end before the engine's do.
        same = np.array_equal(angles[kept], step.after["poses"][going][kept, 2])
        assert same, "block_push: the physics alone goes elsewhere"


def run_plain(fleet: Fleet, recorded: list[Recorded], times: Times) -> None:
    """Single robots one after the other."""
    robots: Sequence[PlainRobot]
    if isinstance(fleet, MujocoFleet):
        robots = [PLAIN_MUJOCO[fleet.task](fleet.model) for _ in range(fleet.size)]
    else:
        robots = [PlainNavigation() for _ in range(fleet.size)]
    for number, step in enumerate(recorded):
        for index, robot in enumerate(robots):
            arrays = step.before.items()
            robot.load({name: array[index] for name, array in arrays if len(array) == fleet.size})
        rows = list(step.actions)
        outcomes = times.take("plain", number, _one_by_one, robots, rows)
        check_same(fleet.task, step, outcomes)


def run_environments(task: str, robots: int, steps: int, seed: int, times: Times) -> None:
    """The task's Gymnasium environments one after the other, reset where they end."""
    environments: list[gymnasium.Env[Any, Any]] = [
        gymnasium.make(f"robots.gymnasium_env:iifl/{task}-v0") for _ in range(robots)
    ]
    for number, environment in enumerate(environments):
        environment.reset(seed=seed + number)
    draws = np.random.default_rng(seed)
    for number in range(steps):
        shape = (robots, *(environments[0].action_space.shape or ()))
        rows = list(draws.uniform(-STRENGTH, STRENGTH, shape).astype(np.float32))
        outcomes = times.take("environments", number, _one_env_by_one, environments, rows)
        for environment, (_, _, terminated, truncated, _) in zip(environments, outcomes, strict=True):
            if terminated or truncated:
                environment.reset()


def check_same(task: str, step: Recorded, outcomes: list[Outcome]) -> None:
    """AssertionError unless the plain robots saw and got what the fleet did."""
    seen = np.array([outcome.observation for outcome in outcomes])
    assert np.allclose(seen, step.observations, rtol=1e-4, atol=1e-4), f"{task}: other observations"
    rewards = np.array([outcome.reward for outcome in outcomes])
    assert np.allclose(rewards, step.rewards, rtol=1e-4, atol=1e-5), f"{task}: other rewards"
    violations = [outcome.violation for outcome in outcomes]
    assert violations == step.violations.tolist(), f"{task}: other violations"


def _one_by_one(robots: Sequence[PlainRobot], actions: list[NDArray[np.float32]]) -> list[Outcome]:
    return [robot.step(action) for robot, action in zip(robots, actions, strict=True)]


def _one_env_by_one(
    environments: list[gymnasium.Env[Any, Any]], actions: list[NDArray[np.float32]]
) -> list[Any]:
    return [environment.step(action) for environment, action in zip(environments, actions, strict=True)]


def _steps(task: str, options: Options) -> int:
    steps = PUSHES if task == "block_push" else STEPS
    return max(1, steps // 10) if options.smoke else steps
