"""Networks of energy-based models, and the one convention of energies: low is good."""

from policy.energy.config import NetworkConfig, PolicyConfig
from policy.energy.encoder import ImageEncoder, StateEncoder, make_encoder
from policy.energy.network import Energy, EnergyHead, EnergyNetwork

__all__ = [
    "Energy",
    "EnergyHead",
    "EnergyNetwork",
    "ImageEncoder",
    "NetworkConfig",
    "PolicyConfig",
    "StateEncoder",
    "make_encoder",
]
