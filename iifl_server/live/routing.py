"""Address of the live socket."""

from django.urls import path

from iifl_server.live.consumers import LiveConsumer

websocket_urlpatterns = [path("ws/live/", LiveConsumer.as_asgi())]
