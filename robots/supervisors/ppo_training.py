"""Training a supervisor on a fleet: rollouts, progress, and a state from which it goes on exactly."""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from robots.fleet import Fleet, FleetError
from robots.supervisors.ppo import ActorCritic, PPOConfig, Rollout, update

logger = logging.getLogger(__name__)

SAVE_EVERY = 5
"""Iterations between two savings of the state."""

MakeFleet = Callable[[int, int], Fleet]
"""(robots, seed) to fleet."""


@dataclass(frozen=True)
class Point:
    """One iteration on the learning curve."""

    iteration: int
    steps: int
    """Robot-steps so far."""
    episodes: int
    """Episodes that ended in this iteration."""
    mean_return: float
    """Of the last hundred episodes that ended; 0 before the first."""
    falls: float
    """Share of the last hundred episodes that ended in a violation."""
    reward: float
    """Mean reward of a robot-step."""
    deviation: float
    """Mean standard deviation of actions."""
    learning_rate: float
    divergence: float


@dataclass
class _Recent:
    """The last hundred episodes."""

    returns: list[float] = field(default_factory=list)
    falls: list[float] = field(default_factory=list)

    def add(self, total: float, fell: bool) -> None:
        self.returns = [*self.returns, total][-100:]
        self.falls = [*self.falls, float(fell)][-100:]


