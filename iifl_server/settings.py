"""Settings of the project; everything that differs between machines comes from the environment."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF

from iifl_server import data_folder, environment
from iifl_server.brokers import server_urls, socket_path, socket_urls
from iifl_server.environment import complaints, listed, value
from iifl_server.errors import SettingsError

REPOSITORY = Path(__file__).resolve().parent.parent
_home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
_own = REPOSITORY / "var" if (REPOSITORY / "manage.py").exists() else Path(_home) / "iifl"
"""Beside the code of a checkout; an installed package keeps data where people's programs do."""
DATA = Path(os.path.abspath(Path(value("IIFL_DATA") or _own).expanduser()))
os.environ["IIFL_DATA"] = str(DATA)  # Processes that are started from here may stand in other folders.
COMPLAINTS = complaints()
if not any(sentence.startswith("IIFL_DATA ") for sentence in COMPLAINTS):
    must_exist = value("IIFL_DATA_MUST_EXIST", "0") == "1"
    COMPLAINTS += [sentence for sentence in (data_folder.prepare(DATA, must_exist=must_exist),) if sentence]
if COMPLAINTS and not environment.tolerant:
    raise SettingsError("\n".join(COMPLAINTS))
SHIPPED = Path(value("IIFL_SHIPPED") or REPOSITORY / "iifl_server" / "learning" / "shipped").expanduser()
"""Weights that runs begin with, a folder per task."""


def _secret_key() -> str:
    """From the environment, else made once and kept; where nothing can be kept, for this process alone."""
    if given := value("IIFL_SECRET_KEY"):
        return given
    try:
        return data_folder.secret_key(DATA)
    except OSError:
        if not environment.tolerant:
            raise
        return secrets.token_urlsafe(50)


def _database(given: str) -> dict[str, Any]:
    """Django's entry for it. The embedded one is given as a path: an address would cut at # and ?."""
    if not given:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA / "iifl.sqlite3")}
    return dict(dj_database_url.parse(given))


DEBUG = value("IIFL_DEBUG", "0") == "1"
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = listed(value("IIFL_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"))
CSRF_TRUSTED_ORIGINS = listed(value("IIFL_TRUSTED_ORIGINS"))
HTTPS = value("IIFL_HTTPS", "0") == "1"
"""1 behind a proxy that speaks HTTPS and sets X-Forwarded-Proto: cookies are then sent by HTTPS alone."""

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "iifl_server",
    "iifl_server.accounts",
    "iifl_server.learning",
    "iifl_server.fleets",
    "iifl_server.live",
    "iifl_server.experiments",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "iifl_server.hosts.HostMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "iifl_server.urls"
ASGI_APPLICATION = "iifl_server.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [REPOSITORY / "frontend" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Data ---------------------------------------------------------------------------------------------
DATABASES: dict[str, Any] = {"default": _database(value("DATABASE_URL"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers queue up instead of failing half way, and what is committed survives a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    DATABASES["default"]["TEST"] = {
        "NAME": str(Path(tempfile.gettempdir()) / f"iifl-test-{os.getpid()}.sqlite3")
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker -------------------------------------------------------------------------------------------
BROKER_SOCKET = Path(value("IIFL_BROKER_SOCKET") or socket_path(DATA / "valkey"))
_broker_url, _frames_url = value("IIFL_BROKER_URL"), value("IIFL_FRAMES_URL")
BROKERS = server_urls(_broker_url, _frames_url) if _broker_url else socket_urls(BROKER_SOCKET, _frames_url)
CHANNEL_LAYERS = BROKERS.channel_layers

CELERY_BROKER_URL = BROKERS.celery
CELERY_RESULT_BACKEND = BROKERS.results
CELERY_TASK_SERIALIZER = "msgpack"
CELERY_RESULT_SERIALIZER = "msgpack"
CELERY_ACCEPT_CONTENT = ["msgpack"]
CELERY_TASK_DEFAULT_QUEUE = "experiments"
CELERY_TASK_ROUTES = {
    "iifl.decide": {"queue": "inference"},
    "iifl.retrain": {"queue": "training"},
}
CELERY_WORKER_POOL = "solo"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_RESULT_EXPIRES = 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- People -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Person"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# --- Security -----------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "iifl_server.hosts.form_refused"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# --- Pages --------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [REPOSITORY / "frontend" / "static"]
STATIC_ROOT = value("IIFL_STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 60
LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": value("IIFL_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "celery.app.trace",
            "celery.worker.strategy",
            "daphne.http_protocol",
            "torch",
            "asyncssh",
            "django.channels.server",
        )
    },
}
