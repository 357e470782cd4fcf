"""How a policy does when nobody helps it: a fleet on held-out starts that only gets hard resets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.experiments.lockstep import Lockstep
from policy.decision import Decision
from policy.learning.dataset import Dataset
from policy.supervision import SupervisionConfig
from robots.fleet import Supervisor
from robots.registry import make_fleet, make_supervisors, task_defaults

FLEETS = 4
"""Fleets evaluated together, to tell a policy from its luck; figures are means per fleet."""


@dataclass(frozen=True)
class Supervised:
    """A supervisor in the policy's place; it looks at the true state instead of the observations."""

    supervisor: Supervisor
    fleet: Any

    def decide(self, observations: NDArray[Any], generator: int, *, uncertainty: bool = True) -> Decision:
        """What the supervisor does on every robot."""
        actions = self.supervisor.actions(self.fleet, range(self.fleet.size))
        zeros = np.zeros(len(actions))
        return Decision(actions, zeros, zeros, zeros)


def evaluate_policy(
    policy: Any, task: str, *, robots: int, steps: int, seed: int, threshold: float
) -> dict[str, float]:
    """Goals, violations and would-be calls for help (robot-steps above û), each per fleet of `robots`."""
    return _evaluate(lambda fleet: policy, task, robots, steps, seed, threshold)


def evaluate_supervisor(task: str, seat: int, *, robots: int, steps: int, seed: int) -> dict[str, float]:
    """The same figures of an algorithmic supervisor that drives every robot."""
    supervisor = make_supervisors(task, seat + 1, seeds.EVALUATION + seed)[seat]
    return _evaluate(lambda fleet: Supervised(supervisor, fleet), task, robots, steps, seed, float("inf"))


def _evaluate(
    driver: Any, task: str, robots: int, steps: int, seed: int, threshold: float
) -> dict[str, float]:
    fleet = make_fleet(task, robots * FLEETS, seeds.EVALUATION + seed)
    defaults = task_defaults(task)
    resetters: Sequence[Supervisor] = make_supervisors(task, fleet.size, seed)
    run = Lockstep(
        config=SupervisionConfig(
            robots=fleet.size,
            supervisors=fleet.size,  # one each, for hard resets alone: nobody waits in a queue
            uncertainty_threshold=0.0,
            hard_reset_steps=defaults.hard_reset_steps,
            retrain_every=0,
            priority="constraint",
            episode_length=defaults.episode_length,
        ),
        fleet=fleet,
        supervisors=resetters,
        policy=driver(fleet),
        dataset=Dataset(fleet.observe()[:0], np.zeros((0, fleet.spaces.action_size), np.float32)),
        seed=seed,
        always_unsure=math.isfinite(threshold),
    )
    above = 0
    for _ in range(steps):
        run.step()
        above += int((run.state.uncertainty > threshold).sum())
    totals = run.state.totals
    return {
        "goals": totals.successes / FLEETS,
        "violations": totals.violations / FLEETS,
        "reward": totals.reward_total / fleet.size,
        "calls_for_help": above / FLEETS,
    }
