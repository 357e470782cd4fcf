"""A stock task of IsaacGymEnvs as the worker needs it: no resets by itself, robots that can hold still.

NOT YET RUN against the real Isaac Gym, which no registry offers: written from the published sources of
IsaacGymEnvs (VecTask, Ant, Anymal, BallBalance, FrankaCubeStack) and tested with an object of the same shape.

How it gets by without a fork of the tasks: `VecTask.post_physics_step` (or `pre_physics_step` in BallBalance)
resets the environments that `reset_buf` names. It is zeroed before every step, and so is `progress_buf`, so
that nothing is reset and nothing times out; what `compute_reward` writes there afterwards is then the
constraint alone (a fall, a lost ball), or a stacked cube.

The state lives in `_held`: before every step it is written to the simulator as a whole, since the GPU
pipeline keeps only the last of several indexed writes, and afterwards the rows of active robots are read
back. PhysX keeps caches of contacts that no tensor shows: going on from a snapshot is therefore not promised
to be the same bit for bit. And links follow joints only in a step: right after a reset, the grip point that
FrankaCubeStack sees is still the one of before.

Runs under the Python 3.8 of Isaac Gym.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Recipe(NamedTuple):
    """How a task of this project is called there, and what it keeps beside the simulator's state."""

    name: str
    buffers: tuple[str, ...]  # Names of tensors, (N, ...), that decide the future.
    starts_at: str | None  # Tensor of root states that reset_idx sends but does not write into its own.
    ends_by_success: bool  # Whether reset_buf tells of success instead of a broken constraint.


RECIPES = {
    "ant": Recipe("Ant", ("potentials", "prev_potentials", "actions"), "initial_root_states", False),
    "anymal": Recipe("Anymal", ("commands", "actions"), "initial_root_states", False),
    "ball_balance": Recipe("BallBalance", ("dof_position_targets",), None, False),
    "franka_cube_stack": Recipe("FrankaCubeStack", ("_pos_control", "_effort_control"), None, True),
}
_STATES = {"roots": ("root_states", "_root_state"), "joints": ("dof_state", "dof_states", "_dof_state")}
"""The wrapped tensors of the simulator's state, under the names that tasks give them."""


def make_task(task: str, robots: int, seed: int) -> Any:
    """A task of this project, simulated by Isaac Gym on the first GPU."""
    if task not in RECIPES:
        raise ValueError(f"Isaac Gym has no task {task!r}; valid are {', '.join(sorted(RECIPES))}")
    import isaacgym  # type: ignore[import-not-found]  # noqa: F401 - It must come before torch.
    import isaacgymenvs  # type: ignore[import-not-found]
    import torch
    from isaacgym import gymtorch

    envs = isaacgymenvs.make(
        seed=seed,
        task=RECIPES[task].name,
        num_envs=robots,
        sim_device="cuda:0",
        rl_device="cuda:0",
        headless=True,
        force_render=False,
    )
    return Simulated(envs, RECIPES[task], torch, gymtorch.unwrap_tensor)


