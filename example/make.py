"""Make the example's posts, accounts and linkages from the hand-written files beside it.

    python example/make.py

`cast.csv` says who plays what, `story.csv` holds the posts that carry the story, `phrases.txt` the
sentences that everything else is put together from. Nothing here was taken from anywhere: all of
it is made up. No random numbers: what varies hangs on a digest of what it is for, so the same
sources give the same bytes on any machine.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEWEST = datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
"""No post is newer. Whoever loads the example moves all its times by one and the same span."""
FIRST = datetime(2026, 2, 2, 6, 0, tzinfo=UTC)

TARGET = "bean_rows_chalk_12"
CAMPAIGN, LIBRARY = "WeighItAgain", "OpenHollinLibrary"
CALLS = {17: "call-1", 19: "call-2", 21: "call-3", 24: "call-4", 26: "call-5", 28: "call-6"}
"""The evening of February on which each call was made; its flood begins an hour later."""
READINGS = (16, 19, 21, 23, 26, 28)
"""Evenings of February on which the library's friends post together at six."""
OFFER = "https://clear-drop.example/offer"

POST_COLUMNS = (
    "post_id,account_id,text,created_at,lang,reposted_post_id,reposted_account_id,"
    "replied_to_post_id,replied_to_account_id,quoted_post_id,urls,hashtags,mentions,"
    "media_hashes,client"
)
ACCOUNT_COLUMNS = (
    "account_id,handle,display_name,description,location,created_at,followers,following,observed_at"
)
LINKAGE_COLUMNS = "account_id,kind,key_hash,observed_at"

Row = dict[str, str]


