"""The server room: joins policy and robots, people and machines."""

from iifl_server.celery import app as celery_app

__all__ = ["celery_app"]
