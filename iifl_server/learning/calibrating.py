"""û of one estimator and one set of weights, from a fleet that nobody helps (Section 7.3.1).

Long calibrations keep what they have in a file, and go on from there when they are called again.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.errors import RequestError
from policy.learning.files import read_arrays, write_arrays, write_whole
from policy.learning.trainer import Policy
from policy.uncertainty.nearest import NearestSample
from policy.uncertainty.threshold import PERCENTILE, calibrate_threshold
from robots.registry import make_unassisted_fleet

Progress = Callable[[float, str], None]
SAVE_EVERY = 25
SPREAD = (50, 80, 90, 95, 99)
"""Percentiles kept with û, so that another choice needs no new calibration."""


@dataclass(frozen=True)
class Calibration:
    """How û is found."""

    robots: int = 100
    """From 1 to 1000."""
    steps: int = 1000
    """At least 1."""
    percentile: float = PERCENTILE
    """Of all uncertainties, robots × steps of them."""

    def __post_init__(self) -> None:
        if not 1 <= self.robots <= 1000:
            raise RequestError(f"calibration robots is {self.robots}; valid is 1 to 1000")
        if self.steps < 1:
            raise RequestError(f"calibration steps is {self.steps}; valid is at least 1")
        if not 0 <= self.percentile <= 100:
            raise RequestError(f"percentile is {self.percentile}; valid is 0 to 100")


class ByDistance:
    """A policy's actions, and distances to what it learned from in place of its uncertainties."""

    estimator = "nearest-sample"

    def __init__(self, policy: Any, nearest: NearestSample) -> None:
        self._policy, self._nearest = policy, nearest
        self.state_dict = policy.state_dict

    def decide(self, observations: NDArray[Any], generator: int) -> Any:
        """As a policy does."""
        decision = self._policy.decide(observations, generator, uncertainty=False)
        return replace(decision, uncertainty=self._nearest(observations))


def weights_digest(policy: Policy) -> str:
    """SHA-256 of a policy's weights and their names, in hexadecimal."""
    total = hashlib.sha256()
    for name, tensor in sorted(policy.state_dict().items()):
        array = tensor.detach().cpu().contiguous().numpy()
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def identity(policy: Policy, task: str, calibration: Calibration) -> dict[str, Any]:
    """What a threshold is valid for, as plain values."""
    return {
        "task": task,
        "estimator": policy.estimator,
        "weights_sha256": weights_digest(policy),
        "robots": calibration.robots,
        "steps": calibration.steps,
        "seed": seeds.CALIBRATION,
    }


def calibrate(
    policy: Policy, task: str, calibration: Calibration, progress: Progress, kept: Path | None = None
) -> dict[str, Any]:
    """`identity`, `percentile`, `uncertainty_threshold` and the `percentiles` of SPREAD.

    kept: a JSON file for the result; one that answers the same question is read instead. Uncertainties wait
    in a file beside it until all are there. Raises InputError where their percentile is negative.
    """
    wanted = identity(policy, task, calibration)
    asked = {**wanted, "percentile": calibration.percentile}
    if kept is not None:
        found: dict[str, Any] = _kept(kept)
        if all(found.get(name) == value for name, value in asked.items()):
            return found
    part = None if kept is None else kept.with_suffix(".part.npz")
    values = unassisted_uncertainties(policy, task, calibration, progress, part)
    result = {
        **asked,
        "uncertainty_threshold": calibrate_threshold(values, calibration.percentile),
        "percentiles": {f"{q:g}": float(np.percentile(values, q)) for q in SPREAD},
    }
    if kept is not None:
        write_whole(kept, (json.dumps(result, indent=2) + "\n").encode())
    if part is not None:
        part.unlink(missing_ok=True)
    return result


def unassisted_uncertainties(
    policy: Policy, task: str, calibration: Calibration, progress: Progress, part: Path | None = None
) -> NDArray[np.float64]:
    """Uncertainties of every robot-step of a fleet that only gets hard resets, (steps, robots).

    part: a file that the calibration saves itself to and, if it is of the same policy, goes on from.
    """
    robots, steps = calibration.robots, calibration.steps
    fleet = make_unassisted_fleet(task, robots, seeds.CALIBRATION)
    uncertainties = np.empty((steps, robots))
    label = json.dumps(identity(policy, task, calibration), sort_keys=True)
    done = _go_on(part, label, fleet, uncertainties)
    everyone = np.ones(robots, dtype=np.bool_)
    for step in range(done, steps):
        decision = policy.decide(fleet.observe(), step)
        uncertainties[step] = decision.uncertainty
        result = fleet.act(decision.actions, everyone)
        fleet.reset(np.flatnonzero(result.done & ~result.violation).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
        if part is not None and (step + 1) % SAVE_EVERY == 0 and step + 1 < steps:
            _save(part, label, fleet, uncertainties[: step + 1])
        progress((step + 1) / steps, f"step {step + 1} of {steps}")
    return uncertainties


def _save(part: Path, label: str, fleet: Any, uncertainties: NDArray[np.float64]) -> None:
    arrays = {f"fleet/{name}": array for name, array in fleet.snapshot().items()}
    write_arrays(part, {"label": np.array(label), "uncertainties": uncertainties, **arrays})


def _kept(path: Path) -> dict[str, Any]:
    """A finished calibration; nothing where there is none, or a file that was cut off."""
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _go_on(part: Path | None, label: str, fleet: Any, uncertainties: NDArray[np.float64]) -> int:
    """Bring fleet and uncertainties to where the file was; returns the steps done.

    0 for another's file, and for one that was cut off: it is made again.
    """
    arrays = None if part is None else read_arrays(part)
    if arrays is None or str(arrays["label"]) != label:
        return 0
    done: NDArray[np.float64] = arrays["uncertainties"]
    uncertainties[: len(done)] = done
    fleet.restore({key.partition("/")[2]: arrays[key] for key in arrays if key.startswith("fleet/")})
    return len(done)
