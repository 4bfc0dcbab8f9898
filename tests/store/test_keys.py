"""API keys: shown once, kept as a hash, found while they are valid."""

import re

import pytest

from store import keys
from store.audit import verify
from store.errors import AlreadyThere, NotFound
from store.store import Store
from tests.store.values import DAY, T0


def test_a_made_key_is_found_and_never_kept(store: Store) -> None:
    with store.writing("person:ada", T0) as work:
        key, kept = keys.make_key(work, label="platform", roles=["lookup", "admin"])
        other, _ = keys.make_key(work, label="other", roles=[])
    assert re.fullmatch(r"concert_[\w-]{43}", key)
    assert key != other
    with store.reading() as work:
        assert keys.find_key(work, key) == kept
        assert kept.roles == ("admin", "lookup")
        told = [entry.model_dump_json() for entry in work.history.after(0)]
        assert key not in "".join(told)
        for wrong in ("", "concert_", key[:-1], key + "x", key.upper(), kept.sha256, "\ud800"):
            assert keys.find_key(work, wrong) is None


def test_a_revoked_key_opens_nothing_and_stays_revoked(store: Store) -> None:
    with store.writing("person:ada", T0) as work:
        key, kept = keys.make_key(work, label="platform", roles=[])
    with store.writing("person:ada", T0 + DAY) as work:
        revoked = keys.revoke_key(work, kept.id, why="it leaked")
        assert revoked.revoked_at == T0 + DAY
        assert keys.revoke_key(work, kept.id, why="again") == revoked
        assert keys.find_key(work, key) is None
        with pytest.raises(AlreadyThere):
            keys.adopt_key(work, key, label="back", roles=[])
        with pytest.raises(NotFound):
            keys.revoke_key(work, "key_none", why="no such")
    assert verify(store).ok


def test_a_key_from_the_settings_is_kept_once(store: Store) -> None:
    with store.writing("system:start", T0) as work:
        first = keys.adopt_key(work, "concert_0123456789abcdef", label="settings", roles=["admin"])
        second = keys.adopt_key(work, "concert_0123456789abcdef", label="settings", roles=["admin"])
        assert first == second
        assert work.api_keys.count() == 1


@pytest.mark.parametrize(
    "key", ["", "concert_", "concert_short", "secret_0123456789abcdef", "concert_ümlaut-ümlaut"]
)
def test_what_cannot_be_a_key_is_refused(store: Store, key: str) -> None:
    with store.writing("person:ada", T0) as work, pytest.raises(keys.MalformedKey) as refused:
        keys.adopt_key(work, key, label="settings", roles=[])
    assert not key or key not in str(refused.value) or key == "concert_"
