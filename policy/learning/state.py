"""A training on disk, whole at every moment, so that one that was cut off goes on as if it never had been."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from policy.errors import CheckpointError
from policy.learning.curves import CurvePoint
from policy.learning.files import write_whole

FORMAT = "iifl-training"


@dataclass
class TrainingState:
    """Where a training stands between two updates."""

    weights: dict[str, Tensor]
    """Of all members."""
    member: int = 0
    """The one that is being trained; those before it are done."""
    update: int = 0
    """Updates that it has made."""
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    """By parameter and name, empty before the first update."""
    draws: Tensor | None = None
    """State of the generator of counter-examples, on the processor."""
    batches: dict[str, Any] = field(default_factory=dict)
    """State of the generator of batches."""
    history: list[tuple[float, float]] = field(default_factory=list)
    """Total loss and penalty of every update of this member."""
    losses: list[float] = field(default_factory=list)
    """Of the members that are done."""
    curves: list[CurvePoint] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Spent so far."""


def save_state(path: Path, state: TrainingState, made_from: Mapping[str, Any]) -> None:
    """Write a state atomically; made_from, JSON values, says which training it belongs to.

    Raises CheckpointError where the file cannot be written.
    """
    tensors = {f"weights.{name}": tensor for name, tensor in state.weights.items()}
    tensors |= {f"optimizer.{name}": tensor for name, tensor in state.optimizer.items()}
    tensors["history"] = torch.tensor(state.history, dtype=torch.float64).reshape(-1, 2)
    if state.draws is not None:
        tensors["draws"] = state.draws
    text = json.dumps(
        {
            "format": FORMAT,
            "made_from": made_from,
            "member": state.member,
            "update": state.update,
            "batches": state.batches,
            "losses": state.losses,
            "curves": [asdict(point) for point in state.curves],
            "warnings": state.warnings,
            "seconds": state.seconds,
        }
    )
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(whole, {"state": text}))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error}; mend that and try again") from error


def load_state(path: Path, made_from: Mapping[str, Any]) -> TrainingState | None:
    """The state in a file, or None where there is no file yet.

    Raises CheckpointError for a file that is no such state, or one of another training: other data,
    configuration, seed or first weights.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            texts = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if texts["format"] != FORMAT:
            raise ValueError(f"format is {texts['format']}")
        found = texts["made_from"]
        state = TrainingState(
            weights=_part(tensors, "weights."),
            member=texts["member"],
            update=texts["update"],
            optimizer=_part(tensors, "optimizer."),
            draws=tensors.get("draws"),
            batches=texts["batches"],
            history=[(float(total), float(penalty)) for total, penalty in tensors["history"].tolist()],
            losses=texts["losses"],
            curves=[CurvePoint(**point) for point in texts["curves"]],
            warnings=texts["warnings"],
            seconds=texts["seconds"],
        )
    except Exception as error:  # safetensors raises a class of its own, and others for odd headers
        raise CheckpointError(
            f"{path} is no state of a training ({error}); delete it to begin anew"
        ) from error
    wanted = json.loads(json.dumps(dict(made_from)))
    other = [name for name in wanted if found.get(name) != wanted[name]]
    if other:
        raise CheckpointError(
            f"{path} belongs to a training with another {', '.join(other)}; go on with that one, or delete "
            "the file to begin anew"
        )
    return state


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """All that an optimizer remembers, by number of the parameter and name."""
    states = optimizer.state_dict()["state"]
    return {f"{index}.{name}": tensor for index, held in states.items() for name, tensor in held.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Inverse of `optimizer_tensors`."""
    states: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        states.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of named tensors, in hexadecimal."""
    total = hashlib.sha256()
    for name in sorted(weights):
        array: np.ndarray[Any, Any] = weights[name].detach().cpu().contiguous().numpy()
        total.update(f"{name}{array.dtype.str}{array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): held for name, held in tensors.items() if name.startswith(prefix)}
