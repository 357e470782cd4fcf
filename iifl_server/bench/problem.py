"""A supervised problem of the Ant benchmark's size: supervisors who answer the same state differently.

Ant demonstrations need a simulator and trained experts, so speed and quality are measured on this in their
place: states of 60 numbers that hang together as those of a body do, and actions of 8 in which every
supervisor has a smooth answer of its own to every state.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policy.errors import InputError
from policy.learning.dataset import Dataset

Array = NDArray[np.float64]
_NOISE = 0.1  # Standard deviation of a supervisor's action round its answer [action units].


@dataclass(frozen=True)
class Problem:
    """Samples to learn from, samples to judge by, and what the supervisors meant in the latter."""

    train: Dataset
    """(n, S) states and (n, A) actions; provenance names the supervisor."""
    held_out: Dataset
    """More of the same, with other states."""
    answers: NDArray[np.float32]
    """(held out, supervisors, A): what each supervisor answers in the held-out states, without noise."""
    nll: float
    """Mean negative log density of the held-out actions under the true mixture [nats]: no model can be
    expected to be better."""


def make_problem(
    seed: int,
    *,
    samples: int = 4096,
    held_out: int = 512,
    state_size: int = 60,
    action_size: int = 8,
    supervisors: int = 2,
    freedoms: int = 12,
) -> Problem:
    """Draw a problem; equal arguments give equal samples. freedoms: numbers behind a state; fewer are learned
    sooner. Raises InputError for a size below 1."""
    sizes = (samples, held_out, state_size, action_size, supervisors, freedoms)
    if min(sizes) < 1:
        raise InputError(
            f"samples, held_out, state_size, action_size, supervisors, freedoms are {sizes}; each at least 1"
        )
    draws = np.random.default_rng(seed)
    mixing = draws.normal(size=(freedoms, state_size)) / np.sqrt(freedoms)
    bends = [_smooth(freedoms, action_size, draws) for _ in range(1 + supervisors)]
    hidden = draws.normal(size=(samples + held_out, freedoms))
    states = hidden @ mixing + 0.05 * draws.normal(size=(len(hidden), state_size))
    own = np.stack([_apply(bend, hidden) for bend in bends[1:]], axis=1)  # (n, supervisors, A)
    answers = 0.8 * np.tanh(0.5 * _apply(bends[0], hidden)[:, None] + own)
    who = draws.integers(supervisors, size=len(hidden))
    meant = answers[np.arange(len(hidden)), who]
    actions = np.clip(meant + _NOISE * draws.normal(size=meant.shape), -1.0, 1.0)
    names = np.array([f"supervisor {number}" for number in range(supervisors)])[who]
    first, late = (
        Dataset(states[part].astype(np.float32), actions[part].astype(np.float32), names[part])
        for part in (slice(0, samples), slice(samples, None))
    )
    unseen = answers[samples:]
    return Problem(first, late, unseen.astype(np.float32), _nll(unseen, actions[samples:]))


def _smooth(inputs: int, outputs: int, draws: np.random.Generator) -> tuple[Array, Array, Array]:
    """A random function of a few waves, with slopes of about one."""
    waves = draws.normal(size=(inputs, 32)) / np.sqrt(inputs)
    return waves, draws.uniform(0.0, 2.0 * np.pi, 32), draws.normal(size=(32, outputs)) / 4.0


def _apply(bend: tuple[Array, Array, Array], hidden: Array) -> Array:
    waves, phases, weights = bend
    result: Array = np.sin(hidden @ waves + phases) @ weights
    return result


def _nll(answers: Array, actions: Array) -> float:
    """Of actions, (n, A), under equal Gaussians round answers, (n, supervisors, A); clipping left aside."""
    distance = np.square((actions[:, None] - answers) / _NOISE).sum(axis=-1)  # (n, supervisors)
    logarithm = np.logaddexp.reduce(-0.5 * distance, axis=1) - np.log(answers.shape[1])
    scale = actions.shape[1] * np.log(_NOISE * np.sqrt(2.0 * np.pi))
    return float(scale - logarithm.mean())
