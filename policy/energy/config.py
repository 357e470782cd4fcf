"""What decides the shape of a network; stored with its weights."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from policy.errors import InputError

Architecture = Literal["mlp", "residual", "autoregressive"]
"""Of the head: `mlp` is layer after layer; `residual` is head_depth // 2 blocks of two layers after the first
layer, each with a way round it; `autoregressive` is one `mlp` for each component of the action, given the
components before it."""


@dataclass(frozen=True)
class NetworkConfig:
    """One encoder and what stands on it; the same for implicit and explicit policies."""

    observation_shape: tuple[int, ...] = (64, 64, 3)
    """(H, W, 3) for uint8 RGB images, H and W multiples of 8; (S,) for float32 states."""
    action_size: int = 2
    """A; actions lie in [-1, 1]^A."""
    channels: tuple[int, int, int] = (16, 32, 32)
    """Outputs of the three stride-2 convolutions of an image encoder."""
    features: int = 64
    """F, size of what an image encoder hands on; states are handed on as they are."""
    width: int = 256
    """Units of each hidden layer of the head."""
    depth: int = 2
    """Hidden layers of the head on images, at least 1."""
    state_depth: int = 6
    """Hidden layers of the head on states, at least 1 (6 x 256 in the published experiments)."""
    architecture: Architecture = "mlp"
    """Of an energy's head; explicit networks are always `mlp`."""
    spectral_norm: bool = False
    """Divide each matrix of an energy's head, but the last, by its largest singular value. The last one is
    left alone because its size is the inverse temperature of the energy."""
    prior_width: int = 0
    """Units of each hidden layer of a random network that is added to an energy and never trained; 0 adds
    none. Members have different ones: training makes up for them where there are data, and nowhere else, so
    that members disagree where neither has seen anything (Osband, Aslanides and Cassirer, 2018)."""
    prior_scale: float = 1.0
    """Standard deviation of the random network over the actions of a state [nats]."""
    normalise: bool = False
    """Standardise states by mean and deviation of the data that the policy is first trained on."""

    def __post_init__(self) -> None:
        shape = self.observation_shape
        image = len(shape) == 3 and shape[2] == 3 and all(side >= 8 and side % 8 == 0 for side in shape[:2])
        if not image and not (len(shape) == 1 and shape[0] >= 1):
            raise InputError(
                f"observation_shape is {shape}; valid is (S,) or (H, W, 3) with H and W multiples of 8"
            )
        if len(self.channels) != 3:
            raise InputError(f"channels is {self.channels}; valid are three numbers")
        sizes = (
            self.action_size,
            *self.channels,
            self.features,
            self.width,
            self.depth,
            self.state_depth,
        )
        if min(sizes) < 1:
            raise InputError(f"every size of a network must be at least 1, but they are {sizes}")
        if self.architecture not in get_args(Architecture):
            valid = ", ".join(get_args(Architecture))
            raise InputError(f"architecture is {self.architecture!r}; valid are {valid}")
        if self.architecture == "residual" and self.head_depth < 2:
            raise InputError(f"a residual head has {self.head_depth} hidden layers; valid is at least 2")
        if self.prior_width < 0 or not 0 < self.prior_scale < math.inf:
            raise InputError(
                f"prior_width {self.prior_width} must be at least 0 and prior_scale {self.prior_scale} a "
                "finite number above 0"
            )
        if self.prior_width and self.architecture == "autoregressive":
            raise InputError("prior_width with architecture autoregressive; valid are mlp and residual")
        for name in ("spectral_norm", "normalise"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is {getattr(self, name)!r}; valid are True and False")
        if self.normalise and self.from_images:
            raise InputError(
                "normalise is True; images are scaled in any case, so it is valid for states only"
            )

    @property
    def from_images(self) -> bool:
        """Whether observations are images, not states."""
        return len(self.observation_shape) == 3

    @property
    def encoded_size(self) -> int:
        """F of images, S of states."""
        return self.features if self.from_images else self.observation_shape[0]

    @property
    def head_depth(self) -> int:
        """Hidden layers of the head that this configuration builds."""
        return self.depth if self.from_images else self.state_depth


@dataclass(frozen=True)
class PolicyConfig:
    """One policy: its networks and how many of them."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    members: int = 2
    """Networks trained side by side; member 0 acts for an implicit policy, the mean for an explicit one."""
    bootstrap: bool = True
    """Each member learns from its own resample of the original samples, not from all of them."""
    bootstrap_seed: int = 0
    """Decides the resamples; kept with the weights, so that a member keeps its sample as data grow."""
    familiarity: float = 0.0
    """Of implicit policies of states: weight of what lies beyond all that was learned from, which the policy
    then remembers: t of a state is this times the logarithm of its distance, and t squared is added to the
    divergence (`policy/uncertainty/familiarity.py`). 0 leaves the divergence of the energies alone."""

    def __post_init__(self) -> None:
        if self.members < 1:
            raise InputError(f"members is {self.members}; valid is at least 1")
        if self.bootstrap_seed < 0:
            raise InputError(f"bootstrap_seed is {self.bootstrap_seed}; valid is 0 or more")
        if not 0 <= self.familiarity < math.inf:
            raise InputError(f"familiarity is {self.familiarity}; valid is a finite number from 0")
        if self.familiarity and self.network.from_images:
            raise InputError(
                f"familiarity is {self.familiarity} with images, between which distances mean little; valid "
                "is 0"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PolicyConfig":
        """Inverse of `to_dict`, also after a trip through JSON; raises InputError for what is not one."""
        try:
            given = dict(values)
            network: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in dict(given.pop("network")).items()
            }
            return cls(network=NetworkConfig(**network), **given)
        except InputError:
            raise
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"not a policy configuration: {error!r}") from error
