"""The energy of one head whose weights stand still: what samplers call, several times as fast as the modules.

Spectral norms are divided out once. Slopes are by hand, so there is no graph, and no gradient of a weight is
made. Rows go through all layers in chunks that stay in the processor's cache, in buffers that are made once:
fresh memory for each product costs a fifth of the time. Where the processor multiplies bfloat16 natively,
hidden layers do; the first layer and the sums that end in an energy or a slope are float32.
"""

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from policy.energy.head import EnergyHead, HeadWeights
from policy.energy.precision import Precision, matrix_products, uses_bfloat16
from policy.errors import InputError

_ROWS = 2048
"""Rows of a chunk on a processor: 1 MB of activations per layer of 256 in bfloat16."""
_ROWS_CUDA = 1 << 18
"""Rows of a chunk on a GPU, where small chunks would leave most of it idle."""


class FastEnergy:
    """E(features, actions) of a head as it is now; later changes of the head's weights are not followed.

    Takes what the head takes and answers what the head answers: to float32 rounding in float32; in bfloat16
    each activation is rounded to 8 bits, which moves energies by less than 2 % of their spread over the box
    and slopes by less than 10 % (root mean squares, trained networks). Not for gradients of weights or
    features, and for one thread at a time.
    """

    def __init__(
        self, head: EnergyHead | HeadWeights, *, precision: Precision = "auto", rows: int = 0
    ) -> None:
        """rows: most rows of a chunk; 0 takes what suits the device. Raises InputError for a negative one."""
        if rows < 0:
            raise InputError(f"rows is {rows}; valid is 0 (what suits the device) or more")
        with torch.no_grad():
            weights = head if isinstance(head, HeadWeights) else head.weights()
            self.device = weights.bias.device
            self.precision: Precision = precision
            self.half = torch.bfloat16 if uses_bfloat16(precision, self.device) else torch.float32
            self.residual = weights.residual
            self.features = weights.features.t().clone()  # (F, W)
            self.bias = weights.bias.clone()
            self.actions = weights.actions.clone()  # (W, A)
            self.columns = self.actions.t().contiguous()  # (A, W)
            hidden = [(w.to(self.half, copy=True), b.to(self.half, copy=True)) for w, b in weights.hidden]
            self.forth = [(w.t().contiguous(), b) for w, b in hidden]
            self.back = [w for w, _ in hidden]
            self.last = weights.last[0][0].clone()  # (W,)
            self.offset = weights.last[1].clone()
        self.width = len(self.last)
        self.rows = rows or (_ROWS_CUDA if self.device.type == "cuda" else _ROWS)
        self._buffers: dict[tuple[str, torch.dtype], Tensor] = {}

    def __call__(self, states: Tensor, actions: Tensor) -> Tensor:
        """Energies, (B, K), of features, (B, F), and actions, (B, K, A); without a graph."""
        energies, _ = self._evaluate(states, actions, slopes=False)
        return energies

    def value_and_gradient(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies, (B, K), and dE/da, (B, K, A)."""
        return self._evaluate(states, actions, slopes=True)

    def with_own_buffers(self) -> "FastEnergy":
        """The same energy with the same weights, and scratch memory that nothing else writes to."""
        other = copy.copy(self)
        other._buffers = {}
        return other

    @torch.no_grad()
    def _evaluate(self, states: Tensor, actions: Tensor, *, slopes: bool) -> tuple[Tensor, Tensor]:
        self._check(states, actions)
        with matrix_products(self.precision, self.device):
            return self._in_chunks(states, actions, slopes)

    def _in_chunks(self, states: Tensor, actions: Tensor, slopes: bool) -> tuple[Tensor, Tensor]:
        actions = actions.detach().float()
        first = torch.addmm(self.bias, states.detach().float(), self.features)  # (B, W): thousands of times
        energies = torch.empty(actions.shape[:2], device=self.device)  # less work than what follows
        slope = torch.empty_like(actions) if slopes else actions
        for rows, columns in _chunks(len(actions), actions.shape[1], self.rows):
            part = actions[rows, columns]  # (b, k, A)
            count = part.shape[0] * part.shape[1]
            fused = self._buffer("fused", count, torch.float32)
            torch.baddbmm(
                first[rows, None],
                part,
                self.columns.expand(len(part), -1, -1),
                out=fused.view(*part.shape[:2], -1),
            )
            forward = self._residual_forward if self.residual else self._forward
            last, backward = forward(fused, slopes)
            energies[rows, columns] = torch.mv(last, self.last).add_(self.offset).view(part.shape[:2])
            if slopes:
                slope[rows, columns] = torch.mm(backward(), self.actions).view(part.shape)
        return energies, slope

    def _forward(self, fused: Tensor, slopes: bool) -> tuple[Tensor, Callable[[], Tensor]]:
        """Last activations, float32, and what carries the slope from there to the first layer, float32."""
        count = len(fused)
        kept = [self._buffer("0", count, self.half).copy_(fused).relu_()]
        for layer, (matrix, bias) in enumerate(self.forth, start=1):
            out = self._buffer(str(layer if slopes else layer % 2), count, self.half)
            kept.append(torch.addmm(bias, kept[-1], matrix, out=out).relu_())

        def backward() -> Tensor:
            slope = self._buffer("slope", count, self.half).copy_(self.last.expand(count, -1))
            other = self._buffer("other", count, self.half)
            for matrix, activations in zip(reversed(self.back), reversed(kept[1:]), strict=True):
                _mask(slope, activations)
                torch.mm(slope, matrix, out=other)
                slope, other = other, slope
            return fused.copy_(_mask(slope, kept[0]))

        return self._buffer("fused", count, torch.float32).copy_(kept[-1]), backward

    def _residual_forward(self, fused: Tensor, slopes: bool) -> tuple[Tensor, Callable[[], Tensor]]:
        """The same with a way round each pair of layers; what is added up on that way is float32."""
        count = len(fused)
        pairs = list(zip(self.forth[::2], self.forth[1::2], strict=True))
        kept: list[tuple[Tensor, Tensor]] = []
        for place, (first, second) in enumerate(pairs):
            number = place if slopes else 0
            outer = self._buffer(f"outer {number}", count, self.half).copy_(fused).relu_()
            inner = self._buffer(f"inner {number}", count, self.half)
            torch.addmm(first[1], outer, first[0], out=inner).relu_()
            kept.append((outer, inner))
            fused.add_(torch.addmm(second[1], inner, second[0], out=self._buffer("slope", count, self.half)))
        fused.relu_()

        def backward() -> Tensor:
            slope = _mask(
                self._buffer("total", count, torch.float32).copy_(self.last.expand(count, -1)), fused
            )
            one, two = (self._buffer(name, count, self.half) for name in ("slope", "other"))
            for (outer, inner), first, second in zip(
                reversed(kept), self.back[-2::-2], self.back[::-2], strict=True
            ):
                torch.mm(one.copy_(slope), second, out=two)
                torch.mm(_mask(two, inner), first, out=one)
                slope.add_(_mask(one, outer))
            return slope

        return fused, backward

    def _buffer(self, name: str, rows: int, kind: torch.dtype) -> Tensor:
        """Scratch, (rows, W); contents are whatever was there."""
        found = self._buffers.get((name, kind))
        if found is None or len(found) < rows:
            found = self._buffers[name, kind] = torch.empty(
                (rows, self.width), dtype=kind, device=self.device
            )
        return found[:rows]

    def _check(self, states: Tensor, actions: Tensor) -> None:
        sizes = len(self.features), self.actions.shape[1]
        if states.ndim != 2 or states.shape[1] != sizes[0]:
            raise InputError(f"features have shape {tuple(states.shape)}; valid is (B, {sizes[0]})")
        if actions.ndim != 3 or actions.shape[2] != sizes[1] or len(actions) != len(states):
            raise InputError(
                f"actions have shape {tuple(actions.shape)}; valid is ({len(states)}, K, {sizes[1]})"
            )


def _chunks(states: int, samples: int, rows: int) -> Iterator[tuple[slice, slice]]:
    """Slices of (B, K) of at most `rows` elements each: whole states where one fits, else a part of one."""
    together = max(1, rows // max(1, samples))
    for state in range(0, states, together):
        for sample in range(0, samples, rows):
            yield slice(state, min(states, state + together)), slice(sample, min(samples, sample + rows))


def _mask(slope: Tensor, activations: Tensor) -> Tensor:
    """The slope through a ReLU, in place: what was not positive after it passes nothing on."""
    torch.ops.aten.threshold_backward.grad_input(slope, activations, 0, grad_input=slope)
    return slope
