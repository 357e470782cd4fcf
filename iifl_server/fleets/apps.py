"""Application of fleets."""

from django.apps import AppConfig


class FleetsConfig(AppConfig):
    """Runs, robots, assignments, interventions."""

    name = "iifl_server.fleets"
    verbose_name = "Fleets"
