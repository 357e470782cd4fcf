"""One fleet step of the supervision loop, as three pure functions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from policy.allocation.assignment import assign
from policy.allocation.priorities import (
    ABOVE_ALL,
    ASKS_FIRST,
    constraint,
    constraint_uncertainty,
    constraint_uncertainty_risk,
    random_help,
    uncertainty_constraint,
)
from policy.errors import InputError
from policy.supervision.config import WARM_UP, SupervisionConfig
from policy.supervision.situation import Situation
from policy.supervision.state import NOBODY, Bools, Event, Floats, SupervisionState


@dataclass(frozen=True)
class Allocation:
    """Who helps whom from now on."""

    state: SupervisionState
    priorities: Floats
    """(N,) as the allocation saw them."""
    queue: list[int]
    """Robots that call and have no supervisor, most urgent first."""
    events: list[Event]
    threshold: float
    """û in this step; the configuration's unless it follows what was seen."""


@dataclass(frozen=True)
class Orders:
    """What each robot does in this step."""

    actions: NDArray[np.float32]
    """(N, A); rows of robots that hold still mean nothing."""
    active: Bools
    """(N,) robots that move."""
    executed: list[int]
    """Robots that carry out a supervisor's action."""
    resetting: list[int]
    """Robots whose hard reset goes on in this step."""


@dataclass(frozen=True)
class Advance:
    """What followed from one step."""

    state: SupervisionState
    soft_resets: list[int]
    hard_resets: list[int]
    samples: list[int]
    """Robots whose (observation, action) of this step enters the dataset; never a hard reset."""
    retrain: bool
    """The aggregated dataset is due to be learned from (every `retrain_every` steps)."""
    events: list[Event]


def allocate(
    config: SupervisionConfig,
    state: SupervisionState,
    uncertainty: ArrayLike,
    available: ArrayLike,
    *,
    released: Collection[int] = (),
    risk: ArrayLike | None = None,
    situation: Situation | None = None,
) -> Allocation:
    """Assign supervisors to robots for the coming step (Eq. 2, Section 4.4).

    uncertainty, shape (N,): of the policy in each robot's present observation.
    available, shape (M,): supervisors who are there and not on pause.
    released: robots that their supervisors handed back; they do not call for t_T steps.
    risk, shape (N,), in [0, 1]: of a safety critic; needed for C.U.R. and for nothing else.
    situation: of a fleet that is no simulation. Robots that are away or in motion keep the uncertainty of the
    last time that they were asked; robots that are away lose their supervisor.
    Raises InputError for wrong shapes, uncertainties that are NaN, and a risk that is missing or outside.
    """
    unsure = np.asarray(uncertainty, dtype=np.float64)
    present = np.asarray(available, dtype=bool)
    if unsure.shape != (config.robots,) or present.shape != (config.supervisors,):
        raise InputError(
            f"uncertainty {unsure.shape} and available {present.shape} must have shapes "
            f"({config.robots},) and ({config.supervisors},)"
        )
    if np.isnan(unsure).any():
        raise InputError(f"uncertainty of robots {np.flatnonzero(np.isnan(unsure)).tolist()} is NaN")
    here = Situation.plain(config.robots) if situation is None else situation
    if here.away.shape != (config.robots,):
        raise InputError(f"situation is of {here.away.shape[0]} robots; valid is {config.robots}")
    unsure = np.where(here.still, state.uncertainty, unsure)

    handed_back = _mask(released, config.robots)
    muted = np.where(handed_back, config.minimum_intervention_steps, state.muted)
    current = np.where(handed_back, NOBODY, state.supervisor)
    threshold = uncertainty_threshold(config, state)
    priorities = _priorities(config, state, unsure, threshold, risk)
    priorities[here.stuck & ~state.violated] = ABOVE_ALL
    priorities[(muted > 0) & ~state.violated] = 0.0
    priorities[handed_back] = 0.0
    priorities[here.doubtful] = ASKS_FIRST
    unserved_here = here.away | (here.busy & (current == NOBODY)) | (state.violated & here.by_hand)
    priorities[unserved_here] = 0.0

    # A robot in violation keeps its supervisor until it is put back, however long the confirmation takes.
    in_help = state.executed < config.minimum_intervention_steps
    locked = (current != NOBODY) & (state.violated | in_help | here.busy | here.doubtful) & ~unserved_here
    supervisor = assign(priorities, current, locked, present)

    begun = (supervisor != NOBODY) & (supervisor != state.supervisor)
    left = (state.supervisor != NOBODY) & (supervisor != state.supervisor)
    unserved = (priorities > 0) & (supervisor == NOBODY)
    last_robot = state.last_robot.copy()
    arrivals = supervisor[begun]
    switches = int((last_robot[arrivals] != np.flatnonzero(begun)).sum())
    last_robot[arrivals] = np.flatnonzero(begun)
    fresh = begun | left
    waiting = np.where(unserved, np.maximum(state.waiting, -1) + 1, -1)
    following = replace(
        state,
        supervisor=supervisor,
        executed=np.where(fresh, 0, state.executed),
        reset_steps=np.where(fresh, 0, state.reset_steps),
        reset_confirmed=np.where(fresh, False, state.reset_confirmed),
        helped=state.helped | (supervisor != NOBODY),
        waiting=waiting,
        muted=muted,
        uncertainty=unsure,
        last_robot=last_robot,
        seen=None if state.seen is None else state.seen.after(unsure[~state.violated & ~here.still]),
        totals=replace(
            state.totals,
            calls=state.totals.calls + int(begun.sum()),
            switches=state.totals.switches + switches,
        ),
    )
    queue = np.flatnonzero(unserved)
    queue = queue[np.argsort(-priorities[queue], kind="stable")]
    events = [Event("released", int(i), int(state.supervisor[i]), state.step) for i in np.flatnonzero(left)]
    events += [Event("assigned", int(i), int(supervisor[i]), state.step) for i in np.flatnonzero(begun)]
    return Allocation(following, priorities, queue.tolist(), events, threshold)


