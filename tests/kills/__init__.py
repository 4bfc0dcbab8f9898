"""Killing the parts of Concert outright, again and again, and looking for what was lost."""
