"""Networks of energy-based models, and the one convention of energies: low is good."""

from policy.energy.autoregressive import AutoregressiveHead
from policy.energy.config import Architecture, NetworkConfig, PolicyConfig
from policy.energy.encoder import Encoder, ImageEncoder, StateEncoder, make_encoder
from policy.energy.fast import FastEnergy
from policy.energy.graphs import GraphedEnergy, fast_energy
from policy.energy.head import EnergyHead, HeadWeights
from policy.energy.network import Energy, EnergyNetwork

__all__ = [
    "Architecture",
    "AutoregressiveHead",
    "Encoder",
    "Energy",
    "EnergyHead",
    "EnergyNetwork",
    "FastEnergy",
    "GraphedEnergy",
    "HeadWeights",
    "ImageEncoder",
    "NetworkConfig",
    "PolicyConfig",
    "StateEncoder",
    "fast_energy",
    "make_encoder",
]
