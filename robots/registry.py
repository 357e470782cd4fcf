"""Tasks by name: how to make their fleets and supervisors, and their defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from robots.backends import engines
from robots.fleet import Fleet, FleetError, Spaces, Supervisor
from robots.randomness import check_seed
from robots.supervisors.scripted_ball_balance import ScriptedBallBalance
from robots.supervisors.scripted_block_push import ScriptedBlockPush
from robots.supervisors.scripted_franka import Faces, ScriptedFranka
from robots.supervisors.scripted_navigation import ScriptedNavigation
from robots.supervisors.trained import TrainedSupervisor, shipped_network
from robots.supervisors.waypoints import Direction
from robots.tasks.ant import running as ant
from robots.tasks.anymal import walking as anymal
from robots.tasks.ball_balance import balancing as ball_balance
from robots.tasks.block_push import task as block_push
from robots.tasks.franka_cube_stack import stacking as franka_cube_stack
from robots.tasks.navigation import task as navigation


@dataclass(frozen=True)
class TaskDefaults:
    """What a run of a task uses unless it is told otherwise."""

    robots: int
    """N, robots of a fleet."""
    supervisors: int
    """M, supervisors of a fleet."""
    episode_length: int
    """Steps per episode, the unit of average reward."""
    minimum_intervention_steps: int
    """t_T: steps that a supervisor stays at least."""
    hard_reset_steps: int
    """t_R: steps that a hard reset takes."""
    retrain_every: int
    """Steps between two retrainings."""
    demonstrations: int
    """Supervised actions in the initial dataset, before augmentation."""


@dataclass(frozen=True)
class _Task:
    defaults: TaskDefaults
    fleet: Callable[[int, int], Fleet]
    """(robots, seed) to fleet."""
    supervisor: Callable[[int, int], Supervisor]
    """(seat from 0, seed) to supervisor."""
    demonstrations: Callable[[int, int], Fleet] | None = None
    """(robots, seed) to the fleet that demonstrations are collected on, where that is another one."""
    backend: str = engines.DEFAULT
    """What simulates the fleet unless another one is chosen."""
    others: Mapping[str, Callable[[int, int], Fleet]] = field(default_factory=dict)
    """Name of every other backend to what makes its fleet."""


def _own_seed(seat: int, seed: int) -> int:
    """A supervisor's own seed, unrelated to every other seat's."""
    return int(np.random.SeedSequence([seed, seat]).generate_state(1, np.uint64)[0])


def _block_push_supervisor(seat: int, seed: int) -> Supervisor:
    direction: Direction = "clockwise" if seat % 2 == 0 else "counterclockwise"
    return ScriptedBlockPush(f"scripted {seat + 1} ({direction})", direction, _own_seed(seat, seed))


def _navigation_supervisor(seat: int, seed: int) -> Supervisor:
    return ScriptedNavigation(f"scripted {seat + 1}", _own_seed(seat, seed))


def _ant_fleet(robots: int, seed: int, backend: str = engines.DEFAULT) -> Fleet:
    from robots.tasks.ant.task import AntFleet

    return AntFleet(robots, seed, backend=backend)


def _anymal_fleet(robots: int, seed: int, backend: str = engines.DEFAULT) -> Fleet:
    from robots.tasks.anymal.task import AnymalFleet

    return AnymalFleet(robots, seed, backend=backend)


def _trained_supervisor(task: str, seat: int, seed: int) -> Supervisor:
    return TrainedSupervisor(f"trained {seat + 1}", shipped_network(task), _own_seed(seat, seed))


def _ball_balance_fleet(robots: int, seed: int, backend: str = engines.DEFAULT) -> Fleet:
    from robots.tasks.ball_balance.task import BallBalanceFleet  # MuJoCo takes long to import.

    return BallBalanceFleet(robots, seed, backend=backend)


def _ball_balance_supervisor(seat: int, seed: int) -> Supervisor:
    return ScriptedBallBalance(f"scripted {seat + 1}", _own_seed(seat, seed))


def _franka_fleet(robots: int, seed: int, backend: str = engines.DEFAULT) -> Fleet:
    from robots.tasks.franka_cube_stack.task import FrankaCubeStackFleet  # MuJoCo takes long to import.

    return FrankaCubeStackFleet(robots, seed, backend=backend)


def _franka_supervisor(seat: int, seed: int) -> Supervisor:
    faces: Faces = "first" if seat % 2 == 0 else "second"
    return ScriptedFranka(f"scripted {seat + 1} ({faces} faces)", faces, _own_seed(seat, seed))


def _on_gpu(fleet: Callable[..., Fleet]) -> dict[str, Callable[[int, int], Fleet]]:
    """Backends of a MuJoCo task besides MuJoCo itself."""
    return {"mjwarp": partial(fleet, backend="mjwarp")}


def _isaacgym_fleet(task: str, robots: int, seed: int) -> Fleet:
    """Success by return needs what a supervisor reaches there, which nobody has measured: none is told."""
    from robots.backends.isaacgym.fleet import IsaacGymFleet

    shapes = {ant.NAME: (60, 8), anymal.NAME: (48, 12)}
    seen, action = shapes[task]
    return IsaacGymFleet(
        task, robots, seed, Spaces((seen,), "float32", action), task_defaults(task).episode_length
    )


_TASKS = {
    block_push.NAME: _Task(
        defaults=TaskDefaults(
            robots=4,
            supervisors=2,
            episode_length=block_push.BlockPushFleet.episode_length,
            minimum_intervention_steps=3,
            hard_reset_steps=5,
            retrain_every=50,
            demonstrations=336,
        ),
        fleet=block_push.BlockPushFleet,
        backend="pymunk",
        supervisor=_block_push_supervisor,
    ),
    ant.NAME: _Task(
        defaults=TaskDefaults(
            robots=100,
            supervisors=10,
            episode_length=ant.EPISODE_LENGTH,
            minimum_intervention_steps=5,
            hard_reset_steps=5,
            retrain_every=1000,
            demonstrations=5000,  # 5 episodes.
        ),
        fleet=_ant_fleet,
        others=_on_gpu(_ant_fleet) | {"isaacgym": partial(_isaacgym_fleet, ant.NAME)},
        supervisor=partial(_trained_supervisor, ant.NAME),
    ),
    anymal.NAME: _Task(
        defaults=TaskDefaults(
            robots=100,
            supervisors=10,
            episode_length=anymal.EPISODE_LENGTH,
            minimum_intervention_steps=5,
            hard_reset_steps=5,
            retrain_every=1000,
            demonstrations=12500,  # 5 episodes.
        ),
        fleet=_anymal_fleet,
        others=_on_gpu(_anymal_fleet) | {"isaacgym": partial(_isaacgym_fleet, anymal.NAME)},
        supervisor=partial(_trained_supervisor, anymal.NAME),
    ),
    ball_balance.NAME: _Task(
        defaults=TaskDefaults(
            robots=100,
            supervisors=10,
            episode_length=ball_balance.EPISODE_LENGTH,
            minimum_intervention_steps=5,
            hard_reset_steps=5,
            retrain_every=1000,
            demonstrations=5000,  # 10 episodes.
        ),
        fleet=_ball_balance_fleet,
        others=_on_gpu(_ball_balance_fleet),
        supervisor=_ball_balance_supervisor,
    ),
    navigation.NAME: _Task(
        defaults=TaskDefaults(
            robots=10,
            supervisors=1,
            episode_length=navigation.EPISODE_LENGTH,
            minimum_intervention_steps=5,
            hard_reset_steps=5,
            retrain_every=100,
            demonstrations=3200,  # 100 episodes of 32 steps.
        ),
        fleet=navigation.NavigationFleet,
        backend="cells",
        supervisor=_navigation_supervisor,
        demonstrations=partial(navigation.NavigationFleet, wind=0.0),
    ),
    franka_cube_stack.NAME: _Task(
        defaults=TaskDefaults(
            robots=100,
            supervisors=10,
            episode_length=franka_cube_stack.EPISODE_LENGTH,
            minimum_intervention_steps=5,
            hard_reset_steps=5,
            retrain_every=1000,
            demonstrations=1580,  # 10 episodes of about 158 steps.
        ),
        fleet=_franka_fleet,
        others=_on_gpu(_franka_fleet),
        supervisor=_franka_supervisor,
    ),
}


def task_names() -> tuple[str, ...]:
    """Names of all tasks, in alphabetical order."""
    return tuple(sorted(_TASKS))


def task_defaults(task: str) -> TaskDefaults:
    """The defaults of a task; raises FleetError for an unknown one."""
    return _find(task).defaults


def backend_names(task: str) -> tuple[str, ...]:
    """What a task can be simulated by, its default first; raises FleetError for an unknown task."""
    kind = _find(task)
    return (kind.backend, *kind.others)


def find_backend(task: str, backend: str | None) -> str:
    """The name of the backend, the task's default for None; raises FleetError for one it does not have."""
    names = backend_names(task)
    if backend is not None and backend not in names:
        raise FleetError(f"{task} has no backend {backend!r}; valid are: {', '.join(names)}")
    return backend or names[0]


