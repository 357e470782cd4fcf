"""The Celery application: queues `inference`, `training` and `experiments`; msgpack only, never pickle."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")

app = Celery("iifl")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["iifl_server.learning", "iifl_server.experiments"])
