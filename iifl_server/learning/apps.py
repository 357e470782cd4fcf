"""Application of learning."""

from django.apps import AppConfig


class LearningConfig(AppConfig):
    """Checkpoints and retrainings."""

    name = "iifl_server.learning"
    verbose_name = "Learning"
