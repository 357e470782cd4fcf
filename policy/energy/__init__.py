"""Networks of energy-based models, and the one convention of energies: low is good."""

from policy.energy.config import Architecture, NetworkConfig, PolicyConfig
from policy.energy.encoder import Encoder, ImageEncoder, StateEncoder, make_encoder
from policy.energy.head import EnergyHead, HeadWeights
from policy.energy.network import Energy, EnergyNetwork

__all__ = [
    "Architecture",
    "Encoder",
    "Energy",
    "EnergyHead",
    "EnergyNetwork",
    "HeadWeights",
    "ImageEncoder",
    "NetworkConfig",
    "PolicyConfig",
    "StateEncoder",
    "make_encoder",
]
