"""From data to weights: initial training and retraining are the same function."""

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from policy.energy.precision import matrix_products, uses_bfloat16
from policy.errors import InputError, PolicyError
from policy.learning.batches import Batches
from policy.learning.bootstrap import share_for
from policy.learning.config import TrainingConfig
from policy.learning.curves import CurvePoint, warning_of
from policy.learning.dataset import Dataset
from policy.learning.evaluation import evaluate
from policy.learning.kinds import Policy
from policy.learning.objective import Objective, objective
from policy.learning.state import (
    TrainingState,
    load_state,
    optimizer_tensors,
    restore_optimizer,
    save_state,
    weights_digest,
)

__all__ = ["Policy", "Progress", "TrainingReport", "train"]

P = TypeVar("P", bound=Policy)
Progress = Callable[[float, dict[str, float]], None]
"""progress(fraction done, {"member", "update", "loss", "penalty", "learning_rate", "warnings"}), the last one
being how many there are so far; what it raises ends the training."""

_REPORT_EVERY = 10  # Updates between two calls of progress, at which warnings are looked for.
_POINTS = 50  # Of a member's learning curve.
_HELD_OUT_POINTS = 10  # Of them, with held-out errors.


@dataclass(frozen=True)
class TrainingReport(Generic[P]):
    """What a training made."""

    policy: P
    """The trained policy, a new one."""
    losses: tuple[float, ...]
    """Of each member, mean over the last tenth of the updates."""
    samples: int
    """Originals in the dataset."""
    data_hash: str
    """Digest of the dataset."""
    updates: int
    """Gradient steps of each member."""
    seed: int
    seconds: float
    """Wall time, that before an interruption included [s]."""
    curves: tuple[CurvePoint, ...] = ()
    """Of all members, in order."""
    warnings: tuple[str, ...] = ()
    """What looked wrong on the way, each once a member; the first one ends a run of doubt early."""


@runtime_checkable
class _Normalises(Protocol):
    def fit_normalisation(self, observations: Tensor) -> object: ...


@runtime_checkable
class _Remembers(Protocol):
    def remember(self, observations: Tensor) -> object: ...


def train(
    policy: P,
    dataset: Dataset,
    config: TrainingConfig | None = None,
    *,
    seed: int,
    progress: Progress | None = None,
    held_out: Dataset | None = None,
    resume: Path | None = None,
    save_every: int = 100,
) -> TrainingReport[P]:
    """Train every member from the policy's present weights into a new policy; the given one stays as it is.

    held_out: samples that learning curves are judged by; they change no weight. resume: a file that the
    training writes itself to every `save_every` updates, and goes on from where it exists; it is left there.
    On one machine and number of threads, equal arguments give equal weights, cut off and resumed or not.
    Networks that standardise their input and never did take mean and deviation of the dataset.

    Raises InputError for a dataset that is empty or of another shape, or one member that is to be
    bootstrapped; CheckpointError for a file of another training; PolicyError where the loss stops being
    finite: try again with a smaller learning rate.
    """
    config = config or TrainingConfig()
    _check(policy, dataset, save_every)
    if held_out is not None:
        _check(policy, held_out, save_every)
    begun = time.perf_counter()
    trained = copy.deepcopy(policy)
    data_hash = dataset.digest()
    made_from = {
        "dataset": data_hash,
        "held-out set": None if held_out is None else held_out.digest(),
        "configuration": config.to_dict(),
        "seed": seed,
        "policy": weights_digest(policy.state_dict()),
        "torch": torch.__version__,
    }
    state = load_state(resume, made_from) if resume else None
    if state:
        trained.load_state_dict(state.weights)
        begun -= state.seconds
    else:
        state = TrainingState(weights={})
        for member in trained.members:
            if isinstance(member, _Normalises):
                member.fit_normalisation(torch.from_numpy(np.array(dataset.observations)))
    trained.train()

    def save() -> None:
        if resume:
            state.weights, state.seconds = trained.state_dict(), time.perf_counter() - begun
            save_state(resume, state, made_from)

    while state.member < len(trained.members):
        run = _Member(trained, state, dataset, config, seed)
        while state.update < config.updates:
            run.step()
            run.tell(progress, held_out)
            if state.update % save_every == 0:
                run.remember()
                save()
        run.finish()
        save()
    trained.eval()
    if isinstance(trained, _Remembers):
        trained.remember(torch.from_numpy(np.array(dataset.observations)))
    return TrainingReport(
        policy=trained,
        losses=tuple(state.losses),
        samples=len(dataset),
        data_hash=data_hash,
        updates=config.updates,
        seed=seed,
        seconds=time.perf_counter() - begun,
        curves=tuple(state.curves),
        warnings=tuple(state.warnings),
    )