def uncertainty_threshold(config: SupervisionConfig, state: SupervisionState) -> float:
    """û of the coming step: a function of the configuration and of what the run saw before."""
    if state.seen is None or state.seen.total * config.call_share < WARM_UP:
        return config.uncertainty_threshold
    return state.seen.quantile(1.0 - config.call_share)


def order(
    config: SupervisionConfig,
    state: SupervisionState,
    policy_actions: NDArray[np.float32],
    interventions: Mapping[int, NDArray[np.float32]],
    confirmed_resets: Collection[int] = (),
    *,
    situation: Situation | None = None,
) -> Orders:
    """Decide what every robot does, given what supervisors did since the last step.

    policy_actions, shape (N, A), in [-1, 1]; interventions: the supervisor's action, shape (A,), by robot.
    Robots on their own follow the policy; a robot with a supervisor moves only by that supervisor's action;
    a robot in violation never moves, nor does one that is away, in motion or asking. Raises InputError for an
    intervention on a robot that has no supervisor, is in violation or can be ordered nothing, and for a reset
    of a robot that is not in violation or has no supervisor.
    """
    attended = state.supervisor != NOBODY
    still = np.zeros(config.robots, dtype=bool) if situation is None else situation.still
    actions = np.array(policy_actions, dtype=np.float32)
    for robot, action in interventions.items():
        if still[robot]:
            raise InputError(
                f"robot {robot} cannot be teleoperated: it is away, in motion, or waits for somebody to say "
                "what its last motion came to; valid is a robot at rest"
            )
        if not attended[robot] or state.violated[robot]:
            raise InputError(
                f"robot {robot} cannot be teleoperated: it is {state.mode(robot).value}; "
                "valid is a robot with a supervisor that is not in violation"
            )
        actions[robot] = action
    for robot in confirmed_resets:
        if not (attended[robot] and state.violated[robot]):
            raise InputError(
                f"robot {robot} cannot be reset: it is {state.mode(robot).value}; "
                "valid is a robot in violation with a supervisor"
            )
    executed = _mask(interventions, config.robots)
    resetting = state.violated & attended & (state.reset_confirmed | _mask(confirmed_resets, config.robots))
    active = ~state.violated & ~still & (~attended | executed)
    return Orders(actions, active, sorted(int(i) for i in interventions), np.flatnonzero(resetting).tolist())


