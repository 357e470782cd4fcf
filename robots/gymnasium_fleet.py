"""Any Gymnasium VectorEnv with continuous actions as a fleet."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import Wrapper
from gymnasium.spaces import Box
from gymnasium.vector import VectorEnv
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_actions, check_ids, check_size
from robots.fleet import FleetError, Frame, Snapshot, Spaces, StepResult
from robots.frames import fitted, no_picture
from robots.gymnasium_stepping import OneByOne, Outcome, stepper_for
from robots.randomness import check_seed

Rule = Callable[[Outcome], bool]
"""Judges one robot's step."""

_SNAPSHOT_VERSION = 1
_STATELESS_WRAPPERS = (OrderEnforcing, PassiveEnvChecker)


def never(outcome: Outcome) -> bool:
    """The rule that no step satisfies."""
    return False


class VectorEnvFleet:
    """The sub-environments of a VectorEnv as robots; implements robots.fleet.Fleet.

    env: observations are a Box of floats (S,) or of uint8 images (H, W, 3); actions a Box (A,) with finite
    bounds, onto which [-1, 1] is mapped linearly. Its autoreset mode must be in its metadata; whatever it
    is, a robot whose episode has ended shows its last observation and stands still until `reset` or
    `hard_reset`. Every episode is seeded by (seed, robot, episode): it begins alike in every mode and in
    a fleet of any size.

    violation, success: rules on one robot's step. A violation ends the episode until a `hard_reset`,
    whether the environment ended it or not; every other end is `done`. Reward is the environment's.

    A SyncVectorEnv does all that a fleet promises. Others step all robots at once: `act` then raises
    FleetError where a robot in the middle of an episode is not active. Snapshots need a SyncVectorEnv of
    environments that have `snapshot` and `restore` themselves, under no wrapper that remembers anything.

    Raises FleetError for spaces, modes, sizes or seeds that do not fit.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        task: str,
        episode_length: int,
        seed: int,
        *,
        violation: Rule = never,
        success: Rule = never,
    ) -> None:
        self.task = task
        self.size = check_size(env.num_envs)
        self.episode_length = episode_length
        self.spaces = _spaces(env)
        self.clipped = 0
        """Robot-steps whose action was out of bounds since the fleet was made; no part of a snapshot."""
        self._seed = int(np.random.SeedSequence(check_seed(seed)).generate_state(1)[0])
        self._violation, self._success = violation, success
        self._stepper = stepper_for(env)
        self._action_space = env.single_action_space
        self._episodes = np.zeros(self.size, dtype=np.int64)
        self._ended = np.zeros(self.size, dtype=np.bool_)
        self._waiting = np.zeros(self.size, dtype=np.bool_)
        self._seen = np.zeros((self.size, *self.spaces.observation_shape), self.spaces.observation_dtype)
        self._begin(list(range(self.size)))

    def observe(self) -> NDArray[Any]:
        """What each robot saw last, (N, *observation_shape)."""
        return self._seen.copy()

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Step every active robot whose episode goes on; see robots.fleet.Fleet.act."""
        usable, active, clipped = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += clipped
        going = active & ~self._ended
        orders = {int(robot): self._to_env(usable[robot]) for robot in np.flatnonzero(going)}
        still = frozenset(np.flatnonzero(~active & ~self._ended).tolist())
        reward = np.zeros(self.size, dtype=np.float32)
        success = np.zeros(self.size, dtype=np.bool_)
        for robot, outcome in self._stepper.step(orders, still).items():
            self._seen[robot] = outcome.observation
            reward[robot] = outcome.reward
            self._waiting[robot] = self._violation(outcome)
            success[robot] = self._success(outcome) and not self._waiting[robot]
            self._ended[robot] = outcome.terminated or outcome.truncated or self._waiting[robot]
        violation = active & self._waiting
        return StepResult(
            reward=reward, done=active & self._ended & ~violation, violation=violation, success=success
        )

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode; a robot in violation stays as it is."""
        self._begin([robot for robot in check_ids(ids, self.size) if not self._waiting[robot]])

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode."""
        self._begin(check_ids(ids, self.size))

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """What the environment renders (render_mode "rgb_array"), or a notice; clicks mean nothing."""
        drawn = ((robot, self._stepper.render(robot)) for robot in check_ids(ids, self.size))
        return [
            no_picture(f"robot {robot}: its environment draws no rgb_array")
            if image is None
            else fitted(image)
            for robot, image in drawn
        ]

    def snapshot(self) -> Snapshot:
        """State that `restore` turns back; raises FleetError where the environments have none to give."""
        arrays: dict[str, NDArray[Any]] = {
            snapshots.HEADER: snapshots.header(self.task, _SNAPSHOT_VERSION),
            "seed": np.array([self._seed], dtype=np.int64),
            "episodes": self._episodes.copy(),
            "ended": self._ended.copy(),
            "waiting": self._waiting.copy(),
            "seen": self._seen.copy(),
        }
        for robot, env in enumerate(self._owners()):
            arrays |= {f"robot {robot}/{name}": array for name, array in env.snapshot().items()}
        return arrays

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of such a fleet; raises FleetError for any other."""
        owners = self._owners()
        snapshots.check(snapshot, self.snapshot(), f"a fleet of {self.size} {self.task} robots")
        before = [env.snapshot() for env in owners]
        try:
            for robot, env in enumerate(owners):
                prefix = f"robot {robot}/"
                own = {n.removeprefix(prefix): array for n, array in snapshot.items() if n.startswith(prefix)}
                env.restore(own)
        except FleetError:
            for env, kept in zip(owners, before, strict=True):
                env.restore(kept)
            raise
        self._seed = int(snapshot["seed"][0])
        self._episodes = np.array(snapshot["episodes"])
        self._ended = np.array(snapshot["ended"])
        self._waiting = np.array(snapshot["waiting"])
        self._seen = np.array(snapshot["seen"])

    def _begin(self, robots: list[int]) -> None:
        seeds = {}
        for robot in robots:
            path = [self._seed, robot, int(self._episodes[robot])]
            seeds[robot] = int(np.random.SeedSequence(path).generate_state(1)[0])
            self._episodes[robot] += 1
            self._ended[robot] = self._waiting[robot] = False
        for robot, observation in self._stepper.reset(seeds).items():
            self._seen[robot] = observation

    def _to_env(self, action: NDArray[np.float32]) -> NDArray[Any]:
        space = self._action_space
        assert isinstance(space, Box)
        share = (action.astype(np.float64) + 1.0) / 2.0
        wanted = np.clip(space.low + share * (space.high - space.low), space.low, space.high)
        converted: NDArray[Any] = wanted.astype(space.dtype)
        return converted

    def _owners(self) -> list[Any]:
        """The environments themselves, which take and give snapshots."""
        stepper = self._stepper
        advice = "This fleet runs, but cannot be stored or resumed."
        if not isinstance(stepper, OneByOne):
            raise FleetError(f"no snapshot: only a SyncVectorEnv's environments can be reached. {advice}")
        for env in stepper.envs:
            inner = env
            while isinstance(inner, Wrapper):
                if not isinstance(inner, _STATELESS_WRAPPERS):
                    raise FleetError(
                        f"no snapshot: the wrapper {type(inner).__name__} may remember something. {advice}"
                    )
                inner = inner.env
            if not (hasattr(inner, "snapshot") and hasattr(inner, "restore")):
                raise FleetError(f"no snapshot: {type(inner).__name__} has no snapshot and restore. {advice}")
        return [env.unwrapped for env in stepper.envs]


def _spaces(env: VectorEnv[Any, Any, Any]) -> Spaces:
    seen, done = env.single_observation_space, env.single_action_space
    image = isinstance(seen, Box) and seen.dtype == np.uint8 and len(seen.shape) == 3 and seen.shape[2] == 3
    state = isinstance(seen, Box) and seen.dtype.kind == "f" and len(seen.shape) == 1
    if not (image or state):
        raise FleetError(f"observations are {seen}, but must be a Box of floats (S,) or uint8 (H, W, 3)")
    finite = isinstance(done, Box) and len(done.shape) == 1 and done.dtype.kind == "f" and done.is_bounded()
    if not finite:
        raise FleetError(f"actions are {done}, but must be a Box of floats (A,) with finite bounds")
    assert seen.shape is not None
    assert done.shape is not None
    return Spaces(seen.shape, "uint8" if image else "float32", done.shape[0])
