"""A supervised fleet on the lockstep clock: all robots wait for the step and for every supervisor."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policy.allocation.risk import RiskMonitor
from policy.learning.dataset import Dataset
from policy.supervision import (
    Mode,
    Orders,
    SupervisionConfig,
    SupervisionState,
    advance,
    allocate,
    order,
)
from policy.supervision.state import NOBODY
from policy.uncertainty.nearest import NearestSample
from robots.fleet import Fleet, Supervisor
from robots.in_step import InStep

Retrain = Callable[[Any, Dataset, int], Any]
"""(policy, dataset, step) -> policy with the new weights."""


WITHOUT_UNCERTAINTY = ("constraint", "random")
"""Allocations that never look at how unsure the policy is."""


class Decides(Protocol):
    """What a policy must offer: actions for a batch of observations and, where asked for, uncertainty."""

    def decide(self, observations: NDArray[Any], generator: int, *, uncertainty: bool = True) -> Any: ...


@dataclass
class Timings:
    """Wall-clock seconds by part of the work; not part of what a seed determines."""

    inference_s: float = 0.0
    uncertainty_s: float = 0.0
    """Not part of inference_s."""
    training_s: float = 0.0
    simulation_s: float = 0.0
    """Observations, steps and resets of the fleet."""
    supervision_s: float = 0.0
    """What supervisors do, who gets one, and what is learned from them."""
    saving_s: float = 0.0
    wall_s: float = 0.0

    @property
    def rest_s(self) -> float:
        """What is in none of the parts."""
        known = self.inference_s + self.uncertainty_s + self.training_s
        return self.wall_s - known - self.simulation_s - self.supervision_s - self.saving_s


@dataclass
class Lockstep:
    """One headless run; its future follows from fleet, supervisors, policy, dataset and state alone."""

    config: SupervisionConfig
    fleet: Fleet
    supervisors: Sequence[Supervisor]
    policy: Decides
    dataset: Dataset
    seed: int
    retrain: Retrain | None = None
    monitor: RiskMonitor | None = None
    """Risk of every robot, for an allocation that asks for it; its critic learns when the policy does."""
    nearest: NearestSample | None = None
    """Where set, how far a robot is from all samples stands for how unsure the policy is."""
    always_unsure: bool = False
    """Estimate uncertainties for an allocation that does not look at them, too."""
    state: SupervisionState = field(init=False)
    history: list[dict[str, float]] = field(default_factory=list)
    timings: Timings = field(default_factory=Timings)

    def __post_init__(self) -> None:
        self.state = SupervisionState.initial(self.config)

    def step(self) -> None:
        """One fleet step, retraining included where it is due."""
        clock = _Clock(self.timings)
        observations = self.fleet.observe()
        clock.spent("simulation_s")
        unsure = self.always_unsure or self.config.priority not in WITHOUT_UNCERTAINTY
        ask = unsure and self.nearest is None
        decision = self.policy.decide(observations, step_seed(self.seed, self.state.step), uncertainty=ask)
        self.timings.uncertainty_s += decision.uncertainty_s
        self.timings.inference_s -= decision.uncertainty_s
        clock.spent("inference_s")
        uncertainty = decision.uncertainty
        if self.nearest is not None and unsure:
            uncertainty = self.nearest(observations)
            clock.spent("uncertainty_s")

        everyone = np.ones(self.config.supervisors, dtype=bool)
        risk = self.monitor.assess(observations, decision.actions) if self.monitor else None
        calls, released = self._calling(uncertainty)
        allocation = allocate(self.config, self.state, calls, everyone, released=released, risk=risk)
        state = allocation.state
        interventions, resets = self._help(state)
        orders = order(self.config, state, decision.actions, interventions, resets)
        clock.spent("supervision_s")
        result = self.fleet.act(orders.actions, orders.active)
        orders = self._carried_out(orders)
        outcome = advance(
            self.config, state, orders, result.reward, result.done, result.violation, result.success
        )
        self.fleet.reset(outcome.soft_resets)
        self.fleet.hard_reset(outcome.hard_resets)
        clock.spent("simulation_s")
        if outcome.samples:
            self.dataset = self.dataset.append(
                observations[outcome.samples],
                orders.actions[outcome.samples],
                [self._helper(state, robot) for robot in outcome.samples],
            )
        if self.monitor:
            self.monitor.record(
                observations, orders.actions, orders.active,
                success=result.success, violation=result.violation, done=result.done,
            )  # fmt: skip
        self.state = outcome.state
        clock.spent("supervision_s")
        if outcome.retrain and self.retrain is not None:
            self.policy = self.retrain(self.policy, self.dataset, self.state.step)
            if self.nearest is not None:
                self.nearest.learn(self.dataset.observations)
            if self.monitor:
                self.monitor.learn(step_seed(self.seed, self.state.step))
            clock.spent("training_s")
        self.history.append(
            {
                "step": self.state.step,
                "mean_uncertainty": float(np.mean(uncertainty)) if unsure else math.nan,
                "uncertainty_threshold": allocation.threshold,
                **self.state.metrics(self.config),
            }
        )

    def _calling(self, uncertainty: NDArray[Any]) -> tuple[NDArray[Any], list[int]]:
        """How unsure each robot is, as far as help is of use, and who is let go by their supervisors.

        A robot that is away takes nobody's time; one in violation still does, since a hard reset waits.
        """
        if not isinstance(self.fleet, InStep):
            return uncertainty, []
        away = self.fleet.away()
        left = away & (self.state.supervisor != NOBODY) & ~self.state.violated
        return np.where(away, 0.0, uncertainty), np.flatnonzero(left).tolist()

    def _carried_out(self, orders: Orders) -> Orders:
        """What of its orders a fleet carried out, which is all where it is simulated."""
        if not isinstance(self.fleet, InStep):
            return orders
        return Orders(
            actions=self.fleet.executed.copy(),
            active=orders.active & self.fleet.reported,
            executed=[robot for robot in orders.executed if self.fleet.moved[robot]],
            resetting=orders.resetting,
        )

    def _helper(self, state: SupervisionState, robot: int) -> str:
        return self.supervisors[int(state.supervisor[robot])].name

    def _help(self, state: SupervisionState) -> tuple[Mapping[int, NDArray[np.float32]], list[int]]:
        interventions: dict[int, NDArray[np.float32]] = {}
        resets = []
        helped = np.flatnonzero(state.supervisor != NOBODY)
        for robot in helped[np.argsort(state.supervisor[helped])].tolist():  # in the order of the seats
            supervisor = self.supervisors[int(state.supervisor[robot])]
            if state.mode(robot) is Mode.RESETTING:
                resets.append(robot)
            else:
                interventions[robot] = supervisor.actions(self.fleet, [robot])[0]
        return interventions, resets


class _Clock:
    """Adds the time since it was last asked to one part of the timings."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._begun = time.perf_counter()

    def spent(self, part: str) -> None:
        now = time.perf_counter()
        setattr(self._timings, part, getattr(self._timings, part) + now - self._begun)
        self._begun = now


def step_seed(seed: int, step: int) -> int:
    """Seed of the policy's draws in one step, so that a resumed run draws what it would have drawn."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0])
