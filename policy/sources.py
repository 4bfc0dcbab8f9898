"""Sources of an incident: their worth by the Admiralty code, and how many are independent.

Copies count once: the same address, the same publisher, or a declared copy of another is one
source. Source of the code: NATO AJP-2.1, reliability A-F and credibility 1-6.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import StringConstraints, model_validator

from policy.words import Value

Admiralty = Annotated[str, StringConstraints(pattern=r"^[A-Fa-f][1-6]$", to_upper=True)]
"""Reliability of the source (A completely … E not, F unknown) and credibility of what it says
(1 confirmed … 5 improbable, 6 unknown)."""

_TRACKING = re.compile(r"^(utm_.*|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|ref|ref_src|cmpid)$")


def canonical_url(url: str) -> str:
    """One address for the many ways to write it: no scheme, www, tracking, fragment, last slash."""
    parts = urlsplit(url.strip() if "//" in url else f"//{url.strip()}")
    host = re.sub(r"^(www|m|mobile|amp)\.", "", (parts.hostname or "").casefold())
    kept = sorted((k, v) for k, v in parse_qsl(parts.query) if not _TRACKING.match(k.casefold()))
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{host}{parts.path.rstrip('/')}{query}"


class Source(Value):
    """Where a report can be read, who published it, and how far it can be believed."""

    url: str = ""
    publisher: str = ""
    credibility: Admiralty = "F6"
    """Unless judged, nothing is known of it, and it confirms nothing."""
    origin: str = ""
    """Who first reported it, such as the agency behind a reprint; empty where it is the source."""
    copy_of: str = ""
    """The address that it copies, where that is known."""
    hostile: bool = False
    """Whether the publisher is a declared opponent of the group."""
    retracted: bool = False

    @model_validator(mode="after")
    def _found_somewhere(self) -> Self:
        if not self.url and not self.publisher:
            raise ValueError("a source needs a url or a publisher")
        return self

    @property
    def credible(self) -> bool:
        """At least fairly reliable (A-C), at least possibly true (1-3), and not retracted."""
        return self.credibility[0] in "ABC" and self.credibility[1] in "123" and not self.retracted

    @property
    def voice(self) -> str:
        """Who speaks: the publisher, or the host where none is named."""
        return (self.publisher or canonical_url(self.url).split("/")[0]).casefold()

    @property
    def story(self) -> str:
        """What is told: the declared origin, the original's address, or its own."""
        told = self.origin or self.copy_of or self.url
        return canonical_url(told) if "/" in told else told.casefold() or self.voice


def resolved(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Follow declared copies to their originals among `sources`; a copy falls with its original."""
    listed = tuple(sources)
    by_url = {canonical_url(one.url): one for one in listed if one.url}

    def trace(source: Source) -> Source:
        chain = [source]
        while chain[-1].copy_of:
            original = by_url.get(canonical_url(chain[-1].copy_of))
            if original is None or original in chain:
                break
            chain.append(original)
        # In a ring of copies nobody is the original; the first address stands for all of it.
        first = min(chain, key=lambda one: one.story) if chain[-1].copy_of else chain[-1]
        if len(chain) == 1:
            return source
        return source.model_copy(
            update={
                "origin": first.origin,
                "copy_of": first.copy_of or first.url,
                "retracted": any(one.retracted for one in chain),
            }
        )

    return tuple(trace(one) for one in listed)


def independent(sources: Iterable[Source]) -> int:
    """The most sources that can be chosen so that no two share a voice or a story.

    It is the largest matching between voices and stories, by augmenting paths, so that one source
    more never makes fewer: merging sources into clusters would, where a new one ties two together.
    """
    stories: dict[str, set[str]] = {}
    for source in sources:
        stories.setdefault(source.voice, set()).add(source.story)
    told: dict[str, str] = {}
    teller: dict[str, str] = {}
    for voice in sorted(stories):
        reached_by: dict[str, str] = {}
        to_place = [voice]
        free: str | None = None
        while to_place and free is None:
            asking = to_place.pop()
            for story in sorted(stories[asking] - reached_by.keys()):
                reached_by[story] = asking
                if story not in teller:
                    free = story
                    break
                to_place.append(teller[story])
        while free is not None:
            placed = reached_by[free]
            left = told.get(placed)
            teller[free], told[placed] = placed, free
            free = left
    return len(told)
