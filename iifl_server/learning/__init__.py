"""Datasets, checkpoints, retraining and the inference worker."""