class _Member:
    """One member while it is trained; `state` is kept up to date but for what `remember` adds."""

    def __init__(
        self, policy: Policy, state: TrainingState, dataset: Dataset, config: TrainingConfig, seed: int
    ) -> None:
        self.policy, self.state, self.config = policy, state, config
        self.network = policy.members[state.member]
        self.device = next(self.network.parameters()).device
        generator = np.random.default_rng([seed, state.member])
        self.draws = torch.Generator(self.device).manual_seed(int(generator.integers(2**62)))
        originals = share_for(
            dataset, state.member, bootstrap=policy.config.bootstrap, seed=policy.config.bootstrap_seed
        )
        self.batches = Batches(dataset, originals, config, generator)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay, foreach=True
        )
        self.half = uses_bfloat16(config.precision, self.device)
        self.last: Objective | None = None
        self.warned = False
        if state.draws is not None:
            self.draws.set_state(state.draws)
            generator.bit_generator.state = state.batches
            restore_optimizer(self.optimizer, state.optimizer)
            self.warned = any(text.startswith(self._name) for text in state.warnings)

    @property
    def _name(self) -> str:
        return f"member {self.state.member}"

    def step(self) -> None:
        """One update."""
        observations, actions = (part.to(self.device) for part in self.batches.draw())
        for group in self.optimizer.param_groups:
            group["lr"] = _learning_rate(self.config, self.state.update)
        with matrix_products(self.config.precision, self.device):
            made = objective(
                self.network, observations, actions, self.config.counter_examples, self.draws, half=self.half
            )
            value = float(made.total.detach())
            if not math.isfinite(value):
                raise PolicyError(
                    f"the loss of {self._name} became {value} at update {self.state.update + 1} of "
                    f"{self.config.updates}; the policy is unchanged. Try again with a learning rate below "
                    f"{self.config.learning_rate}"
                )
            self.optimizer.zero_grad(set_to_none=True)
            made.total.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.state.update += 1
        self.state.history.append((value, made.penalty))
        self.last = made

    def tell(self, progress: Progress | None, held_out: Dataset | None) -> None:
        """Warn, add to the learning curve and call progress, each where it is its turn."""
        state, updates = self.state, self.config.updates
        final = state.update == updates
        if final or state.update % _REPORT_EVERY == 0:
            self._warn()
        every = max(1, updates // _POINTS)
        if final or state.update % every == 0:
            judged = final or state.update % max(1, updates // _HELD_OUT_POINTS) < every
            state.curves.append(self._point(every, held_out if judged else None))
        if progress and (final or state.update % _REPORT_EVERY == 0):
            loss, penalty = state.history[-1]
            figures = {
                "member": float(state.member),
                "update": float(state.update),
                "loss": loss,
                "penalty": penalty,
                "learning_rate": _learning_rate(self.config, state.update - 1),
                "warnings": float(len(state.warnings)),
            }
            progress((state.member + state.update / updates) / len(self.policy.members), figures)

    def remember(self) -> None:
        """Put what the next update hangs on into the state."""
        self.state.optimizer = optimizer_tensors(self.optimizer)
        self.state.draws = self.draws.get_state()
        self.state.batches = dict(self.batches.generator.bit_generator.state)

    def finish(self) -> None:
        """Close this member and begin with the next one."""
        totals = [total for total, _ in self.state.history]
        self.state.losses.append(float(np.mean(totals[-max(1, len(totals) // 10) :])))
        self.state.member, self.state.update = self.state.member + 1, 0
        self.state.optimizer, self.state.draws, self.state.batches, self.state.history = {}, None, {}, []

    def _warn(self) -> None:
        if self.warned or self.last is None:
            return
        losses = [total - penalty for total, penalty in self.state.history]
        text = warning_of(self._name, self.state.update, losses, self.last.chance, self.last.energies)
        if text:
            self.warned = True
            self.state.warnings.append(text)

    def _point(self, every: int, held_out: Dataset | None) -> CurvePoint:
        recent = np.array(self.state.history[-every:])
        errors: Mapping[str, Any] = {}
        if held_out is not None:
            found = evaluate(self._alone(), held_out.observations, held_out.actions)
            errors = {"held_out_nll": found.nll, "held_out_action_error": found.action_error}
            self.network.train()
        return CurvePoint(
            self.state.member,
            self.state.update,
            loss=float(recent[:, 0].mean()),
            penalty=float(recent[:, 1].mean()),
            learning_rate=_learning_rate(self.config, self.state.update - 1),
            **errors,
        )

    def _alone(self) -> Policy:
        """The policy with this member as its only one, on the same weights."""
        alone = copy.copy(self.policy)
        alone.__dict__["_modules"] = {"members": nn.ModuleList([self.network])}
        alone.eval()
        return alone


def _check(policy: Policy, dataset: Dataset, save_every: int) -> None:
    network = policy.config.network
    if not len(dataset):
        raise InputError("the dataset is empty: there must be at least one sample to learn from")
    found = dataset.observations.shape[1:], dataset.actions.shape[1]
    if found != (network.observation_shape, network.action_size):
        raise InputError(
            f"samples have observations {found[0]} and {found[1]} action components; the policy takes "
            f"{network.observation_shape} and {network.action_size}"
        )
    if policy.config.bootstrap and len(policy.members) < 2:
        raise InputError(
            "members is 1 with bootstrap, so nothing could tell how unsure the policy is: valid is 2 or more "
            "members, or bootstrap=False"
        )
    if save_every < 1:
        raise InputError(f"save_every is {save_every}; valid is at least 1")


def _learning_rate(config: TrainingConfig, update: int) -> float:
    """One cycle: a linear rise, then half a cosine to nearly zero; or steps, as published."""
    if config.step_decay is not None:
        return config.learning_rate * config.step_decay ** (update // 100)
    rise = config.warm_up * config.updates
    if update < rise:
        return config.learning_rate * (update + 1) / (rise + 1)
    place = (update - rise) / max(1.0, config.updates - rise)
    return config.learning_rate * max(1e-3, 0.5 * (1.0 + math.cos(math.pi * place)))
