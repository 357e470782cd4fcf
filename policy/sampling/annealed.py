"""Annealing from the uniform density to exp(-E): particles that find modes however sharp, and weigh them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.checks import check_states, first_actions
from policy.sampling.importance import systematic
from policy.sampling.metropolis import Chains, adapted, metropolis_step


@dataclass(frozen=True)
class AnnealedConfig:
    """Work for one state: particles x (moves x temperatures + 1) energies with slopes.

    The number of temperatures follows from `keep`: one where an energy is broad, about twenty for a sigma of
    a hundredth of the box.
    """

    particles: int = 512
    """Per state."""
    moves: int = 2
    """Metropolis-adjusted Langevin steps at each temperature."""
    keep: float = 0.5
    """The next temperature is the lowest that leaves this share of particles effective (conditional effective
    sample size: Zhou, Johansen and Aston, 2016)."""
    resample_below: float = 0.6
    """Particles are resampled where the effective share is smaller than this; 0 never does, which is annealed
    importance sampling (Neal, 2001)."""
    temperatures: int = 200
    """At most so many; the last one goes all the way to 1, however few particles that leaves effective."""

    def __post_init__(self) -> None:
        if self.particles < 2 or self.moves < 1 or self.temperatures < 1:
            raise InputError(
                f"particles {self.particles} must be at least 2, moves {self.moves} and temperatures "
                f"{self.temperatures} at least 1"
            )
        if not (0 < self.keep < 1 and 0 <= self.resample_below <= 1):
            raise InputError(
                f"keep {self.keep} must lie between 0 and 1, resample_below {self.resample_below} in 0 to 1"
            )


@dataclass(frozen=True)
class AnnealedDiagnostics:
    """What annealing found, and how well."""

    energies: Tensor
    """(B, K) energies of the samples."""
    weights: Tensor
    """(B, K), normalised: all 1/K, unless resampling is off."""
    log_z: Tensor
    """(B,) log of the partition function, the integral of exp(-E) over the box."""
    log_z_error: Tensor
    """(B,) its standard error, from families of particles (after Lee and Whiteley, 2018)."""
    families: Tensor
    """(B, K): which of the first, independent particles each one descends from."""
    temperatures: Tensor
    """(B,) how many were needed."""
    acceptance: Tensor
    """(B,) mean probability of acceptance of the last move."""

    @property
    def effective_sample_size(self) -> Tensor:
        """Of the weights, (B,)."""
        return 1.0 / self.weights.square().sum(dim=-1)


@dataclass
class _Population:
    """Particles of the states that are still being cooled."""

    chains: Chains
    log_weights: Tensor  # (B, K), normalised
    families: Tensor  # (B, K)
    cold: Tensor  # (B,), inverse temperature reached
    scale: Tensor  # (B,), of moves
    log_z: Tensor  # (B,), float64
    variance: Tensor  # (B,), of Z, relative to its square
    count: Tensor  # (B,), temperatures
    acceptance: Tensor  # (B,)

    def put(self, rows: Tensor, part: "_Population") -> None:
        """Write the states of rows back."""
        for name in ("log_weights", "families", "cold", "scale", "log_z", "variance", "count", "acceptance"):
            getattr(self, name)[rows] = getattr(part, name)
        for name in ("actions", "energies", "slopes"):
            getattr(self.chains, name)[rows] = getattr(part.chains, name)

    def of(self, rows: Tensor) -> "_Population":
        """The states of rows."""
        names = ("log_weights", "families", "cold", "scale", "log_z", "variance", "count", "acceptance")
        chains = Chains(*(getattr(self.chains, name)[rows] for name in ("actions", "energies", "slopes")))
        return _Population(chains, *(getattr(self, name)[rows] for name in names))


def annealed_smc(
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: AnnealedConfig | None = None,
    *,
    start: Tensor | None = None,
    start_log_density: Tensor | None = None,
) -> tuple[Tensor, AnnealedDiagnostics]:
    """Samples of exp(-E) in the box, (B, K, A), by annealed sequential Monte Carlo (Del Moral et al., 2006).

    Temperatures, resampling and step sizes are each state's own, so states may have entirely different
    energies; a state that has arrived is left out of further work. low, high: (A,). start: first particles,
    (B, K, A), where there are some already, and the log density that they were drawn from, (B, K), relative
    to the uniform one (zeros where left out). A mode that no first particle feels is not found. Raises
    InputError for shapes that do not fit and for an energy or slope that is not finite, naming the state.
    """
    config = config or AnnealedConfig()
    check_states(states, low, high)
    with torch.inference_mode(False), torch.no_grad():
        if states.is_inference():  # autograd, which slopes may need, takes no tensors made without it
            states = states.clone()
        population = _first(energy, states, low, high, generator, config, start, start_log_density)
        active = torch.arange(len(states), device=states.device)
        rounds = 0
        while len(active):
            rounds += 1
            part = population.of(active)
            _cool(part, config, last=rounds == config.temperatures)
            _resample(part, config, generator)
            _move(part, energy, states[active], (low, high), config.moves, generator)
            population.put(active, part)
            active = active[part.cold < 1.0]
        return _result(population, low, high)


def _first(
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: AnnealedConfig,
    start: Tensor | None,
    start_log_density: Tensor | None,
) -> _Population:
    actions = first_actions(start, states, config.particles, low, high, generator)
    if actions.is_inference():
        actions = actions.clone()
    batch, count = actions.shape[:2]
    zeros = actions.new_zeros(batch)
    log_density = torch.zeros_like(actions[..., 0]) if start_log_density is None else start_log_density
    if log_density.shape != actions.shape[:2]:
        raise InputError(
            f"start_log_density has shape {tuple(log_density.shape)}; valid is {(batch, count)}, start's"
        )
    chains = Chains.at(energy, states, actions)
    return _Population(
        chains=Chains(chains.actions.clone(), chains.energies.clone(), chains.slopes.clone()),
        log_weights=torch.log_softmax(-log_density, dim=1),
        families=torch.arange(count, device=actions.device).repeat(batch, 1),
        cold=zeros.clone(),
        scale=zeros + 0.3,
        log_z=zeros.double(),
        variance=zeros.double(),
        count=torch.zeros(batch, dtype=torch.long, device=actions.device),
        acceptance=zeros.clone(),
    )


def _cool(part: _Population, config: AnnealedConfig, last: bool) -> None:
    """Lower each state's temperature as far as its particles follow; in place."""
    lowest = part.chains.energies.amin(dim=1, keepdim=True)
    energies = (part.chains.energies - lowest).double()
    weights = part.log_weights.double()

    def kept(step: Tensor) -> Tensor:
        change = -step[:, None] * energies
        once = torch.logsumexp(weights + change, dim=1)
        return (2.0 * once - torch.logsumexp(weights + 2.0 * change, dim=1)).exp()

    left = 1.0 - part.cold.double()
    least, most = torch.zeros_like(left), left.clone()
    for _ in range(40):  # bisection: to 1e-12 of what is left
        middle = 0.5 * (least + most)
        enough = kept(middle) >= config.keep
        least, most = torch.where(enough, middle, least), torch.where(enough, most, middle)
    arrives = (kept(left) >= config.keep) | torch.tensor(last, device=left.device)
    step = torch.where(arrives, left, least)
    weights = weights - step[:, None] * energies
    total = torch.logsumexp(weights, dim=1)
    part.log_z = part.log_z + total - step * lowest[:, 0].double()
    weights = weights - total[:, None]
    part.log_weights = weights.to(part.log_weights.dtype)
    part.variance = _variance(weights.exp(), part.families)
    part.cold = torch.where(arrives, torch.ones_like(part.cold), part.cold + step.to(part.cold.dtype))
    part.count = part.count + 1


