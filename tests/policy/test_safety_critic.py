"""A safety critic against a walk whose probabilities are known; its data; exact resumption."""

import numpy as np
import pytest
import torch

from policy.allocation.risk import RiskMonitor
from policy.allocation.safety_critic import CriticConfig, SafetyCritic
from policy.allocation.transitions import Transitions
from policy.errors import InputError

PLACES = 6
"""Of a walk between a cliff at place 0 and a goal at place 7."""
DISCOUNT = 0.95


def right(actions: np.ndarray) -> np.ndarray:
    """Chance to go right: the action says so, within limits."""
    return 0.5 + 0.4 * actions


def policy_action(place: np.ndarray) -> np.ndarray:
    """A policy that is drawn to the cliff on the left half and to the goal on the right half."""
    return np.where(place <= PLACES / 2, -0.25, 0.25)


def exact(outcome: str, actions: np.ndarray) -> np.ndarray:
    """Q of every place, (PLACES,), for one action in each, then the policy: a linear system."""
    places = np.arange(1, PLACES + 1)
    chance = right(policy_action(places))
    goal, cliff = np.eye(PLACES + 2)[-1], np.eye(PLACES + 2)[0]
    ends = goal if outcome == "success" else cliff
    step = np.zeros((PLACES, PLACES))
    reward = np.zeros(PLACES)
    for row, place in enumerate(places):
        for to, probability in ((place + 1, chance[row]), (place - 1, 1 - chance[row])):
            reward[row] += probability * ends[to]
            if 1 <= to <= PLACES:
                step[row, to - 1] = DISCOUNT * probability
    value = np.concatenate([[0.0], np.linalg.solve(np.eye(PLACES) - step, reward), [0.0]])
    worth = ends + DISCOUNT * value
    up = right(actions)
    result: np.ndarray = up * worth[places + 1] + (1 - up) * worth[places - 1]
    return result


def seen(place: np.ndarray) -> np.ndarray:
    """One-hot observations, (n, PLACES + 2)."""
    return np.eye(PLACES + 2, dtype=np.float32)[place]


def walk(number: int, seed: int) -> Transitions:
    """Random places and actions, one step each."""
    draws = np.random.default_rng(seed)
    place = draws.integers(1, PLACES + 1, number)
    actions = draws.uniform(-1, 1, number)
    to = np.where(draws.random(number) < right(actions), place + 1, place - 1)
    success, violation = to == PLACES + 1, to == 0
    return Transitions(
        observations=seen(place),
        actions=actions[:, None].astype(np.float32),
        next_observations=seen(to),
        next_actions=policy_action(to)[:, None].astype(np.float32),
        success=success,
        violation=violation,
        ends=success | violation,
    )


def small(**changes: object) -> CriticConfig:
    values: dict[str, object] = {"discount": DISCOUNT, "width": 32, "updates": 1_200, "target_rate": 0.05}
    return CriticConfig((PLACES + 2,), 1, **(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", ["success", "violation"])
def test_risk_is_the_probability_that_a_linear_system_gives(outcome: str) -> None:
    critic = SafetyCritic(small(outcome=outcome, learning_rate=5e-3))
    critic.fit(walk(20_000, 0), torch.Generator().manual_seed(0))
    for action in (-0.9, 0.0, 0.9):
        actions = np.full(PLACES, action)
        known = exact(outcome, actions)
        risk = critic.risk(seen(np.arange(1, PLACES + 1)), actions[:, None].astype(np.float32))
        expected = 1 - known if outcome == "success" else known
        assert np.abs(risk - expected).max() < 0.05, (risk, expected)
        assert expected.max() - expected.min() > 0.5  # the known answer is not a constant


def test_every_parameter_gets_a_gradient() -> None:
    for shape in ((5,), (16, 16, 3)):
        critic = SafetyCritic(CriticConfig(shape, 2))
        draws = np.random.default_rng(0)
        kind = np.uint8 if len(shape) == 3 else np.float32
        observations = torch.tensor((draws.random((64, *shape)) * 255).astype(kind))
        critic(observations, torch.rand(64, 2)).square().mean().backward()
        for name, parameter in critic.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_a_critic_that_learned_nothing_warns_of_nothing_and_a_seed_decides_what_is_learned() -> None:
    data = walk(500, 1)
    first, second = (SafetyCritic(small(updates=20), seed=3) for _ in range(2))
    assert (first.risk(data.observations, data.actions) == 0).all()
    for critic in (first, second):
        critic.fit(data, torch.Generator().manual_seed(5))
    risks = [critic.risk(data.observations, data.actions) for critic in (first, second)]
    assert (risks[0] == risks[1]).all()
    assert ((risks[0] > 0) & (risks[0] < 1)).all()


def monitored(monitor: RiskMonitor, steps: range) -> list[np.ndarray]:
    """Drive a made-up fleet of three robots; robot 2 never moves."""
    risks = []
    for step in steps:
        draws = np.random.default_rng(step)
        observations = seen(draws.integers(1, PLACES + 1, 3))
        actions = draws.uniform(-1, 1, (3, 1)).astype(np.float32)
        risks.append(monitor.assess(observations, actions))
        success, violation = draws.random((2, 3)) < 0.2
        active = np.array([True, True, False])
        monitor.record(
            observations, actions, active, success=success, violation=violation & ~success, done=success
        )
        if step % 5 == 4:
            monitor.learn(step)
    return risks


def test_a_monitor_pairs_each_step_with_the_next_and_keeps_the_newest() -> None:
    monitor = RiskMonitor(SafetyCritic(small(updates=2)), capacity=7)
    monitored(monitor, range(6))
    data = monitor.transitions
    assert data is not None
    assert len(data) == 7
    last = np.random.default_rng(5)
    observations = seen(last.integers(1, PLACES + 1, 3))
    assert (data.next_observations[-2:] == observations[:2]).all()
    assert (data.next_actions[-2:] == last.uniform(-1, 1, (3, 1)).astype(np.float32)[:2]).all()
    before = np.random.default_rng(4)
    assert (data.observations[-2:] == seen(before.integers(1, PLACES + 1, 3))[:2]).all()


def test_a_restored_monitor_goes_on_as_if_nothing_had_been() -> None:
    straight = RiskMonitor(SafetyCritic(small(updates=3), seed=1))
    whole = monitored(straight, range(17))
    broken = RiskMonitor(SafetyCritic(small(updates=3), seed=1))
    monitored(broken, range(8))
    resumed = RiskMonitor(SafetyCritic(small(updates=3), seed=2))
    resumed.restore(broken.snapshot())
    rest = monitored(resumed, range(8, 17))
    assert all((a == b).all() for a, b in zip(whole[8:], rest, strict=True))
    assert rest[-1].max() > 0


def test_what_does_not_fit_is_named() -> None:
    critic = SafetyCritic(small())
    with pytest.raises(InputError, match="outcome is 'fame'"):
        small(outcome="fame")
    with pytest.raises(InputError, match="discount is 0"):
        small(discount=0)
    with pytest.raises(InputError, match=r"observations \(2, 3\)"):
        critic.risk(np.zeros((2, 3), np.float32), np.zeros((2, 1), np.float32))
    with pytest.raises(InputError, match="empty"):
        critic.fit(walk(0, 0), torch.Generator())
    with pytest.raises(InputError, match="not a snapshot"):
        RiskMonitor(critic).restore({"critic/other": np.zeros(3)})
    with pytest.raises(InputError, match="rows"):
        Transitions(**(walk(3, 0).arrays() | {"ends": np.zeros(2, dtype=bool)}))
