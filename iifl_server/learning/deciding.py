"""The decision of one step: a pure function of (state, observations), as messages between processes."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.supervision import Situation, SupervisionConfig, SupervisionState, allocate


def request(
    checkpoint: dict[str, str],
    observations: NDArray[Any],
    config: SupervisionConfig,
    state: SupervisionState,
    available: Sequence[bool],
    released: Sequence[int],
    seed: int,
    situation: Situation | None = None,
) -> dict[str, Any]:
    """What a runner asks an inference worker; arrays travel as bytes."""
    return {
        "checkpoint": checkpoint,
        "observations": observations.tobytes(),
        "shape": list(observations.shape),
        "dtype": observations.dtype.name,
        "config": config.to_dict(),
        "state": state.to_dict(),
        "available": list(available),
        "released": sorted(released),
        "seed": seed,
        "situation": situation.to_dict() if situation else None,
    }


def decide(policy: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Actions, uncertainty and who helps whom. Raises PolicyError for what does not fit together."""
    observations = np.frombuffer(asked["observations"], dtype=asked["dtype"]).reshape(asked["shape"]).copy()
    config = SupervisionConfig.from_dict(asked["config"])
    state = SupervisionState.from_dict(asked["state"])
    seed = int(np.random.SeedSequence((asked["seed"], state.step)).generate_state(1)[0])
    decision = policy.decide(observations, seed)
    actions = np.asarray(decision.actions, dtype=np.float32)
    uncertainty = np.asarray(decision.uncertainty, dtype=np.float64)
    situation = Situation.from_dict(asked["situation"]) if asked["situation"] else None
    allocation = allocate(
        config,
        state,
        uncertainty,
        np.array(asked["available"], dtype=bool),
        released=asked["released"],
        situation=situation,
    )
    return {
        "actions": actions.tobytes(),
        "shape": list(actions.shape),
        "uncertainty": uncertainty.tolist(),
        "state": allocation.state.to_dict(),
        "queue": [int(robot) for robot in allocation.queue],
        "events": [asdict(event) for event in allocation.events],
    }


def actions_of(answer: dict[str, Any]) -> NDArray[np.float32]:
    """The policy's actions in an answer, (N, A)."""
    return np.frombuffer(answer["actions"], dtype=np.float32).reshape(answer["shape"])
