"""Measurements against peers and limits: what needs size, and so has no place among the tests."""
