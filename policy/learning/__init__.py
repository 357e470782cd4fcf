"""From data to weights, and weights to files."""

from policy.learning.augmentation import AugmentationConfig, augment, augment_fold
from policy.learning.checkpoint import load_checkpoint, save_checkpoint
from policy.learning.config import TrainingConfig, published, refined
from policy.learning.contrastive import ContrastiveLoss, contrastive_loss
from policy.learning.counter_examples import CounterExampleConfig
from policy.learning.curves import CurvePoint
from policy.learning.dataset import Dataset
from policy.learning.evaluation import HeldOut, evaluate, nearest_action_error, sample_actions
from policy.learning.kinds import Density, OwnLoss, Policy
from policy.learning.losses import gradient_penalty, info_nce
from policy.learning.trainer import TrainingReport, train

__all__ = [
    "AugmentationConfig",
    "ContrastiveLoss",
    "CounterExampleConfig",
    "CurvePoint",
    "Dataset",
    "Density",
    "HeldOut",
    "OwnLoss",
    "Policy",
    "TrainingConfig",
    "TrainingReport",
    "augment",
    "augment_fold",
    "contrastive_loss",
    "evaluate",
    "gradient_penalty",
    "info_nce",
    "load_checkpoint",
    "nearest_action_error",
    "published",
    "refined",
    "sample_actions",
    "save_checkpoint",
    "train",
]
