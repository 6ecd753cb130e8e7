"""Importing this makes every layer and endpoint known to the router."""

from __future__ import annotations

from practice_api import auth, faults, layers, oauth, origins, writes

__all__ = ["auth", "faults", "layers", "oauth", "origins", "writes"]
