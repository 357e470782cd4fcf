"""What two members cannot say by their energies: how far a state lies beyond all that was learned from.

Members that share data and architecture agree where neither has seen anything. So each is given a belief
about one component more, which no robot has: normal densities of deviation 1 whose means are t(s) apart. By
Identity 1 the divergence of the whole is that of the energies plus t squared, whatever the energies are; no
action changes, and nothing has to be sampled. t is zero in states as near to known ones as those are to each
other, and grows with the logarithm of the distance beyond.
"""

import torch
from torch import Tensor, nn

USUAL = 0.95
"""Share of the first known states that are nearer than what is usual to the nearest of the others."""
_TESTED = 1000
_TOGETHER = 1 << 22  # Distances held at once.


class Familiarity(nn.Module):
    """t of states, (B, S); components count in deviations over the states that were known first.

    A component that never varied there is left out, as in `NearestSample`.
    """

    known: Tensor
    usual: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, size: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.register_buffer("known", torch.zeros(0, size))
        self.register_buffer("usual", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    @torch.no_grad()
    def learn(self, states: Tensor) -> None:
        """All that is known from now on, (n, S). What is usual stays as it was the first time."""
        first = not len(self.known)
        if first:
            deviation = states.double().std(dim=0, correction=0)
            varies = deviation > 1e-6 * deviation.amax().clamp_min(1e-30)
            self.mean.copy_(states.double().mean(dim=0))
            self.scale.copy_(torch.where(varies, 1.0 / deviation.clamp_min(1e-30), 0.0))
        self.known = self._scaled(states)
        if first and len(states) > 1:
            order = torch.randperm(len(states), generator=torch.Generator().manual_seed(0)).to(states.device)
            tested = order[: min(_TESTED, len(states) // 2)]
            rest = order[len(tested) :]
            self.usual.copy_(torch.quantile(self._nearest(self.known[tested], self.known[rest]), USUAL))

    @torch.no_grad()
    def forward(self, states: Tensor) -> Tensor:
        """(B, S) to (B,); zero before anything is known."""
        if not len(self.known):
            return torch.zeros(len(states), device=states.device)
        apart = self._nearest(self._scaled(states), self.known)
        beyond = (apart / self.usual.clamp_min(1e-6) - 1.0).clamp_min(0.0)
        return self.slope * beyond.log1p()

    def _scaled(self, states: Tensor) -> Tensor:
        return (states.float() - self.mean) * self.scale

    @staticmethod
    def _nearest(states: Tensor, others: Tensor) -> Tensor:
        rows = max(1, _TOGETHER // len(others))
        return torch.cat([torch.cdist(part, others).amin(dim=1) for part in torch.split(states, rows)])

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *others: object) -> None:
        if (found := state.get(f"{prefix}known")) is not None:  # As many as there are in the file.
            self.known = self.known.new_zeros(found.shape)
        super()._load_from_state_dict(state, prefix, *others)
