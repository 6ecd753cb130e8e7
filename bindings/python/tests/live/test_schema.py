"""The types of the documents have exactly the schema's keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import penstock
from penstock import _auth_types, _incremental_types, _record_types, _settings, _types, _value_types

TYPES: dict[str, Any] = {
    "Penstock source document": _types.SourceDocument,
    "Retries": _settings.Retry,
    "Log": _settings.Log,
    "Expectations": _settings.Expectations,
    "Drift": _settings.Drift,
    "Range": _settings.Range,
    "Freshness": _settings.Freshness,
    "Trace options": _settings.TraceOptions,
    "Events options": _settings.EventsOptions,
    "Server limits": _settings.ServerLimits,
    "Limit headers": _settings.LimitHeaders,
    "Circuit breaker": _settings.Breaker,
    "Timeouts": _settings.Timeouts,
    "Caps": _settings.Caps,
    "Connections": _settings.Connections,
    "Rate limit": _settings.RateLimit,
    "Concurrency limit": _settings.ConcurrencyLimit,
    "Cost limit": _settings.CostLimit,
    "Spacing": _settings.Spacing,
    "Requests of a limit": _settings.LimitedRequests,
    "Cost": _settings.Cost,
    "Acquire options": _settings.AcquireOptions,
    "Shared limits": _types.SharedLimits,
    "Shared on one host": _types.HostShare,
    "Shared through Redis": _types.RedisShare,
    "Rotation": _types.JobRotation,
    "State in Redis": _types.RedisState,
    "Parameter": _types.Parameter,
    "Environment variable": _types.Environment,
    "File": _types.File,
    "API key": _auth_types.APIKey,
    "Bearer token": _auth_types.Bearer,
    "Basic": _auth_types.Basic,
    "AWS Signature Version 4": _auth_types.AWSSignature,
    "OAuth 2 client credentials": _auth_types.OAuthClientCredentials,
    "OAuth 2 refresh token": _auth_types.OAuthRefreshToken,
    "OAuth 2 password": _auth_types.OAuthPassword,
    "OAuth 2 JWT bearer": _auth_types.OAuthJWTBearer,
    "Token request": _auth_types.TokenRequest,
    "Token of the host": _auth_types.HostToken,
    "Signature of the host": _auth_types.HostSignature,
    "User and password": _auth_types.UserAndPassword,
    "Choice": _auth_types.AuthChoice,
    "No credentials": _auth_types.NoAuth,
    "Cursor": _types.CursorPagination,
    "Offset": _types.OffsetPagination,
    "Page number": _types.PagePagination,
    "Next URL": _types.NextURLPagination,
    "Link header": _types.LinkPagination,
    "Detection": _types.DetectedPagination,
    "One page": _types.NoPagination,
    "Page size": _types.PageSize,
    "Restart": _types.Restart,
    "Slot": _value_types.Slot,
    "Body": _value_types.BodyValue,
    "Header": _value_types.HeaderValue,
    "Link": _value_types.LinkValue,
    "Last record": _value_types.LastRecordValue,
    "Query parameter": _value_types.QueryParamValue,
    "First of several": _value_types.FirstValue,
    "First record": _value_types.FirstRecordValue,
    "Found in a list": _value_types.FoundValue,
    "Page value": _value_types.PageValue,
    "Constant": _value_types.ConstantValue,
    "Parameter value": _value_types.ParameterValue,
    "Sum": _value_types.SumValue,
    "Stop rule": _value_types.StopRule,
    "Field": _types.Field,
    "Body field": _types.BodyField,
    "GraphQL request": _types.GraphQL,
    "Records": _record_types.Records,
    "Object map": _record_types.ObjectMap,
    "Scalars": _record_types.Scalars,
    "Rows with a header": _record_types.RowsWithHeader,
    "Columns": _record_types.Columns,
    "Children": _record_types.Children,
    "All": _record_types.AllFilter,
    "Any": _record_types.AnyFilter,
    "Not": _record_types.NotFilter,
    "Condition": _record_types.FieldFilter,
    "Added value of the walk": _record_types.AddedOver,
    "Added constant": _record_types.AddedConstant,
    "Remembered keys": _record_types.RememberedKeys,
    "Error rule": _record_types.ErrorRule,
    "Body test": _record_types.BodyTest,
    "Header test": _record_types.HeaderTest,
    "Message": _record_types.ErrorMessage,
    "Wait from a header": _record_types.HeaderWait,
    "Wait from the body": _record_types.BodyWait,
    "Wait until": _record_types.WaitUntil,
    "Piece of a value": _types.Piece,
    "Stream": _types.Stream,
    "Over a parent stream": _types.OverStreamWalks,
    "Over the items of a list": _types.OverItemsWalks,
    "Over each combination": _types.OverProduct,
    "List parameter": _types.OverList,
    "Parent": _types.OverInstead,
    "Over several parent streams": _types.OverStreamsWalks,
    "Value of the parent": _types.OverValue,
    "Incremental reading": _incremental_types.Incremental,
    "Place of the start": _incremental_types.IncrementalBound,
    "Place of the end": _incremental_types.IncrementalBound,
    "Bound of the window": _incremental_types.WindowValue,
    "Read-ahead": _types.ReadAhead,
    "Request": _types.RequestDocument,
    "Client options": _types.ClientOptions,
    "Paginator options": _types.PaginatorOptions,
    "Job": _types.JobDocument,
    "Source of a job": _types.JobSource,
    "Output": _types.JobOutput,
}


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "title" in schema and isinstance(schema.get("properties"), dict):
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_every_object_of_the_schema_has_a_type_with_its_keys() -> None:
    found: dict[str, set[str]] = {}
    for schema in objects(penstock.schema()):
        # An object may stand in several places; all of them together are what it can have.
        found.setdefault(schema["title"], set()).update(schema["properties"])
    typed = {title: set(kind.__annotations__) for title, kind in TYPES.items()}
    # A mapping of TypedDict bases: __annotations__ has the inherited keys too.
    assert found == typed


def test_what_the_schema_requires_is_known_where_types_require_it() -> None:
    required = {
        schema["title"]: set(schema.get("required", ())) for schema in objects(penstock.schema())
    }
    for title, kind in TYPES.items():
        assert kind.__required_keys__ <= required[title], title


def test_the_schema_has_the_documents_that_functions_take() -> None:
    wanted = {"client_options", "request", "paginator_options", "limiter", "job"}
    assert wanted <= set(penstock.schema()["$defs"])
