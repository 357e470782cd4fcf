"""Application of people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, roles, audit log."""

    name = "iifl_server.accounts"
    verbose_name = "People"
