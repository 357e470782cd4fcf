"""The tasks that come with the project."""

from collections.abc import Callable
from functools import partial

import numpy as np

from robots.backends import engines
from robots.fleet import Fleet, Spaces, Supervisor
from robots.supervisors.scripted_ball_balance import ScriptedBallBalance
from robots.supervisors.scripted_block_push import ScriptedBlockPush
from robots.supervisors.scripted_franka import Faces, ScriptedFranka
from robots.supervisors.scripted_navigation import ScriptedNavigation
from robots.supervisors.trained import TrainedSupervisor, shipped_network
from robots.supervisors.waypoints import Direction
from robots.task import Task, TaskDefaults
from robots.tasks.ant import running as ant
from robots.tasks.anymal import walking as anymal
from robots.tasks.ball_balance import balancing as ball_balance
from robots.tasks.block_push import task as block_push
from robots.tasks.franka_cube_stack import stacking as franka_cube_stack
from robots.tasks.navigation import task as navigation
from robots.yumi import tasks as yumi


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


def _yumi_fleet(robots: int, seed: int) -> Fleet:
    """In simulation: what arms of a fleet file do is learned from it."""
    from robots.yumi.twin.seen import SeenBlockPush  # Its camera takes long to import.

    return SeenBlockPush(robots, seed)


def _on_gpu(fleet: Callable[..., Fleet]) -> dict[str, Callable[[int, int], Fleet]]:
    """Backends of a MuJoCo task besides MuJoCo itself."""
    return {"mjwarp": partial(fleet, backend="mjwarp")}


def _isaacgym_fleet(task: str, robots: int, seed: int) -> Fleet:
    """Success by return needs what a supervisor reaches there, which nobody has measured: none is told."""
    from robots.backends.isaacgym.fleet import IsaacGymFleet

    shapes = {ant.NAME: (60, 8), anymal.NAME: (48, 12)}
    seen, action = shapes[task]
    return IsaacGymFleet(
        task, robots, seed, Spaces((seen,), "float32", action), TASKS[task].defaults.episode_length
    )


_ROUND = {
    "clockwise": "round the obstacle clockwise",
    "counterclockwise": "round the obstacle counter-clockwise",
}
_PUSHING = TaskDefaults(
    robots=4,
    supervisors=2,
    episode_length=block_push.BlockPushFleet.episode_length,
    minimum_intervention_steps=3,
    hard_reset_steps=5,
    retrain_every=50,
    demonstrations=336,
)

_DESCRIBED = (
    Task(
        name=block_push.NAME,
        goal="Push the cube to the goal without touching the obstacle or a wall.",
        modes=_ROUND,
        defaults=_PUSHING,
        fleet=block_push.BlockPushFleet,
        backend="pymunk",
        supervisor=_block_push_supervisor,
    ),
    Task(
        name=ant.NAME,
        backend=engines.DEFAULT,
        goal="Run as far as possible without falling.",
        modes={"trained": "as the trained runner does"},
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
    Task(
        name=anymal.NAME,
        backend=engines.DEFAULT,
        goal="Walk as commanded; base and thighs never touch the ground.",
        modes={"trained": "as the trained walker does"},
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
    Task(
        name=ball_balance.NAME,
        backend=engines.DEFAULT,
        goal="Keep the ball on the table for the whole episode.",
        modes={"scripted": "as the script balances"},
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
    Task(
        name=navigation.NAME,
        goal="Go through the maze to the goal without touching a wall.",
        modes={"scripted": "along the script's way"},
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
    Task(
        name=franka_cube_stack.NAME,
        backend=engines.DEFAULT,
        goal="Put one cube on top of the other.",
        modes={
            "first faces": "grip the cube by its first pair of faces",
            "second faces": "grip the cube by its second pair of faces",
        },
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
    Task(
        name=yumi.PUSH,
        goal="Push the cube to the goal without touching the obstacle or a wall.",
        modes=_ROUND,
        defaults=_PUSHING,
        fleet=_yumi_fleet,
        backend="pymunk",
        supervisor=_block_push_supervisor,
    ),
)
TASKS = {task.name: task for task in _DESCRIBED}
"""Name to task."""
