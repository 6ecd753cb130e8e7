"""The demonstration that `make demo` runs: real servers, real limits, and every result checked."""
