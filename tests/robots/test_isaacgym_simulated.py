"""How the worker drives a stock task, tried on an object shaped like Isaac Gym's: not the real one.

The stand-in has what matters of VecTask: resets inside of `post_physics_step` for whoever `reset_buf` names,
time-outs in `compute_reward`, and a simulator that takes over only what is written to it.
"""

import numpy as np
import pytest
import torch

from robots.backends.isaacgym.simulated import RECIPES, Simulated, make_task


class Gym:
    """One actor each, which joint 0 pushes along x; 13 root and 2 joint numbers, as in Isaac Gym."""

    def __init__(self, robots: int) -> None:
        self.roots, self.joints = torch.zeros(robots, 13), torch.zeros(robots, 2)
        self.forces = torch.zeros(robots, 1)
        self.steps = 0

    def simulate(self, sim: object) -> None:
        self.steps += 1
        self.joints[:, 1] += self.forces[:, 0]
        self.joints[:, 0] += self.joints[:, 1]
        self.roots[:, 0] += self.joints[:, 1]

    def fetch_results(self, sim: object, wait: bool) -> None:
        pass

    def set_actor_root_state_tensor(self, sim: object, tensor: torch.Tensor) -> None:
        self.roots = tensor.clone()

    def set_dof_state_tensor(self, sim: object, tensor: torch.Tensor) -> None:
        self.joints = tensor.clone().view(-1, 2)


class Task:
    """An Ant of the published shape: it falls beyond 3 m, and times out after 4 steps."""

    device = "cpu"
    num_obs, num_acts, control_freq_inv, sim = 3, 1, 1, None

    def __init__(self, robots: int) -> None:
        self.num_envs = robots
        self.gym = Gym(robots)
        self.root_states, self.dof_state = torch.zeros(robots, 13), torch.zeros(robots * 1, 2)
        self.initial_root_states = torch.zeros(robots, 13)
        self.potentials, self.prev_potentials = torch.zeros(robots), torch.zeros(robots)
        self.obs_buf, self.rew_buf = torch.zeros(robots, 3), torch.zeros(robots)
        self.reset_buf = torch.ones(robots, dtype=torch.long)
        self.progress_buf = torch.zeros(robots, dtype=torch.long)
        self.resets = 0

    def pre_physics_step(self, actions: torch.Tensor) -> None:
        self.actions = actions.clone()
        self.gym.forces = self.actions

    def post_physics_step(self) -> None:
        self.progress_buf += 1
        ids = self.reset_buf.nonzero(as_tuple=False).flatten()
        if len(ids):
            self.reset_idx(ids)
        self.root_states[:] = self.gym.roots
        self.dof_state[:] = self.gym.joints
        self.compute_observations()
        self.rew_buf[:] = self.potentials - self.prev_potentials
        ended = (self.root_states[:, 0].abs() > 3) | (self.progress_buf >= 3)
        self.reset_buf[:] = torch.where(ended, torch.ones_like(self.reset_buf), self.reset_buf)

    def compute_observations(self) -> None:
        self.prev_potentials[:] = self.potentials
        self.potentials[:] = self.root_states[:, 0]
        self.obs_buf[:] = torch.stack([self.root_states[:, 0], *self.dof_state.T], dim=1)

    def reset_idx(self, ids: torch.Tensor) -> None:
        self.resets += 1
        self.dof_state[ids] = torch.rand(len(ids), 2) * 0.1
        self.potentials[ids] = self.prev_potentials[ids] = 0.0
        self.progress_buf[ids] = 0
        self.reset_buf[ids] = 0


@pytest.fixture
def simulated() -> Simulated:
    torch.manual_seed(0)
    return Simulated(Task(3), RECIPES["ant"], torch, lambda tensor: tensor)


ALL = np.ones(3, dtype=bool)


def pushes(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def test_nothing_is_reset_by_a_step_and_nothing_times_out(simulated: Simulated) -> None:
    begun = simulated._envs.resets
    violations = [simulated.step(pushes(0.9, 0.0, 0.0), ALL)[2] for _ in range(8)]
    assert simulated._envs.resets == begun
    assert violations[-1].tolist() == [True, False, False]
    assert not violations[0].any()


def test_robots_that_hold_still_stay_where_they_are(simulated: Simulated) -> None:
    before = simulated.observe()
    simulated.step(pushes(0.5, 0.5, 0.5), ALL)
    moved = simulated.observe()
    assert (moved != before).any(axis=1).all()
    for _ in range(3):
        simulated.step(pushes(0.5, 0.5, 0.5), np.array([True, False, True]))
    assert np.array_equal(simulated.observe()[1], moved[1])
    alone = Simulated(Task(3), RECIPES["ant"], torch, lambda tensor: tensor)
    alone.restore({name: array.copy() for name, array in simulated.snapshot().items()})
    for each in (simulated, alone):
        each.step(pushes(0.0, 0.1, 0.0), ALL)
    assert simulated.observe()[1, 2] == np.float32(moved[1, 2] + np.float32(0.1)), (
        "it goes on from where it was"
    )


def test_a_reset_begins_one_episode_and_leaves_the_others(simulated: Simulated) -> None:
    for _ in range(4):
        simulated.step(pushes(0.9, 0.1, 0.0), ALL)
    before = simulated.observe()
    simulated.reset(np.array([0]))
    assert simulated.observe()[0, 0] == 0.0
    assert np.array_equal(simulated.observe()[1:], before[1:])
    _, reward, violation, _ = simulated.step(pushes(0.0, 0.0, 0.0), ALL)
    assert not violation.any()
    assert reward[0] == pytest.approx(simulated.observe()[0, 0])


def test_a_snapshot_decides_the_future(simulated: Simulated) -> None:
    simulated.step(pushes(0.3, 0.1, -0.2), ALL)
    taken = {name: array.copy() for name, array in simulated.snapshot().items()}

    def future() -> list[np.ndarray]:
        seen = []
        for step in range(5):
            seen += simulated.step(pushes(0.3, 0.1, -0.2), np.array([True, step % 2 == 0, True]))
            simulated.reset(np.array([2]))
        return [*seen, simulated.observe()]

    first = future()
    simulated.restore(taken)
    assert all(np.array_equal(a, b) for a, b in zip(first, future(), strict=True))


def test_the_end_of_a_stacking_episode_is_success() -> None:
    recipe = RECIPES["ant"]._replace(ends_by_success=True)
    simulated = Simulated(Task(3), recipe, torch, lambda tensor: tensor)
    for _ in range(8):
        _, _, violation, success = simulated.step(pushes(0.9, 0.0, 0.0), ALL)
    assert success.tolist() == [True, False, False]
    assert not violation.any()


def test_tasks_without_a_recipe_are_refused() -> None:
    with pytest.raises(ValueError, match="'navigation'; valid are ant, anymal"):
        make_task("navigation", 1, 0)
