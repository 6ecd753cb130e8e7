"""django-oauth-toolkit as an authorization server with an API behind it, on loopback.

`python oauth_toolkit.py FOLDER` prints {"url", "refresh_token"} and serves until its input ends.
Tokens live two seconds; refresh tokens are good for one use, and using one twice ends them all.
"""

from __future__ import annotations

import datetime
import json
import socketserver
import sys
import threading
import wsgiref.simple_server
from pathlib import Path
from typing import Any

# A twentieth of it is what a request may take on its way on a busy machine.
LIFE = 4
CLIENT, SECRET = "toolkit-client", "toolkit secret/+&"
REFRESHER = "toolkit-refresher"


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""


def configure(folder: Path) -> None:
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="only for tests",
        DEBUG=False,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="oauth_toolkit",
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "oauth2_provider",
        ],
        MIDDLEWARE=[],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "toolkit.db",
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        OAUTH2_PROVIDER={
            "ACCESS_TOKEN_EXPIRE_SECONDS": LIFE,
            "ROTATE_REFRESH_TOKEN": True,
            "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
            "SCOPES": {"read": "Reading"},
            "PKCE_REQUIRED": False,
        },
    )
    django.setup()


def fill() -> str:
    """Two clients, and a refresh token that somebody's consent gave. Returns it."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils import timezone
    from oauth2_provider.models import AccessToken, Application, RefreshToken

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("somebody")
    shared: dict[str, Any] = {"user": user, "client_type": Application.CLIENT_CONFIDENTIAL}
    Application.objects.create(
        name="machine",
        client_id=CLIENT,
        client_secret=SECRET,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        **shared,
    )
    refresher = Application.objects.create(
        name="refresher",
        client_id=REFRESHER,
        client_secret=SECRET,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="https://app.example.com/back",
        **shared,
    )
    ended = timezone.now() - datetime.timedelta(hours=1)
    access = AccessToken.objects.create(
        user=user, application=refresher, token="ended", expires=ended, scope="read"
    )
    refresh = RefreshToken.objects.create(
        user=user, application=refresher, token="first-refresh-token", access_token=access
    )
    return str(refresh.token)


def urls() -> list[Any]:
    from django.http import HttpRequest, JsonResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt
    from oauth2_provider.decorators import protected_resource
    from oauth2_provider.models import AccessToken, RefreshToken
    from oauth2_provider.views import TokenView

    asked = {"tokens": 0, "refused": 0}
    token_view = TokenView.as_view()

    @csrf_exempt
    def token(request: HttpRequest) -> Any:
        answer = token_view(request)
        asked["tokens"] += 1
        asked["refused"] += answer.status_code != 200
        return answer

    @protected_resource(scopes=["read"])  # type: ignore[untyped-decorator]
    def numbers(request: HttpRequest) -> JsonResponse:
        page = int(request.GET.get("page", 1))
        threading.Event().wait(0.05)
        return JsonResponse({"data": [page] if page <= 100 else []})

    def seen(request: HttpRequest) -> JsonResponse:
        live = RefreshToken.objects.filter(revoked=None).count()
        return JsonResponse(
            {**asked, "live_refresh_tokens": live, "access_tokens": AccessToken.objects.count()}
        )

    return [path("o/token/", token), path("numbers", numbers), path("seen", seen)]


def main() -> None:
    configure(Path(sys.argv[1]))
    refresh = fill()
    globals()["urlpatterns"] = urls()
    from django.core.wsgi import get_wsgi_application

    server = wsgiref.simple_server.make_server(
        "127.0.0.1", 0, get_wsgi_application(), server_class=Server, handler_class=Handler
    )
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    print(json.dumps({"url": url, "refresh_token": refresh}), flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    # Django imports the module by its name, too.
    sys.modules["oauth_toolkit"] = sys.modules["__main__"]
    main()