class Simulated:
    """Wraps a VecTask.

    envs: the task; torch: the module; unwrap: gymtorch.unwrap_tensor.
    """

    def __init__(self, envs: Any, recipe: Recipe, torch: Any, unwrap: Any) -> None:
        self._envs, self._recipe, self._torch, self._unwrap = envs, recipe, torch, unwrap
        self._size = int(envs.num_envs)
        self.observation_size = int(envs.num_obs)
        self.action_size = int(envs.num_acts)
        if not hasattr(envs, "actions"):
            envs.actions = torch.zeros((self._size, self.action_size), device=envs.device)
        self._seen = np.zeros((self._size, self.observation_size), dtype=np.float32)
        self._held = {name: tensor.clone() for name, tensor in self._tensors().items()}
        self.reset(np.arange(self._size))

    def observe(self) -> Any:
        """Observations, (N, S)."""
        return self._seen.copy()

    def step(self, actions: Any, active: Any) -> Any:
        """See worker.serve."""
        envs, torch = self._envs, self._torch
        self._write()
        envs.reset_buf.zero_()
        envs.progress_buf.zero_()
        envs.pre_physics_step(torch.as_tensor(actions, device=envs.device))
        for _ in range(envs.control_freq_inv):
            envs.gym.simulate(envs.sim)
        if envs.device == "cpu":
            envs.gym.fetch_results(envs.sim, True)
        envs.post_physics_step()
        rows = torch.as_tensor(np.flatnonzero(active), device=envs.device)
        self._read(rows)
        self._seen[active] = self._numpy(envs.obs_buf)[active]
        ended = self._numpy(envs.reset_buf) != 0
        never = np.zeros(self._size, dtype=bool)
        violation, success = (never, ended) if self._recipe.ends_by_success else (ended, never)
        return self.observe(), self._numpy(envs.rew_buf), violation, success

    def reset(self, ids: Any) -> None:
        """Begin episodes of these robots; all others keep what is held of them."""
        if not len(ids):
            return
        envs = self._envs
        rows = self._torch.as_tensor(np.asarray(ids), device=envs.device)
        self._fill()
        envs.reset_idx(rows)
        if self._recipe.starts_at:
            self._per_robot(self._roots())[rows] = self._per_robot(getattr(envs, self._recipe.starts_at))[
                rows
            ]
        envs.actions[rows] = 0.0
        self._read(rows)
        self._look(ids)

    def snapshot(self) -> Any:
        """Everything that is held, and the generators' states."""
        arrays = {"held_" + name: self._numpy(tensor) for name, tensor in self._held.items()}
        arrays["seen"] = self._seen.copy()
        arrays["generator"] = self._torch.get_rng_state().numpy().copy()
        if self._envs.device != "cpu":
            arrays["generator_gpu"] = self._torch.cuda.get_rng_state(self._envs.device).cpu().numpy().copy()
        return arrays

    def restore(self, arrays: Any) -> None:
        """Go on from a snapshot."""
        torch = self._torch
        for name, tensor in self._held.items():
            tensor.copy_(torch.as_tensor(arrays["held_" + name], device=tensor.device))
        self._seen[:] = arrays["seen"]
        torch.set_rng_state(torch.as_tensor(arrays["generator"]))
        if "generator_gpu" in arrays:
            torch.cuda.set_rng_state(torch.as_tensor(arrays["generator_gpu"]), self._envs.device)

    def _roots(self) -> Any:
        return next(getattr(self._envs, name) for name in _STATES["roots"] if hasattr(self._envs, name))

    def _joints(self) -> Any:
        return next(getattr(self._envs, name) for name in _STATES["joints"] if hasattr(self._envs, name))

    def _per_robot(self, tensor: Any) -> Any:
        return tensor.view(self._size, -1)

    def _tensors(self) -> Any:
        """Live tensors of everything that decides the future, each a view of (N, K)."""
        kept = {"roots": self._roots(), "joints": self._joints()}
        names = set(self._recipe.buffers) | {"actions"}
        kept.update({name: getattr(self._envs, name) for name in sorted(names)})
        return {name: self._per_robot(tensor) for name, tensor in kept.items()}

    def _fill(self) -> None:
        """Put what is held into the task's own tensors."""
        for name, tensor in self._tensors().items():
            tensor.copy_(self._held[name])

    def _write(self) -> None:
        """Put what is held into the task and the simulator, all robots at once."""
        self._fill()
        envs = self._envs
        envs.gym.set_actor_root_state_tensor(envs.sim, self._unwrap(self._roots()))
        envs.gym.set_dof_state_tensor(envs.sim, self._unwrap(self._joints()))

    def _read(self, rows: Any) -> None:
        """Hold these robots' present state."""
        for name, tensor in self._tensors().items():
            self._held[name][rows] = tensor[rows]

    def _look(self, ids: Any) -> None:
        """Observations of robots that were just reset, before any step.

        compute_observations refreshes its tensors from the simulator, which shows the written state only
        after a step on the GPU: so the refreshes are left out for this one look.
        """
        envs = self._envs
        real = envs.gym
        envs.gym = _Blind(real)
        try:
            envs.compute_observations()
        finally:
            envs.gym = real
        self._seen[ids] = self._numpy(envs.obs_buf)[ids]

    def _numpy(self, tensor: Any) -> Any:
        return tensor.detach().cpu().numpy().copy()


class _Blind:
    """A gym whose refreshes do nothing."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return (lambda *_: True) if name.startswith("refresh_") else getattr(self._real, name)