def choose(below: int, *key: object) -> int:
    """A number from 0 up to `below` that hangs on `key` alone."""
    digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % below


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def february(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def read_csv(name: str) -> list[Row]:
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_phrases() -> dict[str, list[str]]:
    """The sections of phrases.txt, each with its lines in an order of their own."""
    sections: dict[str, list[str]] = {}
    for line in (HERE / "phrases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.append(line)
    return {
        name: lines if name == "waves" else sorted(lines, key=lambda one: choose(1 << 60, one))
        for name, lines in sections.items()
    }


@dataclass
class Maker:
    """Gathers posts; each pair of lines of a theme is used once at most."""

    phrases: Mapping[str, list[str]]
    posts: list[Row] = field(default_factory=list)
    drawn: Counter[str] = field(default_factory=Counter)
    count: Counter[str] = field(default_factory=Counter)
    targets: list[tuple[str, datetime]] = field(default_factory=list)

    def say(self, theme: str) -> list[str]:
        """The next unused lines of `theme`, one from each of its parts."""
        parts = [self.phrases[f"{theme} {n}"] for n in (1, 2, 3) if f"{theme} {n}" in self.phrases]
        # The longest part goes round once before any other line of it meets the same partner.
        widest = max(range(len(parts)), key=lambda part: len(parts[part]))
        turn, at = divmod(self.drawn[theme], len(parts[widest]))
        self.drawn[theme] += 1
        return [
            lines[at] if part == widest else lines[(at * (5 + 2 * part) + turn) % len(lines)]
            for part, lines in enumerate(parts)
        ]

    def add(self, account: str, at: datetime, text: str, **more: str) -> None:
        self.count[account] += 1
        post_id = more.pop("post_id", "") or f"{account}-{self.count[account]:02d}"
        self.posts.append(
            {
                "post_id": post_id,
                "account_id": account,
                "text": text,
                "created_at": stamp(min(at, NEWEST)),
                "lang": "en",
                "urls": " ".join(re.findall(r"https://\S+", text)),
                "hashtags": " ".join(re.findall(r"#(\w+)", text)),
                "mentions": " ".join(re.findall(r"@(\w+)", text)),
                "client": ("web", "phone app", "phone app", "tablet app")[choose(4, account)],
                **more,
            }
        )

    def reply_to_target(self, account: str, at: datetime, text: str) -> None:
        post = max((seen for seen in self.targets if seen[1] < at), key=lambda seen: seen[1])[0]
        self.add(
            account,
            at,
            f"@{TARGET} {text}",
            replied_to_post_id=post,
            replied_to_account_id=TARGET,
        )


def voice(account: str, parts: Iterable[str]) -> str:
    """The parts as this account would write them: case, full stops, an emoji of its own."""
    style = choose(6, "voice", account)
    joined = ""
    for part in parts:
        ends = joined.endswith((".", "?", "!", ",", ";", ":"))
        begins = part[0].isupper()
        joined += (". " if joined and begins and not ends else " " if joined else "") + part
    if style in {0, 1}:
        joined = joined[0].lower() + joined[1:] if style == 0 else joined.lower()
        joined = joined.rstrip(".")
    elif style == 2:
        joined = joined.rstrip(".!") + ("" if joined.endswith("?") else "!")
    if choose(4, "emoji", account) == 0:
        joined += " " + "🙂🌱⚽🐾☕📚🎶🥕🚲🙃"[choose(10, "which", account)]
    return joined


def any_time(account: str, n: int, of: int) -> datetime:
    """A waking hour in the n-th of `of` equal parts of the month."""
    span = (NEWEST - FIRST) / of
    day = FIRST + span * n + span * (choose(1000, account, n, "day") / 1000)
    moment = day.replace(hour=7 + choose(15, account, n, "hour"), minute=choose(60, account, n))
    return min(moment, NEWEST - timedelta(minutes=choose(600, account, n, "late")))


def chat(maker: Maker, person: Row, posts: int) -> None:
    topics = person["topics"].split()
    for n in range(posts):
        topic = topics[(n + choose(2, person["account_id"])) % len(topics)]
        text = voice(person["account_id"], maker.say(topic))
        maker.add(person["account_id"], any_time(person["account_id"], n, posts), text)


def story(maker: Maker, rows: list[Row]) -> None:
    authors = {row["post_id"]: row["account_id"] for row in rows}
    for row in rows:
        more = {}
        if row["replies_to"]:
            more = {
                "replied_to_post_id": row["replies_to"],
                "replied_to_account_id": authors[row["replies_to"]],
            }
        at = datetime.fromisoformat(row["at"])
        maker.add(row["account_id"], at, row["text"], post_id=row["post_id"], **more)
        if row["account_id"] == TARGET:
            maker.targets.append((row["post_id"], at))


def repost(maker: Maker, account: str, at: datetime, original: Row) -> None:
    if account == original["account_id"]:
        return
    maker.add(
        account,
        at,
        f"RT @{original['account_id']}: {original['text']}",
        reposted_post_id=original["post_id"],
        reposted_account_id=original["account_id"],
    )


def flood_evenings(account: str, count: int) -> list[int]:
    return sorted(sorted(CALLS, key=lambda day: choose(1 << 30, account, day))[:count])


def campaigner(maker: Maker, person: Row, calls: Mapping[str, Row]) -> None:
    """One who joins in: replies in the flood, passes the call on, and has another life too."""
    account, role = person["account_id"], person["role"]
    if role == "mild":
        for n, day in enumerate(flood_evenings(account, 1 + choose(2, account, "mild"))):
            text = voice(account, maker.say("grumble"))
            at = february(day, 20, choose(90, account, n) // 2)
            if n == 0:
                maker.add(account, at, f"{text} #{CAMPAIGN}")
            else:
                maker.reply_to_target(account, at, text)
        chat(maker, person, 4 + choose(2, account, "chat"))
        return
    organises = role == "organiser"
    evenings = flood_evenings(account, 6 if organises else 2 + choose(3, account, "evenings"))
    for n, day in enumerate(evenings * (2 if organises else 1)):
        text = voice(account, maker.say("abuse"))
        if choose(3, account, n, "tag") == 0:
            text += f" #{CAMPAIGN}"
        after = timedelta(seconds=choose(5400, account, n, "reply"))
        maker.reply_to_target(account, february(day, 20) + after, text)
    for n, day in enumerate(evenings[: 1 + choose(2, account, "reposts")]):
        after = timedelta(seconds=60 + choose(3300, account, n, "repost"))
        repost(maker, account, february(day, 19, 10) + after, calls[CALLS[day]])
    for n in range(5 if organises else 1 + choose(5, account, "rally") // 4):
        text = voice(account, maker.say("rally"))
        at = february(evenings[-1 - n], 19, 15 + choose(44, account, n))
        maker.add(account, at, f"{text} #{CAMPAIGN}")
    if role == "member":
        chat(maker, person, (0, 0, 1, 1, 2, 2, 3, 4)[choose(8, account, "chat")])


def friend_of_library(maker: Maker, person: Row) -> None:
    account = person["account_id"]
    theme, evenings = ("library", 5) if person["role"] == "activist" else ("rude", 1)
    days = sorted(sorted(READINGS, key=lambda day: choose(1 << 30, account, day))[:evenings])
    for n, day in enumerate(days):
        at = february(day, 18) + timedelta(seconds=choose(900, account, n))
        text = voice(account, maker.say(theme))
        maker.add(account, at, f"{text} #{LIBRARY}")
    chat(maker, person, 3 + choose(3, account, "chat"))


def edited(text: str, account: str, wave: int) -> str:
    """A copy with the small edits by which such rings hope to pass for many people."""
    edits = (
        lambda line: line,
        lambda line: line + "!!",
        lambda line: "💧 " + line,
        lambda line: line.replace("you ", "u ").replace("your ", "ur "),
        lambda line: line.replace(", ", " ... "),
        lambda line: line.replace("Clear Drop", "CLEAR DROP"),
        lambda line: line.replace(". ", ".  "),
        lambda line: line + " 👇",
    )
    return f"{edits[choose(len(edits), account, wave)](text)} {OFFER}?r={choose(900, account)}"


def ring(maker: Maker, people: list[Row]) -> None:
    """One hand, fourteen accounts: each wave runs through them within a minute."""
    for wave, text in enumerate(maker.phrases["waves"], start=1):
        at = february(1 + 3 * wave, 6 + choose(14, "wave", wave), 17)
        order = sorted(people, key=lambda person: choose(1 << 30, person["account_id"], wave))
        for n, person in enumerate(order):
            at += timedelta(seconds=1 + choose(5, wave, n))
            maker.add(
                person["account_id"],
                at,
                edited(text, person["account_id"], wave),
                post_id=f"wave-{wave}-{people.index(person) + 1:02d}",
                client="AutoPost 2",
            )
    for person in people:
        chat(maker, person, 1)


def posts_of(cast: list[Row]) -> list[Row]:
    """All posts, oldest first."""
    maker = Maker(read_phrases())
    story(maker, read_csv("story.csv"))
    calls = {post["post_id"]: post for post in maker.posts}
    for person in cast:
        match person["role"]:
            case "organiser" | "member" | "mild":
                campaigner(maker, person, calls)
            case "activist" | "hanger_on":
                friend_of_library(maker, person)
            case "target":
                pass
            case "about":
                chat(maker, person, 4)
            case "ordinary":
                chat(maker, person, 5 + choose(4, person["account_id"], "chat"))
    ring(maker, [person for person in cast if person["role"] == "ring"])
    return sorted(maker.posts, key=lambda post: (post["created_at"], post["post_id"]))


def accounts_of(cast: list[Row]) -> Iterator[Row]:
    for n, person in enumerate(cast):
        account = person["account_id"]
        made = datetime(2012, 1, 1, 9, tzinfo=UTC) + timedelta(days=choose(5000, account, "made"))
        if person["role"] == "ring":
            made = datetime(2026, 1, 20, 3, tzinfo=UTC) + timedelta(minutes=3 * n % 45)
        yield {
            "account_id": account,
            "handle": account,
            "display_name": person["display_name"],
            "description": person["description"],
            "location": person["location"],
            "created_at": stamp(made),
            "followers": str(5 + choose(40 if person["role"] == "ring" else 700, account, "in")),
            "following": str(20 + choose(600, account, "out")),
            "observed_at": stamp(NEWEST),
        }


def linkages_of(cast: list[Row]) -> Iterator[Row]:
    """Device and phone keys; the ring shares them, a couple and a reading room share one too."""
    seen = stamp(NEWEST - timedelta(days=2))
    ring_so_far = 0
    for n, person in enumerate(cast):
        account, role = person["account_id"], person["role"]
        device, phone = f"example-device-{1000 + n}", f"example-phone-{2000 + n}"
        if role == "ring":
            device = f"example-device-{ring_so_far // 5}"
            phone = f"example-phone-{ring_so_far // 8}"
            ring_so_far += 1
        elif account in {"flour_dust_47", "far_end_stand_09"}:
            device = "example-device-household"
        keys = [("device", device), ("phone", phone)]
        if role == "activist" and n % 2:
            keys.append(("network", "example-network-reading-room"))
        for kind, key in keys:
            yield {"account_id": account, "kind": kind, "key_hash": key, "observed_at": seen}


def as_csv(columns: str, rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns.split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def files() -> dict[str, str]:
    """The made files, name to content."""
    cast = read_csv("cast.csv")
    return {
        "posts.csv": as_csv(POST_COLUMNS, posts_of(cast)),
        "accounts.csv": as_csv(ACCOUNT_COLUMNS, accounts_of(cast)),
        "linkages.csv": as_csv(LINKAGE_COLUMNS, linkages_of(cast)),
    }


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).write_text(content, encoding="utf-8", newline="")
