"""The credentials of source documents; `_types` has the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

if TYPE_CHECKING:
    from ._types import Headers, Limits, Parameter, Query, Secret


class _Slots(TypedDict, total=False):
    header: str
    query: str
    form: str
    json: str | Sequence[str]


class _APIKey(TypedDict):
    type: Literal["api_key"]
    value: Secret


class APIKey(_APIKey, _Slots, total=False):
    """A text in a header (`X-API-Key`), query parameter, form field or JSON member."""

    prefix: str


class Bearer(TypedDict):
    """`Authorization: Bearer`."""

    type: Literal["bearer"]
    token: Secret


class _Basic(TypedDict):
    type: Literal["basic"]


class UserAndPassword(TypedDict, total=False):
    """Either part may be empty, not both."""

    username: Secret
    password: Secret


class Basic(_Basic, UserAndPassword, total=False):
    """`Authorization: Basic`."""


class _AWSSignature(TypedDict):
    type: Literal["aws_sigv4"]
    access_key_id: Secret
    secret_access_key: Secret
    region: str
    service: str


class AWSSignature(_AWSSignature, total=False):
    """AWS Signature Version 4."""

    session_token: Secret


class _Token(_Slots, total=False):
    prefix: str
    life: str


class _AskedToken(_Token, total=False):
    timeout: str
    attempts: int
    limits: Limits
    store: Secret


class _OAuth(_AskedToken, total=False):
    client_secret: Secret
    client_auth: Literal["post", "basic", "none"]
    algorithm: Literal["RS256", "ES256"]
    key_id: str
    jwt_audience: str
    claims: Mapping[str, Any]
    scope: str
    audience: str
    resource: str
    fields: Query


class _ClientCredentials(TypedDict):
    type: Literal["oauth2_client_credentials"]
    token_url: str | Parameter
    client_id: Secret


class OAuthClientCredentials(_ClientCredentials, _OAuth, total=False):
    """A token for the client itself."""

    private_key: Secret


class _RefreshToken(TypedDict):
    type: Literal["oauth2_refresh_token"]
    token_url: str | Parameter
    refresh_token: Secret


class OAuthRefreshToken(_RefreshToken, _OAuth, total=False):
    """A token by a refresh token."""

    client_id: Secret
    private_key: Secret


class _Password(TypedDict):
    type: Literal["oauth2_password"]
    token_url: str | Parameter
    username: Secret
    password: Secret


class OAuthPassword(_Password, _OAuth, total=False):
    """A token by a user's name and password."""

    client_id: Secret
    private_key: Secret
    refresh_url: str | Parameter


class _JWTBearer(TypedDict):
    type: Literal["oauth2_jwt_bearer"]
    token_url: str | Parameter
    private_key: Secret


class OAuthJWTBearer(_JWTBearer, _OAuth, total=False):
    """A token by a statement signed with a private key."""

    client_id: Secret
    issuer: Secret
    subject: Secret


class _TokenRequest(TypedDict):
    type: Literal["token_request"]
    url: str | Parameter


class TokenRequest(_TokenRequest, _AskedToken, total=False):
    """One request that gives a token, whatever it looks like."""

    method: Literal["POST", "GET", "PUT"]
    headers: Headers
    query_fields: Query
    form_fields: Query
    json_body: Any
    basic: UserAndPassword
    token: str
    expires: str
    expires_format: Literal["auto", "seconds", "milliseconds", "epoch", "epoch_ms", "date"]


class _HostToken(TypedDict):
    type: Literal["host_token"]
    name: str


class HostToken(_HostToken, _Token, total=False):
    """A token that a callable of `Client(credentials=…)` gives."""


class HostSignature(TypedDict):
    """Header fields that a callable of `Client(credentials=…)` gives."""

    type: Literal["host_signature"]
    name: str


class _Choice(TypedDict):
    type: Literal["choice"]
    param: str
    of: Mapping[str, Auth | Sequence[Auth]]


class AuthChoice(_Choice, total=False):
    """One of several ways, named by a parameter."""

    default: str


class NoAuth(TypedDict):
    """Requests go out as they are."""

    type: Literal["none"]


Auth = Union[
    APIKey,
    Bearer,
    Basic,
    AWSSignature,
    OAuthClientCredentials,
    OAuthRefreshToken,
    OAuthPassword,
    OAuthJWTBearer,
    TokenRequest,
    HostToken,
    HostSignature,
    AuthChoice,
    NoAuth,
]
