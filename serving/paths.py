"""Paths as metrics and logs may know them: with `{id}` where a person's id stands.

Labels of metrics are kept for ever and logs are read by many: neither may hold account ids, and a
label for every account would fill the disk.
"""

from collections.abc import Iterable

OPEN = frozenset({"/livez", "/readyz", "/healthz"})
"""Paths that need no key."""

HOOKS = "/v1/hooks/"
"""Paths with a secret of their own."""

APPEALS = "/appeal/"
"""The page for people who object: a signed link is all that it needs."""

_PLAIN = OPEN | {
    "/",
    "/metrics",
    "/docs.json",
    "/schema.json",
    "/score_posts",
    "/score_accounts",
    "/assess_group",
}
_SUBJECTS = {"accounts", "posts", "trends"}
OTHER = "/{other}"


class Templates:
    """Tells the template of a path: from a fixed, small set, whatever is asked."""

    def __init__(self, routes: Iterable[str]) -> None:
        """`routes`: the templates of the mounted API, such as `/v1/groups/{group_id}`."""
        self._words = {
            word for route in routes for word in route.split("/") if word and "{" not in word
        }

    def of(self, path: str) -> str:
        """The template of a path; `/{other}` for what is not there at all."""
        if path in _PLAIN:
            return path
        if path.startswith(APPEALS):
            return f"{APPEALS}{{link}}"
        if not path.startswith("/v1/"):
            return "/static_content/{file}" if path.startswith("/static_content/") else OTHER
        words = path.split("/")[2:]
        if words[0] not in self._words:
            return OTHER
        # The id of a post may hold slashes (an at:// address), so it is all of the rest.
        if words[0] == "restrictions" and len(words) > 2 and words[1] in _SUBJECTS:
            return f"/v1/restrictions/{words[1]}/{{id}}"
        known = [
            word if at == 0 or word in self._words else "{id}" for at, word in enumerate(words[:4])
        ]
        return "/v1/" + "/".join(known)
