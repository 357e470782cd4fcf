"""The risk of a running fleet: transitions gathered step by step, and a critic that learns from them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from policy.allocation.safety_critic import SafetyCritic
from policy.allocation.transitions import Bools, Transitions
from policy.errors import InputError

CAPACITY = 20_000
"""Transitions kept; a 64 x 64 image costs 24 kB in each, so fleets that see should keep fewer."""


class RiskMonitor:
    """What `allocate(..., risk=…)` needs in a run; its future follows from `snapshot` alone.

    Each step: `assess` what the policy is about to do, then `record` what was done. `learn` when due.
    """

    def __init__(self, critic: SafetyCritic, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise InputError(f"capacity is {capacity}; valid is at least 1")
        self.critic = critic
        self.capacity = capacity
        self.transitions: Transitions | None = None
        self._last: dict[str, NDArray[Any]] | None = None

    def assess(self, observations: NDArray[Any], actions: NDArray[np.float32]) -> NDArray[np.float64]:
        """Risk of each robot, (N,), and the end of the transitions that the last `record` began."""
        if self._last is not None:
            rows = self._last["rows"]
            begun = {name: array for name, array in self._last.items() if name != "rows"}
            new = Transitions(next_observations=observations[rows], next_actions=actions[rows], **begun)
            self.transitions = (
                new if self.transitions is None else self.transitions.append(new, self.capacity)
            )
            self._last = None
        return self.critic.risk(observations, actions)

    def record(
        self,
        observations: NDArray[Any],
        actions: NDArray[np.float32],
        active: Bools,
        *,
        success: Bools,
        violation: Bools,
        done: Bools,
    ) -> None:
        """What the robots that moved did, and what came of it; all of N rows."""
        rows = np.flatnonzero(active)
        self._last = {
            "rows": rows,
            "observations": observations[rows].copy(),
            "actions": actions[rows].copy(),
            "success": success[rows],
            "violation": violation[rows],
            "ends": (done | violation | success)[rows],
        }

    def learn(self, seed: int) -> list[float]:
        """Fit the critic to what was gathered; returns the losses, none where there is nothing yet."""
        if self.transitions is None or not len(self.transitions):
            return []
        return self.critic.fit(self.transitions, torch.Generator().manual_seed(seed))

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything that decides the future, as named arrays."""
        arrays = {
            f"critic/{name}": tensor.cpu().numpy().copy() for name, tensor in self.critic.state_dict().items()
        }
        for prefix, part in (
            ("transitions", None if self.transitions is None else self.transitions.arrays()),
            ("last", self._last),
        ):
            arrays |= {f"{prefix}/{name}": array.copy() for name, array in (part or {}).items()}
        return arrays

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Inverse of `snapshot`; raises InputError for one of another critic."""
        parts: dict[str, dict[str, NDArray[Any]]] = {"critic": {}, "transitions": {}, "last": {}}
        try:
            for key, array in arrays.items():
                prefix, _, name = key.partition("/")
                parts[prefix][name] = array
            self.critic.load_state_dict({name: torch.tensor(a) for name, a in parts["critic"].items()})
        except (KeyError, RuntimeError) as error:
            raise InputError(f"not a snapshot of this risk monitor: {error}") from error
        self.transitions = Transitions(**parts["transitions"]) if parts["transitions"] else None
        self._last = parts["last"] or None
