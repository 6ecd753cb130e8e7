"""Paginators, throttles and logins as the framework ships them; only names and sizes are set."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.authentication import BasicAuthentication, TokenAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.pagination import (
    CursorPagination,
    LimitOffsetPagination,
    PageNumberPagination,
)
from rest_framework.permissions import IsAuthenticated
from rest_framework.serializers import ModelSerializer
from rest_framework.throttling import AnonRateThrottle, ScopedRateThrottle
from rest_framework.viewsets import ModelViewSet

from real_servers.drf.models import Record


class RecordSerializer(ModelSerializer[Record]):
    class Meta:
        model = Record
        fields = "__all__"


class ByPageNumber(PageNumberPagination):
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1_000


class ByLimitOffset(LimitOffsetPagination):
    default_limit = 100
    max_limit = 1_000


class ByCursor(CursorPagination):
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1_000
    # The cursor holds only the first of these; the paginator counts its way through equal values.
    ordering = ("created", "id")


class AllRecords(ListAPIView[Record]):
    """Everything, or what `created_gte` and `created_lt` leave of it."""

    serializer_class = RecordSerializer

    def get_queryset(self) -> QuerySet[Record]:
        records = Record.objects.all()
        for name, lookup in (("created_gte", "created__gte"), ("created_lt", "created__lt")):
            if text := self.request.query_params.get(name):
                try:
                    moment = parse_datetime(text)
                except ValueError:
                    moment = None
                if moment is None or moment.tzinfo is None:
                    raise ValidationError({name: ["Not a time with an offset."]})
                records = records.filter(**{lookup: moment})
        return records


class Unpaginated(AllRecords):
    """One bare list."""

    pagination_class = None


class PageNumber(AllRecords):
    pagination_class = ByPageNumber


class LimitOffset(AllRecords):
    pagination_class = ByLimitOffset


class Cursor(AllRecords):
    pagination_class = ByCursor


class Records(ModelViewSet[Record]):
    """Reading and writing: lets a test shift the data while it is being walked."""

    queryset = Record.objects.all()
    serializer_class = RecordSerializer
    pagination_class = ByPageNumber


class ThrottledAnonymous(PageNumber):
    throttle_classes = (AnonRateThrottle,)


class ThrottledByScope(PageNumber):
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "scoped"


class ThrottledPerMinute(PageNumber):
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "per-minute"


class WithToken(Cursor):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)


class WithPassword(PageNumber):
    authentication_classes = (BasicAuthentication,)
    permission_classes = (IsAuthenticated,)
