"""On a GPU, a sampler's many small kernels cost more to start than to run: recorded, they start as one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.fast import FastEnergy
from policy.energy.head import EnergyHead
from policy.energy.network import Energy, Head
from policy.energy.precision import Precision

_WARM = 3
"""Calls of a shape before it is recorded: a recording costs as much as a few calls."""
_Key = tuple[bool, torch.Size, torch.Size]


@dataclass(frozen=True)
class _Recording:
    """Kernels of one shape, and the memory that they read and write."""

    graph: torch.cuda.CUDAGraph
    energy: FastEnergy
    """Holds the weights and the scratch memory that the kernels use."""
    states: Tensor
    actions: Tensor
    answers: tuple[Tensor, Tensor]


class GraphedEnergy:
    """A `FastEnergy` on a GPU whose kernels are recorded per shape of states and actions.

    Shapes that are seldom met, and those whose recording fails, are evaluated as they come.
    """

    def __init__(self, energy: FastEnergy) -> None:
        self.energy = energy
        self._calls: dict[_Key, int] = {}
        self._recordings: dict[_Key, _Recording | None] = {}

    def __call__(self, states: Tensor, actions: Tensor) -> Tensor:
        """Energies, (B, K)."""
        return self._answer(states, actions, slopes=False)[0]

    def value_and_gradient(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies, (B, K), and dE/da, (B, K, A)."""
        return self._answer(states, actions, slopes=True)

    def _answer(self, states: Tensor, actions: Tensor, *, slopes: bool) -> tuple[Tensor, Tensor]:
        key = slopes, states.shape, actions.shape
        self._calls[key] = self._calls.get(key, 0) + 1
        if self._calls[key] > _WARM and key not in self._recordings:
            self._recordings[key] = self._record(states, actions, slopes)
        recording = self._recordings.get(key)
        if recording is None:
            return _evaluate(self.energy, states, actions, slopes)
        recording.states.copy_(states)
        recording.actions.copy_(actions)
        recording.graph.replay()
        values, slope = recording.answers
        return values.clone(), slope.clone()  # the next replay writes over them

    def _record(self, states: Tensor, actions: Tensor, slopes: bool) -> _Recording | None:
        """None where it cannot be recorded."""
        energy = self.energy.with_own_buffers()  # a larger shape must not free what these kernels use
        states, actions = states.detach().float().clone(), actions.detach().float().clone()
        try:
            aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                _evaluate(
                    energy, states, actions, slopes
                )  # libraries and scratch memory come into being here
            torch.cuda.current_stream().wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                answers = _evaluate(energy, states, actions, slopes)
        except RuntimeError:
            return None
        return _Recording(graph, energy, states, actions, answers)


def fast_energy(head: Head, precision: Precision = "auto") -> Energy:
    """The fastest evaluation of a head as it is now; the head itself where its kind has none."""
    if not isinstance(head, EnergyHead):
        return head
    fast = FastEnergy(head, precision=precision)
    return GraphedEnergy(fast) if fast.device.type == "cuda" else fast


def _evaluate(energy: FastEnergy, states: Tensor, actions: Tensor, slopes: bool) -> tuple[Tensor, Tensor]:
    if slopes:
        return energy.value_and_gradient(states, actions)
    values = energy(states, actions)
    return values, values
