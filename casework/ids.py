"""New ids: a word that says of what, and 64 random bits."""

import secrets


def new_id(what: str) -> str:
    """Such as `case_5f0c…`."""
    return f"{what}_{secrets.token_hex(8)}"
