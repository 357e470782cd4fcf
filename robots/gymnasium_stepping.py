"""Stepping some of a Gymnasium VectorEnv's sub-environments while the others hold still, in every mode.

A VectorEnv steps all of its sub-environments at once and, by its autoreset mode, begins new episodes on its
own. A fleet must do neither. Two ways of getting there share one interface.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from numpy.typing import NDArray

from robots.fleet import FleetError


@dataclass(frozen=True)
class Outcome:
    """What one sub-environment answered to one step; what rules for violation and success look at."""

    observation: NDArray[Any]
    """After the step: of the episode that it ended, never of the next one."""
    reward: float
    terminated: bool
    truncated: bool
    info: Mapping[str, Any]


class Stepper(Protocol):
    """Runs sub-environments; robot i is sub-environment i."""

    def reset(self, seeds: Mapping[int, int]) -> dict[int, NDArray[Any]]:
        """Begin an episode of each robot with its seed; first observations by robot."""

    def step(self, actions: Mapping[int, NDArray[Any]], still: frozenset[int]) -> dict[int, Outcome]:
        """Step these robots; still: the others whose episode goes on and that must hold where they are."""

    def render(self, robot: int) -> Any:
        """What the environment draws of a robot, or None."""


def stepper_for(env: VectorEnv[Any, Any, Any]) -> Stepper:
    """The best way to step env; raises FleetError for one that cannot reset single robots."""
    mode = env.metadata.get("autoreset_mode")
    if not isinstance(mode, AutoresetMode):
        raise FleetError(
            f"the environment's autoreset mode is {mode!r}, but a fleet must know it: "
            "set metadata['autoreset_mode'] to a gymnasium.vector.AutoresetMode"
        )
    if isinstance(env, SyncVectorEnv):
        return OneByOne(env)
    if mode is AutoresetMode.DISABLED or isinstance(env.unwrapped, SyncVectorEnv | AsyncVectorEnv):
        return AllAtOnce(env, mode)
    raise FleetError(
        f"{type(env.unwrapped).__name__} resets by itself ({mode.name}) and cannot reset single robots. "
        "Valid are AutoresetMode.DISABLED, or gymnasium.make_vec with vectorization_mode 'sync' or 'async'."
    )


class OneByOne:
    """A SyncVectorEnv: its sub-environments lie in this process, so each can be stepped on its own.

    The vector environment's own autoreset never runs, whatever its mode is.
    """

    def __init__(self, env: SyncVectorEnv) -> None:
        self.envs = env.envs

    def reset(self, seeds: Mapping[int, int]) -> dict[int, NDArray[Any]]:
        """See Stepper."""
        return {robot: np.array(self.envs[robot].reset(seed=seed)[0]) for robot, seed in seeds.items()}

    def step(self, actions: Mapping[int, NDArray[Any]], still: frozenset[int]) -> dict[int, Outcome]:
        """See Stepper."""
        outcomes = {}
        for robot, action in actions.items():
            observation, reward, terminated, truncated, info = self.envs[robot].step(action)
            outcomes[robot] = Outcome(
                np.array(observation), float(reward), bool(terminated), bool(truncated), info
            )
        return outcomes

    def render(self, robot: int) -> Any:
        """See Stepper."""
        env = self.envs[robot]
        return env.render() if env.render_mode == "rgb_array" else None


class AllAtOnce:
    """Any vector environment that takes a reset mask: all step together.

    Robots whose episode has ended are stepped along with a mid-range action and their answers thrown
    away; every episode that begins is seeded, so nothing of that is left. A robot in the middle of an
    episode cannot hold still.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], mode: AutoresetMode) -> None:
        self._env = env
        self._mode = mode
        space = env.single_action_space
        assert isinstance(space, Box)
        self._idle = ((space.low + space.high) / 2).astype(space.dtype)
        self._over = np.zeros(env.num_envs, dtype=np.bool_)  # Ended in the environment's own books.

    def reset(self, seeds: Mapping[int, int]) -> dict[int, NDArray[Any]]:
        """See Stepper."""
        if not seeds:
            return {}
        everyone = [seeds.get(robot) for robot in range(self._env.num_envs)]
        observations = self._masked_reset(np.array([seed is not None for seed in everyone]), everyone)
        return {robot: np.array(observations[robot]) for robot in seeds}

    def step(self, actions: Mapping[int, NDArray[Any]], still: frozenset[int]) -> dict[int, Outcome]:
        """See Stepper."""
        if not actions:
            return {}
        if still:
            raise FleetError(
                f"robots {sorted(still)} cannot hold still: this vector environment steps all robots at "
                "once. Nothing has moved; use gymnasium.make_vec with vectorization_mode 'sync' instead."
            )
        if self._mode is not AutoresetMode.SAME_STEP and self._over.any():
            self._masked_reset(self._over.copy(), [None] * self._env.num_envs)
        batch = np.stack([actions.get(robot, self._idle) for robot in range(self._env.num_envs)])
        observations, rewards, terminated, truncated, infos = self._env.step(batch)
        ended = terminated | truncated
        same_step = self._mode is AutoresetMode.SAME_STEP
        self._over = np.zeros_like(ended) if same_step else ended
        outcomes = {}
        for robot in actions:
            last = same_step and ended[robot]
            outcomes[robot] = Outcome(
                np.array(infos["final_obs"][robot] if last else observations[robot]),
                float(rewards[robot]),
                bool(terminated[robot]),
                bool(truncated[robot]),
                one_info(infos["final_info"] if last else infos, robot),
            )
        return outcomes

    def render(self, robot: int) -> Any:
        """See Stepper."""
        drawn = self._env.render() if self._env.render_mode == "rgb_array" else None
        return None if drawn is None else drawn[robot]

    def _masked_reset(self, mask: NDArray[np.bool_], seeds: list[int | None]) -> Any:
        self._over &= ~mask
        return self._env.reset(seed=seeds, options={"reset_mask": mask})[0]  # type: ignore[arg-type]


def one_info(infos: Mapping[str, Any], robot: int) -> dict[str, Any]:
    """One robot's part of a vector environment's infos, which say by masks "_name" who has which entry."""
    own: dict[str, Any] = {}
    for name, value in infos.items():
        mask = infos.get(f"_{name}")
        if mask is not None and mask[robot]:
            own[name] = one_info(value, robot) if isinstance(value, Mapping) else value[robot]
    return own
