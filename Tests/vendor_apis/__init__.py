"""Servers that play the documented wire behaviour of ten real APIs."""
