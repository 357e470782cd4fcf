"""Every registered task as a Gymnasium environment of one robot.

Importing this module registers them: `gymnasium.make("iifl/navigation-v0")`, or without importing it
first, `gymnasium.make("robots.gymnasium_env:iifl/navigation-v0")`.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from robots.fleet import FleetError, Snapshot
from robots.registry import make_fleet, task_names

_GOAL_TASKS = frozenset({"block_push", "navigation", "franka_cube_stack"})
"""Tasks whose success ends the episode; elsewhere success is judged when the time is up."""


class TaskEnv(gymnasium.Env[NDArray[Any], NDArray[np.float32]]):
    """One robot of a task. Reward, observations and actions are the fleet's, see the task's docstring.

    terminated: goal reached or constraint violated; truncated: time-out. info holds "success" and
    "violation". `reset` with a seed starts afresh, without one it goes on with a new episode (a hard
    reset after a violation). Raises FleetError for an unknown task or render mode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, task: str, render_mode: str | None = None) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise FleetError(f"render_mode is {render_mode!r}, but must be None or 'rgb_array'")
        self.task = task
        self.render_mode = render_mode
        self._fleet = make_fleet(task, 1, 0)
        self._fresh = True
        self._violated = False
        spaces = self._fleet.spaces
        image = spaces.observation_dtype == "uint8"
        low, high = (0, 255) if image else (-np.inf, np.inf)
        dtype: Any = np.dtype(spaces.observation_dtype).type
        self.observation_space = Box(low, high, spaces.observation_shape, dtype)
        self.action_space = Box(-1.0, 1.0, (spaces.action_size,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode; options have no effect."""
        super().reset(seed=seed)
        if seed is not None or self._fresh:
            self._fleet = make_fleet(self.task, 1, int(self.np_random.integers(2**62)))
        elif self._violated:
            self._fleet.hard_reset([0])
        else:
            self._fleet.reset([0])
        self._fresh = self._violated = False
        return self._fleet.observe()[0], {"success": False, "violation": False}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """One fleet step of this robot."""
        chosen = np.asarray(action, dtype=np.float32)[None]
        result = self._fleet.act(chosen, np.ones(1, dtype=np.bool_))
        done, success, self._violated = (
            bool(result.done[0]),
            bool(result.success[0]),
            bool(result.violation[0]),
        )
        at_goal = success and self.task in _GOAL_TASKS
        info = {"success": success, "violation": self._violated}
        return (
            self._fleet.observe()[0],
            float(result.reward[0]),
            self._violated or at_goal,
            done and not at_goal,
            info,
        )

    def render(self) -> Any:
        """The camera's image for people, (480, 640, 3) RGB, in mode "rgb_array"; else None."""
        return self._fleet.frames([0])[0].image if self.render_mode == "rgb_array" else None

    def snapshot(self) -> Snapshot:
        """State of the robot; the generator that seeds fresh episodes is no part of it."""
        own = np.array([self._fresh, self._violated])
        return {"env": own} | dict(self._fleet.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this task; raises FleetError for any other."""
        if "env" not in snapshot:
            raise FleetError(f"snapshot for {self.task}: array 'env' is missing")
        self._fleet.restore({name: array for name, array in snapshot.items() if name != "env"})
        self._fresh, self._violated = (bool(flag) for flag in snapshot["env"])


for _task in task_names():
    gymnasium.register(
        id=f"iifl/{_task}-v0", entry_point="robots.gymnasium_env:TaskEnv", kwargs={"task": _task}
    )
