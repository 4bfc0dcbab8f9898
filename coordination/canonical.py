"""When two posts share "the same" thing: URLs, domains, hashtags and texts made comparable.

Each function takes and gives an Ibis string expression; patterns stay within what RE2 (DuckDB)
and Java (Spark) both understand: no look-around and no back-references.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

TRACKING = (
    "utm_[a-z_]+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh"
    "|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|vero_id|oly_anon_id|oly_enc_id|wickedid|ref_src|ref_url"
    "|ncid|cmpid|spm|si|smid|s_cid|feature"
)
"""Query parameters that say how a link travelled, not where it leads."""

MIN_TEXT = 20
"""Characters of a text after normalisation below which sameness says nothing (greetings, "lol")."""


REPOST_MARK = r"^\s*(?i:rt)\s+@[\p{L}\p{N}_]+"
"""How exports without a column for it mark a repost."""


def url(raw: ir.StringValue) -> ir.StringValue:
    """A URL without scheme, `www.`, default port, fragment, tracking and closing slash.

    The host is lower case, the path keeps its case. What is no URL becomes the empty string.

    >>> # HTTPS://WWW.Example.org:443/A/?utm_source=x&id=1#top  ->  example.org/A/?id=1
    """
    bare = raw.strip().re_replace(r"^(?i:https?:)?//", "").re_replace(r"#.*$", "")
    host = bare.re_extract(r"^([^/?]*)", 1).lower()
    rest = bare.re_replace(r"^[^/?]*", "")
    host = host.re_replace(r"^[^@]*@", "").re_replace(r"^www\.", "").re_replace(r":(80|443)$", "")
    # Every parameter gets its own "&" first, so that one pattern takes any of them out.
    rest = rest.re_replace(r"\?", "?&").re_replace(rf"&(?i:{TRACKING})=[^&]*", "")
    rest = rest.re_replace(r"&+", "&").re_replace(r"\?&", "?").re_replace(r"[?&/]+$", "")
    is_host = host.re_search(r"^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)+(:[0-9]+)?$")
    return is_host.ifelse(host + rest, "")


def domain(raw: ir.StringValue) -> ir.StringValue:
    """The host of a URL, canonical as in `url`; the empty string where there is none."""
    return url(raw).re_extract(r"^([^/?:]*)", 1)


def hashtag(raw: ir.StringValue) -> ir.StringValue:
    """A hashtag in lower case without its sign."""
    return raw.strip().re_replace(r"^[#\x{FF03}]+", "").lower()


def text(raw: ir.StringValue) -> ir.StringValue:
    """A text in lower case without links, mentions, `RT @x:`, punctuation and double spaces.

    Shorter than MIN_TEXT after that: the empty string, which is no object.
    """
    plain = (
        raw.lower()
        .re_replace(r"https?://\S+", " ")
        .re_replace(r"^\s*rt\s+@[\p{L}\p{N}_.:-]+", " ")
        .re_replace(r"@[\p{L}\p{N}_]+", " ")
        .re_replace(r"[^\p{L}\p{M}\p{N}]+", " ")
        .strip()
    )
    return (plain.length() >= MIN_TEXT).ifelse(plain, "")


def repost(raw: ir.StringValue) -> ir.StringValue:
    """What a text marked `RT @name:` reposts, as `@name text`; else the empty string."""
    lower = raw.lower()
    name = lower.re_extract(r"^\s*rt\s+@([\p{L}\p{N}_]+)", 1)
    plain = lower.re_replace(r"https?://\S+", " ").re_replace(REPOST_MARK, " ")
    plain = plain.re_replace(r"[^\p{L}\p{M}\p{N}]+", " ").strip()
    return ((name != "") & (plain != "")).ifelse("@" + name + " " + plain, "")
