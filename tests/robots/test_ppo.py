"""Proximal policy optimisation: its parts, and that it learns, stops and goes on exactly."""

import json

import numpy as np
import pytest
import torch

from robots.fleet import FleetError, Snapshot, Spaces, StepResult
from robots.randomness import generator_for, pack, unpack
from robots.supervisors.ppo import ActorCritic, PPOConfig, Rollout, Running, advantages
from robots.supervisors.ppo_training import Training
from robots.supervisors.trained import load_network

SMALL = PPOConfig(robots=16, horizon=16, hidden=(16,), minibatch=128, learning_rate=3e-3)


class Reaching:
    """A point that is paid for being near the origin, and falls where it leaves the interval of -2 to 2."""

    task = "reaching"
    spaces = Spaces((1,), "float32", 1)
    episode_length = 20

    def __init__(self, robots: int, seed: int) -> None:
        self.size = robots
        self._generators = [generator_for(seed, robot) for robot in range(robots)]
        self._places = np.zeros(robots)
        self._steps = np.zeros(robots, dtype=np.int64)
        self.reset(range(robots))

    def observe(self) -> np.ndarray:
        return self._places[:, None].astype(np.float32)

    def act(self, actions: np.ndarray, active: np.ndarray) -> StepResult:
        self._places += 0.3 * np.clip(actions[:, 0], -1, 1)
        self._steps += 1
        fell = np.abs(self._places) > 2.0
        reward = np.where(fell, -2.0, 1.0 - np.abs(self._places)).astype(np.float32)
        return StepResult(reward, (self._steps >= 20) & ~fell, fell, np.zeros(self.size, dtype=np.bool_))

    def reset(self, ids) -> None:
        for robot in ids:
            self._places[robot] = self._generators[robot].uniform(-1.5, 1.5)
            self._steps[robot] = 0

    hard_reset = reset

    def snapshot(self) -> Snapshot:
        return {
            "places": self._places.copy(),
            "steps": self._steps.copy(),
            "generators": pack(self._generators),
        }

    def restore(self, snapshot: Snapshot) -> None:
        self._places, self._steps = snapshot["places"].copy(), snapshot["steps"].copy()
        self._generators = unpack(snapshot["generators"])


def training(folder, seed: int = 0, config: PPOConfig = SMALL) -> Training:
    return Training("reaching", Reaching, config, seed, folder)


def test_advantages_are_discounted_sums_of_surprises() -> None:
    generator = torch.Generator().manual_seed(0)
    rewards, values = torch.rand(5, 2, generator=generator), torch.rand(6, 2, generator=generator)
    ends = torch.zeros(5, 2)
    ends[2, 1] = 1.0
    empty = torch.zeros(5, 2)
    found = advantages(Rollout(empty, empty, empty, empty, rewards, ends, values), 0.9, 0.8)
    for robot in range(2):
        for start in range(5):
            expected, weight = 0.0, 1.0
            for step in range(start, 5):
                after = 0.0 if ends[step, robot] else float(values[step + 1, robot])
                surprise = float(rewards[step, robot]) + 0.9 * after - float(values[step, robot])
                expected += weight * surprise
                if ends[step, robot]:
                    break
                weight *= 0.9 * 0.8
            assert float(found[start, robot]) == pytest.approx(expected, abs=1e-5)


def test_running_statistics_are_those_of_everything_seen() -> None:
    values = torch.randn(300, 3, generator=torch.Generator().manual_seed(1)) * 4 + 2
    running = Running(3)
    for part in values.split([10, 250, 40]):
        running.see(part)
    assert torch.allclose(running.mean, values.double().mean(0))
    assert torch.allclose(running.variance, values.double().var(0, unbiased=False))
    assert torch.allclose(running.undo(running(values)), values, atol=1e-4)


def test_the_log_probability_is_that_of_a_gaussian() -> None:
    model = ActorCritic(2, 3, SMALL)
    mean, actions = torch.zeros(4, 3), torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.distributions.Normal(mean, model.log_deviation.exp()).log_prob(actions).sum(-1)
    difference = expected - model.log_probability(mean, actions)
    assert torch.allclose(difference, difference[:1].expand(4), atol=1e-5), "a constant apart"


def test_it_learns_to_stay_near_the_origin(tmp_path) -> None:
    points = []
    learner = training(tmp_path)
    learner.run(40, points.append)
    assert [point.iteration for point in points] == list(range(1, 41))
    assert points[-1].reward > 0.7 > 0.4 > points[0].reward
    with torch.no_grad():
        sides = learner.model.mean(torch.tensor([[1.0], [-1.0]]))
    assert sides[0, 0] < 0 < sides[1, 0]


def test_an_interrupted_training_ends_as_one_that_was_not(tmp_path) -> None:
    whole, first = training(tmp_path / "whole"), training(tmp_path / "parts")
    whole.run(8, lambda point: None)
    first.run(3, lambda point: None)
    second = training(tmp_path / "parts")
    assert len(second.curve) == 3
    second.run(8, lambda point: None)
    assert whole.curve == second.curve
    for a, b in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)
    kept = {file.name for file in (tmp_path / "parts").glob("*.safetensors")}
    assert kept == {"state-5.safetensors", "state-8.safetensors"}


def cut(path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("name", ["state.json", "state-6.safetensors"])
def test_of_a_save_that_was_cut_the_one_before_is_gone_on_with(tmp_path, name: str, share: float) -> None:
    training(tmp_path).run(6, lambda point: None)
    cut(tmp_path / name, share)
    again = training(tmp_path)
    assert len(again.curve) == 5
    again.run(7, lambda point: None)
    cut(tmp_path / "state.json", share)
    assert len(training(tmp_path).curve) == 5, "the save that was gone on with stays until there are two"


def test_where_no_save_is_whole_the_mend_is_named(tmp_path) -> None:
    training(tmp_path).run(6, lambda point: None)
    for tensors in tmp_path.glob("state-*.safetensors"):
        cut(tensors, 0.5)
    with pytest.raises(FleetError, match=r"cut off or damaged .* remove .*state.json and .*before.json"):
        training(tmp_path)


def test_a_folder_of_another_training_is_refused(tmp_path) -> None:
    training(tmp_path).run(1, lambda point: None)
    with pytest.raises(FleetError, match="Name another folder"):
        training(tmp_path, seed=1)


def test_what_ships_acts_like_the_model(tmp_path) -> None:
    learner = training(tmp_path)
    learner.run(2, lambda point: None)
    learner.ship(tmp_path / "net.safetensors")
    network = load_network(tmp_path / "net.safetensors")
    states = np.linspace(-2, 2, 9, dtype=np.float32)[:, None]
    with torch.no_grad():
        expected = learner.model.mean(torch.from_numpy(states)).numpy()
    assert np.allclose(network(states), expected, atol=1e-5)
    assert network.about["task"] == "reaching"
    assert network.about["trained"]["iteration"] == 2
    json.dumps(network.about)


@pytest.mark.parametrize(
    "wrong", [{"robots": 0}, {"discount": 1.0}, {"learning_rate": 0.0}, {"clip": 0.0}, {"horizon": -1}]
)
def test_a_configuration_checks_itself(wrong: dict[str, float]) -> None:
    with pytest.raises(FleetError, match=next(iter(wrong))):
        PPOConfig(**wrong)