def make_fleet(task: str, robots: int, seed: int, backend: str | None = None) -> Fleet:
    """A new fleet of 1 to 1000 robots on a backend, the task's default unless given.

    Raises FleetError for an unknown task, a backend that it does not have or that is not installed, or
    a bad number.
    """
    kind = _find(task)
    name = find_backend(task, backend)
    return (kind.fleet if name == kind.backend else kind.others[name])(robots, seed)


def make_demonstration_fleet(task: str, robots: int, seed: int) -> Fleet:
    """Like `make_fleet`, but as it is when demonstrations are collected: navigation without its wind."""
    kind = _find(task)
    return (kind.demonstrations or kind.fleet)(robots, seed)


def make_supervisors(task: str, count: int, seed: int) -> list[Supervisor]:
    """Algorithmic supervisors of a task: kinds 1, 2, 1, 2 and so on, each with noise of its own.

    The first ones are the same whatever the count is. Raises FleetError for an unknown task, a count
    below 0 or a seed below 0.
    """
    kind = _find(task)
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
        raise FleetError(f"supervisors is {count!r}, but must be a whole number of at least 0")
    seed = check_seed(seed)
    return [kind.supervisor(seat, seed) for seat in range(count)]


def _find(task: str) -> _Task:
    try:
        return _TASKS[task]
    except (KeyError, TypeError):
        raise FleetError(f"there is no task {task!r}; valid tasks are: {', '.join(task_names())}") from None
