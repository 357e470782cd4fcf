"""Supervisors whose policy was trained beforehand: small networks read from safetensors, run in numpy."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from robots import snapshots
from robots.checks import check_ids
from robots.fleet import FleetError, Snapshot
from robots.randomness import check_seed, generator_for, pack, unpack

ACTION_NOISE = 0.05
"""Standard deviation of the Gaussian noise on each component of an action."""
WEIGHTS = Path(__file__).with_name("weights")
"""Where the networks that ship lie, one TASK.safetensors each; its metadata says how it was made."""

_SNAPSHOT_VERSION = 1
_LARGEST_INPUT = 5.0  # Standardised states are clipped to this in training.

Floats = NDArray[np.float32]


class Observed(Protocol):
    """What this supervisor looks at."""

    def observe(self) -> NDArray[Any]:
        """(N, S)."""


@dataclass(frozen=True)
class Network:
    """Layers of a policy with ELU between them; states are standardised first."""

    mean: Floats
    """(S,)"""
    scale: Floats
    """(S,), standard deviations."""
    layers: tuple[tuple[Floats, Floats], ...]
    """Weights, (outputs, inputs), and biases, (outputs,)."""
    about: dict[str, Any]
    """How it was made."""

    def __call__(self, states: Floats) -> Floats:
        """Actions, (n, A), not clipped, for states (n, S)."""
        values: Floats = np.clip((states - self.mean) / self.scale, -_LARGEST_INPUT, _LARGEST_INPUT)
        for index, (weight, bias) in enumerate(self.layers):
            if index:
                values = np.where(values > 0, values, np.expm1(np.minimum(values, 0)))
            values = values @ weight.T + bias
        return values.astype(np.float32, copy=False)


def load_network(path: Path) -> Network:
    """Read what `ppo_training.Training.ship` wrote; raises FleetError for a file that is no such thing."""
    try:
        with safe_open(path, framework="numpy") as stored:
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
            about = json.loads(stored.metadata()["about"])
        count = sum(name.startswith("weight") for name in arrays)
        layers = tuple((arrays[f"weight_{index}"], arrays[f"bias_{index}"]) for index in range(count))
        return Network(arrays["mean"], arrays["scale"], layers, about)
    except FileNotFoundError:
        raise FleetError(
            f"there are no weights at {path}; `./iifl train-supervisor` makes those of a task"
        ) from None
    except Exception as error:  # safetensors raises errors of its own for damaged files.
        raise FleetError(f"{path} holds no supervisor's network: {error}") from error


@cache
def shipped_network(task: str) -> Network:
    """The network of a task that ships with the project; raises FleetError where there is none."""
    return load_network(WEIGHTS / f"{task}.safetensors")


class TrainedSupervisor:
    """Implements robots.fleet.Supervisor with a network that sees what policies see.

    seed: of its action noise, a whole number of at least 0. Raises FleetError for other values.
    """

    def __init__(self, name: str, network: Network, seed: int, noise: float = ACTION_NOISE) -> None:
        self.name = name
        self._network = network
        self._noise = noise
        self._generator = generator_for(check_seed(seed))

    def actions(self, fleet: Observed, ids: Sequence[int]) -> NDArray[np.float32]:
        """What it does for these robots, with noise, in [-1, 1]; shape (len(ids), A)."""
        states = fleet.observe()
        actions = self._network(states[check_ids(ids, len(states))])
        noise = self._generator.normal(0.0, self._noise, actions.shape)
        return np.clip(np.clip(actions, -1.0, 1.0) + noise, -1.0, 1.0).astype(np.float32)

    def snapshot(self) -> Snapshot:
        """State of its own generator."""
        return {
            snapshots.HEADER: snapshots.header("trained", _SNAPSHOT_VERSION),
            "generator": pack([self._generator]),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Raises FleetError for a snapshot of another kind of supervisor."""
        snapshots.check(snapshot, self.snapshot(), f"supervisor {self.name!r}")
        (self._generator,) = unpack(snapshot["generator"])
