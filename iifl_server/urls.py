"""Addresses of the pages."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import path

from iifl_server import pages
from iifl_server.accounts.views import SignInView

urlpatterns = [
    path("", pages.home, name="home"),
    path("sign-in/", SignInView.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("console/", pages.console, name="console"),
    path("fleet/", pages.fleet, name="fleet"),
    path("arms/", pages.arms, name="arms"),
    path("station/", pages.station, name="station"),
    path("healthz", pages.health, name="health"),
    path("api/runs/<int:run>/history", pages.history, name="run-history"),
    path("admin/", admin.site.urls),
]
handler400 = "iifl_server.pages.bad_request"
handler403 = "iifl_server.pages.forbidden"
handler404 = "iifl_server.pages.not_found"
handler500 = "iifl_server.pages.server_error"