def advance(
    config: SupervisionConfig,
    state: SupervisionState,
    orders: Orders,
    reward: NDArray[np.float32],
    done: Bools,
    violation: Bools,
    success: Bools,
    *,
    put_right: Collection[int] = (),
) -> Advance:
    """Take in what the fleet reported, each of shape (N,), and give the state after the step.

    Where motions take longer than a step (`by_motion`), `orders` are those whose motion ended in this one.
    put_right: robots in violation that somebody at their side has put back; raises InputError for others.
    """
    if wrong := [robot for robot in put_right if not state.violated[robot]]:
        raise InputError(f"robots {wrong} cannot have been put right; valid is a robot in violation")
    executed, resetting = _mask(orders.executed, config.robots), _mask(orders.resetting, config.robots)
    attended = state.supervisor != NOBODY
    broken = violation & orders.active
    ended = done & orders.active & ~broken
    reached = success & orders.active & ~broken
    reset_steps = np.where(resetting, state.reset_steps + 1, 0)
    restored = (resetting & (reset_steps >= config.hard_reset_steps)) | _mask(put_right, config.robots)
    helped = attended & orders.active if config.by_motion else attended
    hands = config.hard_reset_steps * len(put_right) if config.by_motion else 0
    idle = 0 if config.by_motion else int((~orders.active).sum())

    before = state.totals
    totals = replace(
        before,
        reward_total=before.reward_total + float(reward[orders.active].sum()),
        successes=before.successes + int(reached.sum()),
        autonomous_successes=before.autonomous_successes + int((reached & ~state.helped).sum()),
        violations=before.violations + int(broken.sum()),
        hard_resets=before.hard_resets + int(restored.sum()),
        human_actions=before.human_actions + int(helped.sum()) + hands,
        teleoperation_actions=before.teleoperation_actions + int((helped & ~state.violated).sum()),
        interventions=before.interventions + len(orders.executed),
        idle_robot_steps=before.idle_robot_steps + idle,
        motions=before.motions + int(orders.active.sum()),
    )
    supervisor = np.where(restored, NOBODY, state.supervisor)
    begins = ended | restored
    step = state.step + 1
    following = replace(
        state,
        step=step,
        supervisor=supervisor,
        violated=(state.violated & ~restored) | broken,
        executed=np.where(restored | broken, 0, state.executed + executed),
        reset_steps=np.where(restored, 0, reset_steps),
        reset_confirmed=resetting & ~restored,
        helped=np.where(begins, supervisor != NOBODY, state.helped),
        waiting=np.where(restored, -1, state.waiting),
        muted=np.maximum(state.muted - orders.active, 0),
        totals=totals,
    )
    events = [
        Event(kind, int(i), _supervisor(state, int(i)), state.step)
        for kind, mask in (("success", reached), ("violation", broken), ("hard_reset", restored))
        for i in np.flatnonzero(mask)
    ]
    return Advance(
        state=following,
        soft_resets=np.flatnonzero(ended).tolist(),
        hard_resets=np.flatnonzero(restored).tolist(),
        samples=list(orders.executed),
        retrain=_retraining_is_due(config, step, before.motions, totals.motions),
        events=events,
    )


def _retraining_is_due(config: SupervisionConfig, step: int, before: int, motions: int) -> bool:
    if config.retrain_every == 0:
        return False
    if config.by_motion:
        every = config.retrain_every * config.robots
        return motions // every > before // every
    return step % config.retrain_every == 0


def _priorities(
    config: SupervisionConfig,
    state: SupervisionState,
    uncertainty: Floats,
    threshold: float,
    risk: ArrayLike | None,
) -> Floats:
    violated, waiting = state.violated, state.waiting
    if config.priority == "uncertainty_constraint":
        return uncertainty_constraint(uncertainty, threshold, violated, waiting)
    if config.priority == "constraint_uncertainty":
        return constraint_uncertainty(uncertainty, threshold, violated, waiting)
    if config.priority == "constraint_uncertainty_risk":
        danger = _checked_risk(config, risk)
        return constraint_uncertainty_risk(
            uncertainty, threshold, danger, config.risk_threshold, violated, waiting
        )
    if config.priority == "random" and state.totals.teleoperation_actions < config.random_budget:
        generator = np.random.default_rng((config.seed, state.step))
        return random_help(generator, config.random_probability, violated, waiting)
    return constraint(violated, waiting)


def _checked_risk(config: SupervisionConfig, risk: ArrayLike | None) -> Floats:
    if risk is None:
        raise InputError("risk is missing; priority 'constraint_uncertainty_risk' needs one number a robot")
    danger = np.asarray(risk, dtype=np.float64)
    if danger.shape != (config.robots,) or not ((danger >= 0) & (danger <= 1)).all():
        raise InputError(f"risk is {danger.tolist()}; valid are {config.robots} numbers from 0 to 1")
    return danger


def _mask(robots: Collection[int], size: int) -> Bools:
    mask = np.zeros(size, dtype=bool)
    mask[list(robots)] = True
    return mask


def _supervisor(state: SupervisionState, robot: int) -> int | None:
    supervisor = int(state.supervisor[robot])
    return None if supervisor == NOBODY else supervisor
