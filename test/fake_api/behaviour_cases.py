"""Faults, who may come in, limits."""
