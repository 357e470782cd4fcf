"""Application of experiments."""

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    """Trials that many machines work on."""

    name = "iifl_server.experiments"
    verbose_name = "Experiments"
