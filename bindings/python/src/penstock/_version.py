"""The version of this package, in the one place that code reads it from."""

VERSION = "0.1.0"
