"""The routes, and the WSGI application that answers them."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.routers import SimpleRouter

from real_servers.drf import views

router = SimpleRouter()
router.register("records", views.Records)

urlpatterns = [
    path("page-number/", views.PageNumber.as_view()),
    path("limit-offset/", views.LimitOffset.as_view()),
    path("cursor/", views.Cursor.as_view()),
    path("unpaginated/", views.Unpaginated.as_view()),
    path("throttled/anon/", views.ThrottledAnonymous.as_view()),
    path("throttled/scoped/", views.ThrottledByScope.as_view()),
    path("throttled/per-minute/", views.ThrottledPerMinute.as_view()),
    path("token/", obtain_auth_token),
    path("with-token/", views.WithToken.as_view()),
    path("with-password/", views.WithPassword.as_view()),
    path("", include(router.urls)),
]
