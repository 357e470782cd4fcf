"""Episodes that two recorded supervisors begin in the same state, and turn the hand to different faces."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
from policy.learning.demonstrations import Demonstrations, joined, read_demonstrations

DATA = Path(os.environ.get("IIFL_DEMONSTRATIONS", Path(__file__).resolve().parents[3] / "shared" / "data"))
NUMBERS = (2, 3)  # Of the supervisors.
YAW = 5  # Component of the action that turns the hand.
SKIP = 2  # Steps whose observations are from before the reset.
STEPS = 5  # Of each episode: then hands have turned apart.

Start = tuple[tuple[int, int], list[float], NDArray[np.float32]]
"""Numbers of both episodes, both turns in rising order, and the state that both begin in."""


def read() -> list[Demonstrations]:
    """Both supervisors' demonstrations."""
    return [read_demonstrations(DATA / f"franka_cube_stack_supervisor{number}.npz") for number in NUMBERS]


def parting(supervisors: list[Demonstrations]) -> list[Start]:
    """Where both begin in the same state and turn apart by more than 0.8."""
    firsts = [
        np.array([one.episodes[number].start + SKIP for number in range(len(one.episodes))])
        for one in supervisors
    ]
    states = [one.observations[rows] for one, rows in zip(supervisors, firsts, strict=True)]
    apart = np.abs(states[0][:, None] - states[1][None]).max(axis=-1)
    found: list[Start] = []
    for first, second in np.argwhere(apart < 0.05):
        turns = sorted(
            float(one.actions[rows[number], YAW])
            for one, rows, number in zip(supervisors, firsts, (first, second), strict=True)
        )
        if turns[1] - turns[0] > 0.8:
            found.append(((int(first), int(second)), turns, states[0][first]))
    return found


def beginnings(one: Demonstrations, episodes: list[int]) -> Dataset:
    """The first steps of some episodes, and of their actions the turn of the hand alone, (n, 1)."""
    rows = [np.arange(STEPS) + one.episodes[number].start + SKIP for number in episodes]
    index = np.concatenate(rows)
    return Dataset(one.observations[index], one.actions[index, YAW, None], np.array(one.supervisor))


def learned(
    supervisors: list[Demonstrations], starts: list[Start], seed: int = 0
) -> tuple[ImplicitPolicy, ExplicitPolicy, MixturePolicy]:
    """Three kinds of policies, trained alike on the beginnings of those episodes."""
    dataset = joined(
        [beginnings(one, [pair[who] for pair, *_ in starts]) for who, one in enumerate(supervisors)]
    )
    network = NetworkConfig(observation_shape=(19,), action_size=1, width=64, state_depth=3)
    config = PolicyConfig(network, members=1, bootstrap=False)
    recipe = TrainingConfig(updates=300, batch_size=64, learning_rate=1e-3, precision="float32")
    implicit = train(ImplicitPolicy(config), dataset, recipe, seed=seed).policy
    cloning = train(ExplicitPolicy(config), dataset, recipe, seed=seed).policy
    return implicit, cloning, train(MixturePolicy(config, components=4), dataset, recipe, seed=seed).policy
