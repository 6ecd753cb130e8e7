"""Servers written by others, each started with settings of ours on loopback ports of its own."""
