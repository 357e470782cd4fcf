"""A mixture density network: several Gaussians over actions, cut to the box that actions lie in."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from policy.energy.config import NetworkConfig
from policy.energy.encoder import make_encoder
from policy.errors import InputError
from policy.explicit.network import hidden_layers

_SQRT2 = math.sqrt(2.0)


@dataclass(frozen=True)
class Mixture:
    """K diagonal Gaussians over actions for each of B states, each cut to [-1, 1]^A and normalised there."""

    log_weights: Tensor
    """(B, K), normalised."""
    means: Tensor
    """(B, K, A), in (-1, 1): of each Gaussian before it is cut, so its mode."""
    deviations: Tensor
    """(B, K, A), likewise."""

    def log_density(self, actions: Tensor) -> Tensor:
        """Of actions, (B, n, A): (B, n) [nats]; minus infinity outside the box."""
        means, deviations = self.means[:, None], self.deviations[:, None]  # (B, 1, K, A)
        distance = (actions[:, :, None] - means) / deviations  # (B, n, K, A)
        inside = 0.5 * (
            torch.erf((1.0 - means) / (deviations * _SQRT2))
            + torch.erf((1.0 + means) / (deviations * _SQRT2))
        )
        each = -0.5 * distance.square() - (deviations * inside).log() - 0.5 * math.log(2.0 * math.pi)
        total = torch.logsumexp(self.log_weights[:, None] + each.sum(-1), dim=-1)
        density: Tensor = total.masked_fill((actions.abs() > 1.0).any(dim=-1), -math.inf)
        return density

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent actions, (B, count, A)."""
        weights = self.log_weights.exp().to(generator.device)
        picks = torch.multinomial(weights, count, replacement=True, generator=generator)
        picks = picks.to(self.means.device)[..., None].expand(-1, -1, self.means.shape[-1])  # (B, count, A)
        means, deviations = self.means.gather(1, picks).double(), self.deviations.gather(1, picks).double()
        unit = torch.rand(means.shape, generator=generator, device=generator.device, dtype=torch.float64)
        low, high = (torch.special.ndtr((bound - means) / deviations) for bound in (-1.0, 1.0))
        drawn = means + deviations * torch.special.ndtri(low + unit.to(means.device) * (high - low))
        inside: Tensor = drawn.clamp(-1.0, 1.0).float()
        return inside

    def likeliest(self) -> Tensor:
        """Mode of the component with the largest weight, (B, A)."""
        rows = torch.arange(len(self.means), device=self.means.device)
        modes: Tensor = self.means[rows, self.log_weights.argmax(dim=1)]
        return modes


class MixtureNetwork(nn.Module):
    """Observations to a `Mixture`, on the encoder and the hidden layers of an explicit network.

    components: K, at least 1. floor: smallest deviation [action units], in (0, 1); without one, the
    likelihood of actions that supervisors always take alike (a gripper's +1) has no upper bound. Raises
    InputError for other values.
    """

    def __init__(self, config: NetworkConfig, components: int = 8, floor: float = 0.01) -> None:
        super().__init__()
        if isinstance(components, bool) or not isinstance(components, int) or components < 1:
            raise InputError(f"components is {components!r}; valid is a whole number of at least 1")
        if not 0.0 < floor < 1.0:
            raise InputError(f"floor is {floor}; valid is above 0 and below 1")
        self.config = config
        self.components = components
        self.floor = floor
        self.encoder = make_encoder(config)
        self.hidden = nn.Sequential(*hidden_layers(config))
        self.readout = nn.Linear(config.width, components * (1 + 2 * config.action_size))

    def fit_normalisation(self, observations: Tensor) -> bool:
        """As `EnergyNetwork.fit_normalisation`."""
        return self.encoder.fit(observations)

    def forward(self, observations: Tensor) -> Mixture:
        """(B, H, W, 3) uint8 or (B, S) to densities of actions."""
        hidden = self.hidden(self.encoder(observations))
        with torch.autocast(hidden.device.type, enabled=False):  # bfloat16 is coarser than the floor
            raw = self.readout(hidden.float()).unflatten(1, (self.components, -1))  # (B, K, 1 + 2 A)
        size = self.config.action_size
        # Deviations from floor to 1, evenly in their logarithm: slopes never vanish as at a hard limit.
        deviations = torch.exp(math.log(self.floor) * torch.sigmoid(-raw[..., 1 + size :]))
        return Mixture(torch.log_softmax(raw[..., 0], dim=-1), torch.tanh(raw[..., 1 : 1 + size]), deviations)

    def loss(self, observations: Tensor, actions: Tensor, generator: torch.Generator) -> Tensor:
        """Mean negative log density of actions, (B, A) [nats]; nothing is drawn."""
        mixture: Mixture = self(observations)
        return -mixture.log_density(actions[:, None]).mean()
