"""The paper's claim on its authors' data: an energy keeps both ways to turn the hand, cloning neither."""

import os
from pathlib import Path

import numpy as np
import pytest

from policy import (
    Dataset,
    ExplicitPolicy,
    ImplicitPolicy,
    MixturePolicy,
    NetworkConfig,
    PolicyConfig,
    TrainingConfig,
    train,
)
from policy.learning import sample_actions
from policy.learning.demonstrations import Demonstrations, joined, read_demonstrations

DATA = Path(os.environ.get("IIFL_DEMONSTRATIONS", Path(__file__).resolve().parents[3] / "shared" / "data"))
YAW = 5  # Component of the action that turns the hand.
SKIP = 2  # Steps whose observations are from before the reset.
STEPS = 5  # Of each episode: then hands have turned apart.

pytestmark = pytest.mark.skipif(
    not (DATA / "franka_cube_stack_supervisor2.npz").exists(), reason="no recorded demonstrations"
)


@pytest.fixture(scope="module")
def supervisors() -> list[Demonstrations]:
    return [read_demonstrations(DATA / f"franka_cube_stack_supervisor{number}.npz") for number in (2, 3)]


def common_starts(one: Demonstrations, other: Demonstrations) -> list[tuple[int, int]]:
    """Episodes that begin in the same state, by number."""
    first, second = (
        np.stack([read.observations[part.start + SKIP] for part in read.episodes]) for read in (one, other)
    )
    apart = np.abs(first[:, None] - second[None]).max(axis=-1)
    return [(int(row), int(column)) for row, column in np.argwhere(apart < 0.05)]


def beginnings(read: Demonstrations, episodes: list[int]) -> Dataset:
    """The first steps of some episodes, and of their actions the turn of the hand alone, (n, 1)."""
    rows = [np.arange(STEPS) + read.episodes[number].start + SKIP for number in episodes]
    index = np.concatenate(rows)
    return Dataset(read.observations[index], read.actions[index, YAW, None], np.array(read.supervisor))


def test_the_recorded_files_are_whole_and_one_action_of_each_is_clipped(
    supervisors: list[Demonstrations],
) -> None:
    assert [len(read.episodes) for read in supervisors] == [8, 9]
    assert [int(read.clipped.sum()) for read in supervisors] == [1, 1]
    for read in supervisors:
        assert read.episodes[-1].stop == len(read)
        assert np.abs(read.actions).max() == 1.0


def test_an_energy_keeps_both_turns_of_the_hand_and_cloning_answers_between_them(
    supervisors: list[Demonstrations],
) -> None:
    """In episodes that two supervisors begin in the same state, and turn the hand to different faces."""
    torn = []
    for pair in common_starts(*supervisors):
        places = [read.episodes[number].start + SKIP for read, number in zip(supervisors, pair, strict=True)]
        turns = sorted(read.actions[place, YAW] for read, place in zip(supervisors, places, strict=True))
        if turns[1] - turns[0] > 0.8:
            torn.append((pair, turns, supervisors[0].observations[places[0]]))
    assert torn, "no two supervisors turn differently from the same state"
    dataset = joined(
        [beginnings(read, [pair[who] for pair, *_ in torn]) for who, read in enumerate(supervisors)]
    )
    network = NetworkConfig(observation_shape=(19,), action_size=1, width=64, state_depth=3)
    config = PolicyConfig(network, members=1, bootstrap=False)
    recipe = TrainingConfig(updates=300, batch_size=64, learning_rate=1e-3, precision="float32")
    implicit, cloning, mixture = (
        train(policy, dataset, recipe, seed=0).policy
        for policy in (ImplicitPolicy(config), ExplicitPolicy(config), MixturePolicy(config, components=4))
    )
    states = np.stack([state for *_, state in torn])
    turns = np.array([turns for _, turns, _ in torn])  # (n, 2)
    near = 0.25 * (turns[:, 1] - turns[:, 0])
    for policy in (implicit, mixture):
        drawn = sample_actions(policy, states, 400, 0)[..., 0]  # (n, 400)
        shares = (np.abs(drawn[:, None] - turns[..., None]) < near[:, None, None]).mean(axis=2)  # (n, 2)
        assert (shares > 0.2).all(), (policy.kind, shares)
    answers = cloning.decide(states).actions[:, 0]
    assert (answers > turns[:, 0] + near).all()
    assert (answers < turns[:, 1] - near).all()
