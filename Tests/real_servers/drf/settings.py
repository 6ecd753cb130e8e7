"""Django's settings. What differs from one start to the next comes from the environment."""

from __future__ import annotations

import json
import os

# Signs nothing that outlives a test.
SECRET_KEY = "of no use outside the tests"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "real_servers.drf.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "rest_framework.authtoken",
    "real_servers.drf",
]

# Content-Length, ETag, and 304 to a client that has the page already.
MIDDLEWARE = [
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["DRF_DATABASE"],
        # Two threads that write at once wait for each other.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10},
    }
}

# Throttles count in here. It is per process, so there is exactly one worker process.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Next links are absolute; behind a proxy that ends TLS they must say https.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The default hasher takes a tenth of a second of CPU for every request with a password.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# By scope, from the launcher; building the database needs none.
RATES = json.loads(os.environ.get("DRF_RATES", "{}"))

REST_FRAMEWORK = {
    # Only JSON: the browsable pages would need templates and static files.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_THROTTLE_RATES": RATES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
