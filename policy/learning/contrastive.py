"""InfoNCE and gradient penalty with gradients worked out by hand: one backward pass serves both.

The penalty is a function of slopes s = dE/da, so its gradient in the weights is a second derivative. By
autograd that is a backward pass through a backward pass. But networks of ReLUs are linear between their
kinks: with v the derivative of the penalty in s, the gradient of the penalty is that of the directional
derivative v.s, which one forward pass of tangents gives. With g the slope of the energy in a layer's output,
u the layer's input, t the tangent there and c the derivative of InfoNCE in the energy, the layer's gradient
is the sum of g (c u + t) over all candidates: a single product serves loss and penalty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from policy.energy.head import HeadWeights

_ROWS = 2048  # Candidates at once: what one layer makes then stays in the processor's cache.
_ROWS_CUDA = 1 << 16  # On a GPU, where small chunks would leave most of it idle.


@dataclass(frozen=True)
class ContrastiveLoss:
    """Of one batch."""

    total: Tensor
    """InfoNCE plus the weighted penalty; carries gradients."""
    info_nce: float
    penalty: float
    """Mean penalty, before its weight."""
    energies: Tensor
    """(B, 1 + K), the true action first; without gradients."""


def contrastive_loss(
    weights: HeadWeights,
    features: Tensor,
    candidates: Tensor,
    *,
    penalty: float,
    margin: float = 1.0,
    correction: float = 0.0,
    half: bool = False,
) -> ContrastiveLoss:
    """InfoNCE (Eq. 5) + penalty * mean of max(0, |dE/da|_inf - margin)^2 over counter-examples.

    weights: of a head, with gradients. features: (B, F). candidates: (B, 1 + K, A), the true action first.
    correction: as in `info_nce`. half: matrix products of hidden layers in bfloat16. Gradients are as those
    of `info_nce` and `gradient_penalty` by autograd.
    """
    hidden = [tensor for pair in weights.hidden for tensor in pair]
    plan = _Plan(weights.residual, penalty, margin, correction, half)
    total, parts, energies = _Contrastive.apply(  # type: ignore[no-untyped-call]
        plan, features, candidates, weights.features, weights.actions, weights.bias, *hidden, *weights.last
    )
    info, slopes = parts.tolist()
    return ContrastiveLoss(total, info, slopes, energies)


@dataclass(frozen=True)
class _Plan:
    residual: bool
    penalty: float
    margin: float
    correction: float
    half: bool


class _Contrastive(torch.autograd.Function):
    """The loss, with all gradients found on the way forward."""

    @staticmethod
    def forward(
        context: Any, plan: _Plan, features: Tensor, candidates: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        states, count = candidates.shape[:2]
        sums = [torch.zeros_like(weight) for weight in weights]
        losses = features.new_zeros(2)
        energies = features.new_empty(states, count)
        slopes = torch.empty_like(features)
        cast = [weight.bfloat16() if plan.half else weight for weight in weights[3:-2]]
        network = _Network(plan, weights[:3], tuple(zip(cast[::2], cast[1::2], strict=True)), weights[-2:])
        chunk = max(1, (_ROWS_CUDA if features.is_cuda else _ROWS) // count)
        for start in range(0, states, chunk):
            part = slice(start, start + chunk)
            found, gradients = network.losses(features[part], candidates[part], states)
            losses += found
            energies[part], slopes[part] = gradients[:2]
            for total, gradient in zip(sums, gradients[2:], strict=True):
                total += gradient
        context.save_for_backward(slopes, *sums)
        context.mark_non_differentiable(losses, energies)
        total = losses[0] + plan.penalty * losses[1]
        return total, losses, energies

    @staticmethod
    def backward(context: Any, *outer: Tensor) -> tuple[Any, ...]:
        slopes, *sums = context.saved_tensors
        return None, outer[0] * slopes, None, *(outer[0] * total for total in sums)


@dataclass(frozen=True)
class _Network:
    """A head's layers; u are inputs of linear layers, g slopes of the energy in their outputs, t tangents."""

    plan: _Plan
    first: Sequence[Tensor]
    hidden: tuple[tuple[Tensor, Tensor], ...]
    last: Sequence[Tensor]

    def losses(self, features: Tensor, candidates: Tensor, states: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Shares of some states in both losses, (2,), and [energies, dL/dfeatures, dL/dweights...]."""
        of_features, of_actions, bias = self.first
        rows, count, size = candidates.shape
        actions = candidates.reshape(-1, size)  # (B (1 + K), A), as all below
        start = torch.addmm(bias, features, of_features.T).repeat_interleave(count, dim=0)
        inputs = self._forward(start.addmm_(actions, of_actions.T))
        energies = functional.linear(inputs[-1].to(actions.dtype), *self.last).view(rows, count)
        slopes = self._backward(inputs)  # of each linear layer's output, the first one's at the end
        first = slopes[-1].to(actions.dtype)  # (B (1 + K), W)
        logits = (self.plan.correction - 1.0) * energies
        pull = -torch.softmax(logits, dim=1)
        pull[:, 0] += 1.0
        pull = (pull / states).view(-1, 1)  # dL/dE
        info = -torch.log_softmax(logits, dim=1)[:, 0].sum() / states
        excess, turn = self._penalty(first @ of_actions, rows, count, states)
        tangents = self._tangents(turn @ of_actions.T, inputs) if self.plan.penalty else None
        gradients = self._gradients(inputs, slopes, tangents, pull)
        held = (pull * first).view(rows, count, -1).sum(dim=1)  # (B, W)
        return torch.stack([info, excess]), (
            energies,
            held @ of_features,
            held.T @ features,
            first.T @ (pull * actions + turn),
            held.sum(dim=0),
            *gradients,
        )

    def _forward(self, start: Tensor) -> list[Tensor]:
        """u of every linear layer after the first one, (rows, W)."""
        value = start.bfloat16() if self.plan.half else start
        inputs = [torch.relu(value)]
        for layer, (matrix, bias) in enumerate(self.hidden):
            out = functional.linear(inputs[-1], matrix, bias)
            if self.plan.residual and layer % 2:
                value = out = value + out
            inputs.append(torch.relu(out))
        return inputs

    def _backward(self, inputs: list[Tensor]) -> list[Tensor]:
        """g of every linear layer but the last one, (rows, W), from the top down."""
        slope = _masked(self.last[0].to(inputs[-1].dtype).repeat(len(inputs[-1]), 1), inputs[-1])
        slopes = []
        around = slope
        for layer in range(len(self.hidden) - 1, -1, -1):
            slopes.append(slope)
            slope = _masked(slope @ self.hidden[layer][0], inputs[layer])
            if self.plan.residual and layer % 2 == 0:
                around = slope = around + slope
        return [*slopes, slope]

    def _penalty(self, slopes: Tensor, rows: int, count: int, states: int) -> tuple[Tensor, Tensor]:
        """A share of the mean penalty, and v: its derivative in dE/da times its weight, (rows * count, A)."""
        largest, where = slopes.abs().max(dim=1, keepdim=True)
        excess = (largest - self.plan.margin).clamp_min(0.0).view(rows, count, 1)
        excess[:, 0] = 0.0  # the true action
        over = max(1, states * (count - 1))
        turn = torch.zeros_like(slopes)
        push = excess.view(-1, 1) * (2.0 * self.plan.penalty / over)
        turn.scatter_(1, where, push * slopes.gather(1, where).sign())
        return excess.square().sum() / over, turn

    def _tangents(self, start: Tensor, inputs: list[Tensor]) -> list[Tensor]:
        """t at every linear layer's input after the first one, (rows, W)."""
        value = start.to(inputs[0].dtype)
        tangents = [_masked(value.clone(), inputs[0])]
        for layer, (matrix, _) in enumerate(self.hidden):
            out = tangents[-1] @ matrix.T
            if self.plan.residual and layer % 2:
                value = value + out
                out = value.clone()  # the way round goes on unmasked
            tangents.append(_masked(out, inputs[layer + 1]))
        return tangents

    def _gradients(
        self, inputs: list[Tensor], slopes: list[Tensor], tangents: list[Tensor] | None, pull: Tensor
    ) -> list[Tensor]:
        """dL/dmatrix and dL/dbias of every hidden layer, then of the last one."""
        small = pull.to(inputs[0].dtype)
        if tangents is None:
            mixed = [held.mul_(small) for held in inputs]
        else:
            mixed = [tangent.addcmul_(held, small) for held, tangent in zip(inputs, tangents, strict=True)]
        result = []
        for layer in range(len(self.hidden)):
            slope = slopes[len(self.hidden) - 1 - layer]
            result += [slope.T @ mixed[layer], (slope.T @ small)[:, 0]]
        return [*result, mixed[-1].sum(dim=0, keepdim=True), pull.sum(dim=0)]


def _masked(slope: Tensor, output: Tensor) -> Tensor:
    """A slope or tangent behind a ReLU with this output, in place."""
    torch.ops.aten.threshold_backward.grad_input(slope, output, 0, grad_input=slope)
    return slope
