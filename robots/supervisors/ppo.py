"""Proximal policy optimisation: networks, advantages and updates, apart from what they are trained on.

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", with generalised advantage estimation
(Schulman et al. 2016) and a learning rate that follows the divergence between old and new policy.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from robots.fleet import FleetError


@dataclass(frozen=True)
class PPOConfig:
    """How a supervisor is trained; checks itself."""

    robots: int = 512
    """Robots stepped side by side."""
    horizon: int = 32
    """Steps of every robot between two updates."""
    hidden: tuple[int, ...] = (128, 128)
    """Units of the layers of policy and value network."""
    epochs: int = 4
    """Passes over each batch."""
    minibatch: int = 4096
    discount: float = 0.99
    smoothing: float = 0.95
    """Lambda of generalised advantage estimation."""
    clip: float = 0.2
    """How far the ratio of probabilities may leave 1 with profit."""
    divergence: float = 0.01
    """Divergence of a minibatch that the learning rate is steered to [nats]."""
    learning_rate: float = 1e-3
    """The first one."""
    entropy: float = 0.0
    """Weight of the bonus for entropy."""
    first_deviation: float = 0.6
    """Standard deviation of the first policy's actions."""
    fall_cost: float = 0.0
    """Taken from the reward of a step that ends in a violation, while training only."""

    def __post_init__(self) -> None:
        for name in ("robots", "horizon", "epochs", "minibatch"):
            if getattr(self, name) < 1:
                raise FleetError(f"{name} is {getattr(self, name)!r}, but must be at least 1")
        for name in ("discount", "smoothing", "clip"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise FleetError(f"{name} is {getattr(self, name)!r}, but must lie between 0 and 1")
        for name in ("learning_rate", "divergence", "first_deviation"):
            if not getattr(self, name) > 0.0:
                raise FleetError(f"{name} is {getattr(self, name)!r}, but must be above 0")


class Running(nn.Module):
    """Mean and variance of everything seen so far, one for each of K numbers."""

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(size, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def see(self, values: Tensor) -> None:
        """Take values, (B, K), into account."""
        values = values.double()
        share = len(values) / (self.count + len(values))
        off = values.mean(0) - self.mean
        spread = values.var(0, unbiased=False)
        self.variance.copy_((1 - share) * self.variance + share * spread + share * (1 - share) * off**2)
        self.mean.add_(share * off)
        self.count.add_(len(values))

    def forward(self, values: Tensor) -> Tensor:
        """Values standardised, clipped to [-5, 5]; (B, K)."""
        scale = (self.variance + 1e-5).sqrt().to(values.dtype)
        return ((values - self.mean.to(values.dtype)) / scale).clamp(-5.0, 5.0)

    def undo(self, values: Tensor) -> Tensor:
        """From standardised values to the original ones, (B, K)."""
        return values * (self.variance + 1e-5).sqrt().to(values.dtype) + self.mean.to(values.dtype)


class ActorCritic(nn.Module):
    """A Gaussian policy with one standard deviation per action component, and a value network."""

    def __init__(self, states: int, actions: int, config: PPOConfig) -> None:
        super().__init__()
        self.seen = Running(states)
        self.returns = Running(1)
        self.policy = _network(states, config.hidden, actions, 0.01)
        self.value = _network(states, config.hidden, 1, 1.0)
        self.log_deviation = nn.Parameter(torch.full((actions,), config.first_deviation).log())

    def mean(self, states: Tensor) -> Tensor:
        """Mean action, (B, A)."""
        mean: Tensor = self.policy(self.seen(states))
        return mean

    def log_probability(self, mean: Tensor, actions: Tensor) -> Tensor:
        """Of actions, (B, A), up to a constant; (B,)."""
        off = (actions - mean) / self.log_deviation.exp()
        return -(0.5 * off**2 + self.log_deviation).sum(-1)

    def expected_return(self, states: Tensor) -> Tensor:
        """Discounted, (B,)."""
        return self.returns.undo(self.value(self.seen(states))).squeeze(-1)


@dataclass(frozen=True)
class Rollout:
    """T steps of N robots, each (T, N, ...)."""

    states: Tensor
    actions: Tensor
    means: Tensor
    log_probabilities: Tensor
    rewards: Tensor
    """A time-out's reward includes the discounted value of where it ended."""
    ends: Tensor
    """Whether the episode ended with the step, for whatever reason; as numbers 0 and 1."""
    values: Tensor
    """(T + 1, N): of the state before each step, and after the last."""


def advantages(rollout: Rollout, discount: float, smoothing: float) -> Tensor:
    """Generalised advantage estimates, (T, N)."""
    found = torch.zeros_like(rollout.rewards)
    running = torch.zeros_like(rollout.rewards[0])
    for step in range(len(rollout.rewards) - 1, -1, -1):
        goes_on = 1.0 - rollout.ends[step]
        surprise = (
            rollout.rewards[step] + discount * goes_on * rollout.values[step + 1] - rollout.values[step]
        )
        running = surprise + discount * smoothing * goes_on * running
        found[step] = running
    return found


def update(
    model: ActorCritic,
    optimiser: torch.optim.Optimizer,
    rollout: Rollout,
    config: PPOConfig,
    generator: torch.Generator,
) -> float:
    """Improve the model on one rollout; returns the last minibatches' mean divergence [nats].

    The optimiser's learning rate is changed in place.
    """
    advantage = advantages(rollout, config.discount, config.smoothing)
    targets = (advantage + rollout.values[:-1]).flatten()
    states, actions = rollout.states.flatten(0, 1), rollout.actions.flatten(0, 1)
    means, before = rollout.means.flatten(0, 1), rollout.log_probabilities.flatten()
    advantage = advantage.flatten()
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    old_deviation = model.log_deviation.detach().clone()
    model.returns.see(targets[:, None])
    wanted = model.returns(targets[:, None]).squeeze(-1)
    divergence = 0.0
    for _ in range(config.epochs):
        divergences = []
        for rows in torch.split(torch.randperm(len(targets), generator=generator), config.minibatch):
            seen = model.seen(states[rows])
            mean = model.policy(seen)
            ratio = (model.log_probability(mean, actions[rows]) - before[rows]).exp()
            gain = torch.minimum(
                ratio * advantage[rows], ratio.clamp(1 - config.clip, 1 + config.clip) * advantage[rows]
            )
            value_loss = ((model.value(seen).squeeze(-1) - wanted[rows]) ** 2).mean()
            outside = (
                ((mean.abs() - 1.1).clamp(min=0.0) ** 2).sum(-1).mean()
            )  # Clipped actions teach nothing.
            loss = -gain.mean() + value_loss + 0.01 * outside - config.entropy * model.log_deviation.sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            with torch.no_grad():
                divergences.append(float(_divergence(means[rows], old_deviation, mean, model.log_deviation)))
            _steer(optimiser, divergences[-1], config.divergence)
        divergence = sum(divergences) / len(divergences)
    with torch.no_grad():
        model.log_deviation.clamp_(-2.3, 0.0)
    return divergence


def _network(inputs: int, hidden: tuple[int, ...], outputs: int, last_gain: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ELU()]
        inputs = width
    last = nn.Linear(inputs, outputs)
    with torch.no_grad():
        last.weight.mul_(last_gain)
        last.bias.zero_()
    return nn.Sequential(*layers, last)


def _divergence(mean_p: Tensor, log_p: Tensor, mean_q: Tensor, log_q: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of Gaussians [nats]."""
    ratio = (2 * (log_p - log_q)).exp()
    off = ((mean_p - mean_q) / log_q.exp()) ** 2
    return (log_q - log_p + 0.5 * (ratio + off - 1.0)).sum(-1).mean()


def _steer(optimiser: torch.optim.Optimizer, divergence: float, wanted: float) -> None:
    """Slow down where a minibatch went too far, speed up where it hardly moved."""
    for group in optimiser.param_groups:
        if divergence > 2.0 * wanted:
            group["lr"] = max(group["lr"] / 1.5, 1e-5)
        elif divergence < 0.5 * wanted:
            group["lr"] = min(group["lr"] * 1.5, 5e-3)
