"""Everything that is held on one account, as one JSON document for that person.

Source: General Data Protection Regulation, Article 15. Who of the staff decided is told as "a
person": their names are theirs.
"""

import re
from collections import defaultdict
from typing import Any

from casework.office import Office
from casework.person import about, events_about, find_person, mentions
from store.shelves import shelf_of

_STAFF = re.compile(r"person:[^\"|]+")
MENTIONED = "mentioned_in"


def export_subject(office: Office, account_id: str) -> dict[str, Any]:
    """All that is held on an account: what it posted, what was found, decided, laid and told.

    Returns:
        JSON: `posts`, `profiles`, `linkages` and `follows` of the lake; one list for each kind of
        document about the account; `events` that told the platform; `mentioned_in`, which other
        documents name it, by kind.
    """
    person = find_person(office, account_id)
    lake = office.lake
    held: dict[str, Any] = {
        "account_id": account_id,
        "made_at": office.now().isoformat(),
        "posts": [
            post.model_dump(mode="json")
            for post in lake.posts_of([account_id], limit=10_000_000)[account_id]
        ],
        "profiles": [one.model_dump(mode="json") for one in lake.snapshots(account_id)],
        "linkages": [one.model_dump(mode="json") for one in lake.linkages([account_id])],
        "follows": [one.model_dump(mode="json") for one in lake.follows([account_id])],
    }
    with office.store.reading() as work:
        documents: dict[str, list[Any]] = defaultdict(list)
        own = set()
        for value in about(work, person):
            shelf = shelf_of(type(value))
            own.add((shelf.kind, shelf.id(value)))
            documents[shelf.kind].append(_without_staff(value.model_dump(mode="json")))
        named: dict[str, list[str]] = defaultdict(list)
        for shelf, id_, _ in mentions(work, person):
            if (shelf.kind, id_) not in own and id_ not in named[shelf.kind]:
                named[shelf.kind].append(id_)
        events = [one.model_dump(mode="json") for one in events_about(work, person)]
    return {**held, **documents, "events": events, MENTIONED: {k: v for k, v in named.items() if v}}


def _without_staff(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_staff(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_staff(inner) for inner in value]
    return _STAFF.sub("a person", value) if isinstance(value, str) else value