def _resample(part: _Population, config: AnnealedConfig, generator: torch.Generator) -> None:
    """Resample the states that have too few effective particles, and those that have arrived; in place."""
    if not config.resample_below:
        return
    weights = part.log_weights.exp()
    few = 1.0 / weights.square().sum(dim=1) < config.resample_below * weights.shape[1]  # (B,)
    few = few | (part.cold >= 1.0)  # so that samples count alike in the end, and the last moves part twins
    index = systematic(weights, weights.shape[1], generator)
    index = torch.where(few[:, None], index, torch.arange(weights.shape[1], device=index.device))
    part.chains = part.chains.take(index)
    part.families = part.families.gather(1, index)
    even = torch.full_like(weights, 1.0 / weights.shape[1]).log()
    part.log_weights = torch.where(few[:, None], even, part.log_weights)


def _move(
    part: _Population,
    energy: Energy,
    states: Tensor,
    box: tuple[Tensor, Tensor],
    moves: int,
    generator: torch.Generator,
) -> None:
    for _ in range(moves):
        part.chains, probability = metropolis_step(
            energy, states, part.chains, part.cold, part.scale, box, generator
        )
        part.scale = adapted(part.scale, probability)
        part.acceptance = probability.mean(dim=1)


def _result(population: _Population, low: Tensor, high: Tensor) -> tuple[Tensor, AnnealedDiagnostics]:
    log_z = population.log_z + (high - low).double().log().sum()
    chains = population.chains
    return chains.actions, AnnealedDiagnostics(
        energies=chains.energies,
        weights=population.log_weights.exp(),
        log_z=log_z,
        log_z_error=population.variance.sqrt(),
        families=population.families,
        temperatures=population.count,
        acceptance=population.acceptance,
    )


def _variance(weights: Tensor, families: Tensor) -> Tensor:
    """Variance of an estimate of Z relative to its square, (B,), from how unlike the families' weights are.

    Exact in expectation as long as nobody was resampled; after that, families stay independent but for their
    competition, as systematic resampling keeps each one's share to within one particle.
    """
    count = weights.shape[1]
    shares = torch.zeros_like(weights).scatter_add_(1, families, weights)  # (B, families)
    return (shares - 1.0 / count).square().sum(dim=1) * (count / (count - 1.0))
