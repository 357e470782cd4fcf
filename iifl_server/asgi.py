"""The web process: Django over HTTP, Channels over WebSocket."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from iifl_server.hosts import NamedOriginValidator  # noqa: E402
from iifl_server.live.routing import websocket_urlpatterns  # noqa: E402  (needs the applications loaded)

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": NamedOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