class Training:
    """One training that lives in a folder: created anew, or gone on with where the folder's state stands.

    The last two saves are kept: where the last one was cut off, the one before is gone on with. Raises
    FleetError for a folder that holds the state of another task, seed or configuration, or no whole one.
    """

    def __init__(self, task: str, make_fleet: MakeFleet, config: PPOConfig, seed: int, folder: Path) -> None:
        self.task, self.config, self.seed, self.folder = task, config, seed, folder
        self._fleet = make_fleet(config.robots, seed)
        (states,), actions = self._fleet.spaces.observation_shape, self._fleet.spaces.action_size
        self._generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.model = ActorCritic(states, actions, config)
        self.model.seen.see(torch.from_numpy(self._fleet.observe()))
        self._optimiser = torch.optim.Adam(self.model.parameters(), lr=config.learning_rate, eps=1e-5)
        self._totals = np.zeros(config.robots)
        self._recent = _Recent()
        self.curve: list[Point] = []
        self._last, self._before = folder / "state.json", folder / "state-before.json"
        self._sound = ""  # Name of the last save's tensors.
        folder.mkdir(parents=True, exist_ok=True)
        self._load()

    def run(self, iterations: int, progress: Callable[[Point], None]) -> None:
        """Train until so many iterations are done in all, saving now and then; progress after each."""
        while len(self.curve) < iterations:
            self.curve.append(self._iterate(len(self.curve) + 1))
            if len(self.curve) % SAVE_EVERY == 0 or len(self.curve) == iterations:
                self.save()
            progress(self.curve[-1])

    def save(self) -> None:
        """Write everything that decides how the training goes on; whole, or not at all."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for index, parameter in enumerate(self.model.parameters()):
            for name, value in self._optimiser.state.get(parameter, {}).items():
                tensors[f"adam.{index}.{name}"] = value
        for name, array in self._fleet.snapshot().items():
            tensors[f"fleet.{name}"] = torch.from_numpy(_storable(array))
        tensors["generator"] = self._generator.get_state()
        tensors["totals"] = torch.from_numpy(self._totals)
        about = {
            "identity": self._identity(),
            "learning_rate": self._optimiser.param_groups[0]["lr"],
            "recent": asdict(self._recent),
            "curve": [asdict(point) for point in self.curve],
        }
        name = f"state-{len(self.curve)}.safetensors"
        _write(self.folder / name, save({key: value.contiguous() for key, value in tensors.items()}))
        before = _about(self._last)
        if before is not None and before["tensors"] == self._sound:
            self._last.replace(self._before)
        else:  # It was damaged, and is not worth the place of the one before it.
            before = _about(self._before)
        _write(self._last, json.dumps(about | {"tensors": name}).encode())
        self._sound = name
        for old in self.folder.glob("state-*.safetensors"):
            if old.name not in (name, before and before["tensors"]):
                old.unlink()

    def ship(self, path: Path) -> None:
        """Write the policy alone, for robots.supervisors.trained, with how it was made as metadata."""
        linear = [layer for layer in self.model.policy if isinstance(layer, torch.nn.Linear)]
        tensors = {
            "mean": self.model.seen.mean.float(),
            "scale": (self.model.seen.variance + 1e-5).sqrt().float(),
        }
        for index, layer in enumerate(linear):
            tensors |= {
                f"weight_{index}": layer.weight.detach().clone(),
                f"bias_{index}": layer.bias.detach().clone(),
            }
        about = self._identity() | {"trained": asdict(self.curve[-1]) if self.curve else None}
        _write(path, save(tensors, metadata={"about": json.dumps(about)}))

    def _identity(self) -> dict[str, Any]:
        config = json.loads(json.dumps(asdict(self.config)))
        return {"task": self.task, "seed": self.seed, "config": config}

    def _load(self) -> None:
        """Go on with the newest save that is whole, where there is any."""
        there = [path for path in (self._last, self._before) if path.exists()]
        for path in there:
            about = _about(path)
            tensors = about and _tensors(self.folder / about["tensors"])
            if about is None or tensors is None:
                logger.warning("the save of %s was cut off or damaged; the one before is looked at", path)
                continue
            if about["identity"] != self._identity():
                raise FleetError(
                    f"{self.folder} holds a training of {about['identity']}, "
                    f"but {self._identity()} was asked for. Name another folder, or remove this one."
                )
            self._restore(about, tensors)
            return
        if there:
            raise FleetError(
                f"{there[0]}, or the file that it names, was cut off or damaged and no save before it can be "
                f"used; remove {' and '.join(str(path) for path in there)} to begin this training anew"
            )

    def _restore(self, about: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
        self.model.load_state_dict(_under(tensors, "model."))
        for index, parameter in enumerate(self.model.parameters()):
            moments = _under(tensors, f"adam.{index}.")
            if moments:
                self._optimiser.state[parameter] = moments
        fresh = self._fleet.snapshot()
        stored = _under(tensors, "fleet.")
        self._fleet.restore({name: _restored(stored[name].numpy(), fresh[name]) for name in fresh})
        self._generator.set_state(tensors["generator"])
        self._totals = tensors["totals"].numpy().copy()
        self._optimiser.param_groups[0]["lr"] = about["learning_rate"]
        self._recent = _Recent(**about["recent"])
        self.curve = [Point(**point) for point in about["curve"]]
        self._sound = about["tensors"]

    def _iterate(self, iteration: int) -> Point:
        rollout, episodes = self._roll_out()
        divergence = update(self.model, self._optimiser, rollout, self.config, self._generator)
        self.model.seen.see(rollout.states.flatten(0, 1))  # Not before: old and new policy must see alike.
        recent = self._recent
        return Point(
            iteration=iteration,
            steps=iteration * self.config.robots * self.config.horizon,
            episodes=episodes,
            mean_return=float(np.mean(recent.returns)) if recent.returns else 0.0,
            falls=float(np.mean(recent.falls)) if recent.falls else 0.0,
            reward=float(rollout.rewards.mean()),
            deviation=float(self.model.log_deviation.detach().exp().mean()),
            learning_rate=self._optimiser.param_groups[0]["lr"],
            divergence=divergence,
        )

    @torch.no_grad()
    def _roll_out(self) -> tuple[Rollout, int]:
        """The next steps of every robot, episodes begun anew where they end; and how many ended."""
        model, config, fleet = self.model, self.config, self._fleet
        active = np.ones(fleet.size, dtype=np.bool_)
        kept: dict[str, list[torch.Tensor]] = {
            name: []
            for name in ("states", "actions", "means", "log_probabilities", "rewards", "ends", "values")
        }
        episodes = 0
        states = torch.from_numpy(fleet.observe())
        for _ in range(config.horizon):
            mean = model.mean(states)
            noise = torch.randn(mean.shape, generator=self._generator)
            actions = mean + model.log_deviation.exp() * noise
            result = fleet.act(actions.numpy(), active)
            self._totals += result.reward
            rewards = torch.from_numpy(result.reward - np.float32(config.fall_cost) * result.violation)
            if result.done.any():
                ended = torch.from_numpy(fleet.observe()[result.done])
                rewards[torch.from_numpy(result.done)] += config.discount * model.expected_return(ended)
            ends = result.done | result.violation
            for name, value in (
                ("states", states),
                ("actions", actions),
                ("means", mean),
                ("log_probabilities", model.log_probability(mean, actions)),
                ("rewards", rewards),
                ("ends", torch.from_numpy(ends).float()),
                ("values", model.expected_return(states)),
            ):
                kept[name].append(value)
            for robot in np.flatnonzero(ends).tolist():
                self._recent.add(float(self._totals[robot]), bool(result.violation[robot]))
                episodes += 1
            self._totals[ends] = 0.0
            fleet.reset(np.flatnonzero(result.done).tolist())
            fleet.hard_reset(np.flatnonzero(result.violation).tolist())
            states = torch.from_numpy(fleet.observe())
        kept["values"].append(model.expected_return(states))
        return Rollout(**{name: torch.stack(values) for name, values in kept.items()}), episodes


def _under(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def _storable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Arrays of generators as bytes: torch knows no arithmetic on uint64, and needs none."""
    return np.ascontiguousarray(array).view(np.uint8) if array.dtype == np.uint64 else array


def _restored(stored: np.ndarray[Any, Any], like: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return stored.view(np.uint64) if like.dtype == np.uint64 else stored


def _about(path: Path) -> dict[str, Any] | None:
    """What a save says of itself; None where there is none that is whole."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _tensors(path: Path) -> dict[str, torch.Tensor] | None:
    """Those of a save; None where they are not whole."""
    try:
        return load_file(path)
    except (OSError, SafetensorError):
        return None


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, also across a power cut."""
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
