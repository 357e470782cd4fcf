"""A training that was cut off goes on as if it never had been; curves and warnings tell how it went."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from policy import (
    CheckpointError,
    Dataset,
    ExplicitPolicy,
    ImplicitPolicy,
    InputError,
    NetworkConfig,
    PolicyConfig,
    TrainingConfig,
    TrainingReport,
    train,
)
from policy.learning import CounterExampleConfig
from policy.learning.curves import warning_of
from policy.sampling import LangevinConfig

NETWORK = NetworkConfig((6,), 2, width=16, state_depth=2, normalise=True, spectral_norm=True)
CONFIG = TrainingConfig(20, 16, counter_examples=CounterExampleConfig("weighted", 4, penalty=1.0))


@pytest.fixture
def states() -> Dataset:
    """200 states far from standard, one of which never changes; the action is two of their numbers."""
    draws = np.random.default_rng(0)
    observations = draws.normal(3.0, 2.0, (200, 6)).astype(np.float32)
    observations[:, 5] = 7.0
    return Dataset(observations, np.tanh(observations[:, :2] - 3.0), np.array("scripted"))


@pytest.fixture
def untrained() -> ImplicitPolicy:
    return ImplicitPolicy(PolicyConfig(NETWORK), seed=1)


def cut_off_often(
    policy: ImplicitPolicy, data: Dataset, config: TrainingConfig, path: Path
) -> tuple[TrainingReport[ImplicitPolicy], int]:
    """The report of a training that is interrupted at every second word, and how often it was."""
    words = 0

    def stop(done: float, figures: dict[str, float]) -> None:
        nonlocal words
        words += 1
        if words % 2 == 0:
            raise KeyboardInterrupt

    for interruptions in range(20):
        try:
            made = train(policy, data, config, seed=2, resume=path, save_every=7, progress=stop)
            return made, interruptions
        except KeyboardInterrupt:
            pass
    raise AssertionError("it never got to its end")


@pytest.mark.parametrize("kind", ["uniform", "langevin", "weighted"])
def test_interrupted_and_resumed_gives_the_same_bits(
    kind: str, untrained: ImplicitPolicy, states: Dataset, tmp_path: Path
) -> None:
    chosen = replace(CONFIG.counter_examples, kind=kind, langevin=LangevinConfig(iterations=4))  # type: ignore[arg-type]
    config = replace(CONFIG, counter_examples=chosen)
    whole = train(untrained, states, config, seed=2)
    pieces, interruptions = cut_off_often(untrained, states, config, tmp_path / "state")
    assert interruptions >= 2
    for (name, one), other in zip(
        whole.policy.state_dict().items(), pieces.policy.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name
    assert (whole.losses, whole.curves, whole.warnings) == (pieces.losses, pieces.curves, pieces.warnings)


def test_a_training_that_is_done_is_not_done_again(
    untrained: ImplicitPolicy, states: Dataset, tmp_path: Path
) -> None:
    first = train(untrained, states, CONFIG, seed=2, resume=tmp_path / "state")

    def never(done: float, figures: dict[str, float]) -> None:
        raise AssertionError("it was trained again")

    again = train(untrained, states, CONFIG, seed=2, resume=tmp_path / "state", progress=never)
    assert again.losses == first.losses
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_state_of_another_training_or_a_broken_one_is_refused(
    untrained: ImplicitPolicy, states: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "state"
    train(untrained, states, CONFIG, seed=2, resume=path)
    with pytest.raises(CheckpointError, match="another seed"):
        train(untrained, states, CONFIG, seed=3, resume=path)
    with pytest.raises(CheckpointError, match="another configuration"):
        train(untrained, states, replace(CONFIG, updates=21), seed=2, resume=path)
    with pytest.raises(CheckpointError, match="another dataset"):
        train(untrained, states.append(states.observations, states.actions, "x"), CONFIG, seed=2, resume=path)
    with pytest.raises(CheckpointError, match="another policy"):
        train(ImplicitPolicy(PolicyConfig(NETWORK), seed=2), states, CONFIG, seed=2, resume=path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="no state of a training"):
        train(untrained, states, CONFIG, seed=2, resume=path)


def test_held_out_samples_are_seen_in_the_curves_and_change_no_weight(
    untrained: ImplicitPolicy, states: Dataset
) -> None:
    part = Dataset(states.observations[:20], states.actions[:20], states.provenance[:20])
    judged = train(untrained, states, CONFIG, seed=2, held_out=part)
    alone = train(untrained, states, CONFIG, seed=2)
    for one, other in zip(judged.policy.parameters(), alone.policy.parameters(), strict=True):
        assert torch.equal(one, other)
    points = [point for point in judged.curves if point.held_out_nll is not None]
    assert {point.member for point in points} == {0, 1}
    assert points[-1].update == 20
    assert all(np.isfinite([point.held_out_nll, point.held_out_action_error]).all() for point in points)
    rates = [point.learning_rate for point in judged.curves if point.member == 0]
    assert rates[0] < max(rates) == pytest.approx(1e-3, rel=0.5)
    assert rates[-1] < 0.1 * max(rates)


def test_the_mean_of_the_first_data_is_kept_when_training_goes_on(
    untrained: ImplicitPolicy, states: Dataset
) -> None:
    once = train(untrained, states, CONFIG, seed=2).policy
    moved = Dataset(states.observations + 5.0, states.actions, states.provenance)
    buffers = dict(once.network(0).encoder.named_buffers())
    later = dict(train(once, moved, CONFIG, seed=3).policy.network(0).encoder.named_buffers())
    assert buffers
    assert any(float(buffer.abs().sum()) > 1 for buffer in buffers.values())
    assert all(torch.equal(buffers[name], later[name]) for name in buffers)


def test_energies_that_run_away_are_told_early() -> None:
    calm = torch.zeros(2, 9)
    assert warning_of("member 1", 10, [2.0] * 100, 2.2, calm) is None
    assert warning_of("member 1", 10, [9.0] * 20, 2.2, calm) is None  # not for long enough
    assert "worse than chance" in str(warning_of("member 1", 10, [9.0] * 60, 2.2, calm))
    assert "run away" in str(warning_of("member 1", 10, [2.0], 2.2, calm + 1e5))
    assert warning_of("member 1", 10, [9.0] * 60, float("inf"), None) is None


def test_warnings_reach_the_report_and_progress(states: Dataset) -> None:
    plain = replace(NETWORK, spectral_norm=False)
    wild = TrainingConfig(60, 16, learning_rate=3.0, weight_decay=0.0)
    heard: list[float] = []
    made = train(
        ImplicitPolicy(PolicyConfig(plain), seed=1),
        states,
        wild,
        seed=2,
        progress=lambda done, figures: heard.append(figures["warnings"]),
    )
    assert len(made.warnings) == 2
    assert made.warnings[0].startswith("member 0 does worse than chance")
    assert "Try a smaller learning rate" in made.warnings[0]
    assert heard[-1] == len(made.warnings)


def test_what_cannot_be_trained_is_refused_by_name(states: Dataset) -> None:
    with pytest.raises(InputError, match="members is 1 with bootstrap"):
        train(ImplicitPolicy(PolicyConfig(NETWORK, members=1)), states, CONFIG, seed=0)
    with pytest.raises(InputError, match="updates 0"):
        TrainingConfig(updates=0)
    with pytest.raises(InputError, match="step_decay is 0"):
        TrainingConfig(step_decay=0.0)
    with pytest.raises(InputError, match="save_every is 0"):
        train(ExplicitPolicy(PolicyConfig(NETWORK, 1, False)), states, CONFIG, seed=0, save_every=0)
    broken = states.observations.copy()
    broken[17, 3] = np.nan
    with pytest.raises(InputError, match="sample 17 are not finite"):
        Dataset(broken, states.actions, states.provenance)
    with pytest.raises(InputError, match=r"sample 0 are \[3.0, 0.0\]; valid is \[-1, 1\]"):
        Dataset(broken[:1], np.array([[3.0, 0.0]], np.float32), np.array("x"))
