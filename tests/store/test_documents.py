"""Documents: each type comes back as it went in; what must be unique is; updates are not lost."""

from datetime import datetime

import pytest

from policy.appeals import Shield
from policy.cases import Case, CaseKind
from policy.groups import Group
from policy.harms import POLICIES_UNDER
from policy.scores import PostScore
from policy.words import Harm, Lane, SubjectKind, Value
from store import tables
from store.audit import verify
from store.documents import Documents
from store.errors import AlreadyThere, LostUpdate, NotFound, NotStorable
from store.shelves import SHELVES, key_of, shelf_of
from store.store import Store
from store.work import Reading
from tests.store import values
from tests.store.values import DAY, T0

ACTOR = "person:ada"


def documents(work: Reading, value: Value) -> Documents[Value]:
    shelf: Documents[Value] = getattr(work, shelf_of(type(value)).kind)
    return shelf


def test_every_type_comes_back_as_it_went_in(store: Store) -> None:
    given = values.one_of_each()
    assert {type(value) for value in given} == {shelf.type for shelf in SHELVES}
    with store.writing(ACTOR, T0) as work:
        for value in given:
            work.save(value, action="test.added")
    with store.reading() as work:
        for value in given:
            assert documents(work, value).get(*shelf_of(type(value)).key(value)) == value
            assert documents(work, value).find() == [value]
            assert list(documents(work, value).each()) == [value]
    assert verify(store).ok


@pytest.mark.parametrize(
    ("parts", "other"),
    [(("a|b", "c"), ("a", "b|c")), (("a%7Cb", "c"), ("a|b", "c")), (("", "|"), ("|", ""))],
)
def test_keys_of_several_parts_never_meet(parts: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert key_of(*parts) != key_of(*other)


def test_find_by_columns_lists_conditions_order_and_limit(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        kinds = [CaseKind.ASSOCIATION, CaseKind.APPEAL, CaseKind.SUPPORT]
        work.save_all(
            [
                values.case(f"c{n}", f"a{n}", kind).model_copy(
                    update={"priority": float(n % 3), "lapses_at": T0 + n * DAY}
                )
                for n, kind in enumerate(kinds * 2, start=1)
            ],
            action="case.opened",
        )
    columns = tables.cases.c
    with store.reading() as work:

        def ids(cases: list[Case]) -> list[str]:
            return [case.id for case in cases]

        assert ids(work.cases.find(kind="appeal")) == ["c2", "c5"]
        assert ids(work.cases.find(kind=["appeal", "support"], state="open")) == [
            "c2",
            "c3",
            "c5",
            "c6",
        ]
        assert ids(work.cases.find(columns.lapses_at <= T0 + 2 * DAY)) == ["c1", "c2"]
        by_priority = [columns.priority.desc()]
        assert ids(work.cases.find(order_by=by_priority, limit=3)) == ["c2", "c5", "c1"]
        assert work.cases.count(kind="appeal") == 2
        assert work.cases.find(group_id=None) == []
        assert set(work.cases.get_many(["c1", "c9", "c6"])) == {"c1", "c6"}
        with pytest.raises(TypeError, match="cases has no column 'colour'"):
            work.cases.find(colour="red")
        with pytest.raises(NotFound):
            work.cases.need("c9")


def test_an_open_case_is_unique_until_it_ends(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        case = work.save(values.case("c1"), action="case.opened")
        with pytest.raises(AlreadyThere, match="open_key"):
            work.save(values.case("c2"), action="case.opened")
        # The refusal undid nothing else, and the work goes on.
        work.save(case.close(at=T0, why="the designation fell"), action="case.closed")
        work.save(values.case("c3"), action="case.opened")
    with store.reading() as work:
        assert [case.id for case in work.cases.find(state="open")] == ["c3"]
    report = verify(store)
    assert report.ok
    assert report.rows == 3


def test_a_decision_is_taken_once_by_its_source(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        work.save(values.decision("d1", "label-studio:7"), action="decision.received")
    with store.writing(ACTOR, T0) as work, pytest.raises(AlreadyThere, match="label-studio:7"):
        work.save(values.decision("d2", "label-studio:7"), action="decision.received")
    with store.reading() as work:
        assert [decision.id for decision in work.decisions.find()] == ["d1"]


def test_what_was_not_read_is_not_overwritten(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        work.save(values.group(name="first"), action="group.added")
    with store.writing(ACTOR, T0) as work, pytest.raises(AlreadyThere, match="read it"):
        work.save(values.group(name="blind"), action="group.changed")
    with store.reading() as work:
        assert work.groups.need("g1").name == "first"


def test_a_lost_update_is_refused_by_name(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        work.save(values.group(), action="group.added")
    with store.reading() as work:
        version = work.groups.version("g1")
    with store.writing("person:bob", T0) as work:
        bobs = work.groups.need("g1").model_copy(update={"purpose": "bob's"})
        work.save(bobs, action="group.changed")
    with store.writing(ACTOR, T0) as work, pytest.raises(LostUpdate) as refused:
        work.save(values.group(name="mine"), action="group.changed", expects=version)
    assert (refused.value.kind, refused.value.key) == ("groups", "g1")
    with store.reading() as work:
        assert work.groups.need("g1") == bobs


def test_many_are_written_together_or_not_at_all(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        work.save(values.group("g5"), action="group.added")
    many = [values.group(f"g{n}") for n in range(10)]
    with store.writing(ACTOR, T0) as work:
        with pytest.raises(AlreadyThere, match="'g5'"):
            work.save_all(many, action="group.added")
        assert work.groups.count() == 1
        work.groups.get_many(["g5"])
        assert work.save_all(many, action="group.added") == 10
        again = [group.model_copy(update={"purpose": "more"}) for group in many]
        work.save_all(again, action="group.changed")
    with store.reading() as work:
        assert work.groups.find() == again
    assert verify(store).ok


def test_many_at_once_refuse_a_lost_update(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        work.save_all([values.association("a1"), values.association("a2")], action="scored")
    with store.writing(ACTOR, T0) as work:
        work.associations.get_many([("a1", "g1"), ("a2", "g1")])
        changed = values.association("a2", probability=0.5)
        work.save(changed, action="scored")
        # As if another had written it: the version that was read is not the one that stands.
        work._seen["associations"][key_of("a2", "g1")] = 1
        with pytest.raises(LostUpdate, match="a2"):
            work.save_all(
                [values.association("a1", probability=0.1), values.association("a2")],
                action="scored",
            )
    with store.reading() as work:
        assert work.associations.need("a1", "g1").probability == 0.75
        assert work.associations.need("a2", "g1") == changed


def test_the_same_twice_in_one_batch_is_refused(store: Store) -> None:
    with store.writing(ACTOR, T0) as work, pytest.raises(AlreadyThere):
        work.save_all([values.group("g1"), values.group("g1", "other")], action="group.added")


def test_nothing_is_kept_of_a_work_that_fails(store: Store) -> None:
    class Stop(Exception):
        pass

    def fail() -> None:
        with store.writing(ACTOR, T0) as work:
            work.save(values.group(), action="group.added")
            work.cursors.set("poll", "7")
            raise Stop

    with pytest.raises(Stop):
        fail()
    with store.reading() as work:
        assert work.groups.find() == []
        assert work.cursors.get("poll") is None
        assert work.history.after(0) == []
    assert verify(store).ok


@pytest.mark.parametrize(
    "value",
    [
        values.group("g\x00"),
        values.case().model_copy(update={"evidence": {"text": "\ud800"}}),
        values.case().model_copy(update={"evidence": {"n": object()}}),
        values.case().model_copy(update={"subject_id": "a\ud800"}),
        values.group("g1").model_copy(update={"name": "\ud800"}),
        PostScore(
            post_id="p1",
            lang="en",
            policies={},
            harms=dict.fromkeys(POLICIES_UNDER, 0.5) | {Harm.PHYSICAL: 0.1},
            lane=Lane.DISMISS,
            rule="r.v1",
            model="m",
        ),
    ],
    ids=["nul-id", "surrogate", "object", "surrogate-column", "surrogate-name", "no-shelf"],
)
def test_what_no_database_keeps_is_refused_by_name(store: Store, value: Value) -> None:
    with store.writing(ACTOR, T0) as work:
        with pytest.raises(NotStorable):
            work.save(value, action="test.added")
        work.save(values.group("g2"), action="group.added")
    assert verify(store).rows == 1


def test_a_writer_must_be_named_and_timed(store: Store) -> None:
    with pytest.raises(ValueError, match="actor"), store.writing(" ", T0):
        pass
    with pytest.raises(ValueError, match="aware"), store.writing(ACTOR, datetime(2026, 1, 1)):  # noqa: DTZ001
        pass


def test_history_tells_every_state_and_who_why_when(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        work.save(values.group(name="one"), action="group.added", why="known from the press")
    with store.writing("person:bob", T0 + DAY) as work:
        group = work.groups.need("g1").model_copy(update={"name": "two"})
        work.save(group, action="group.changed", why="renamed itself")
    with store.reading() as work:
        told = work.history.of(Group, "g1")
        assert [(e.actor, e.at, e.action, e.why) for e in told] == [
            (ACTOR, T0, "group.added", "known from the press"),
            ("person:bob", T0 + DAY, "group.changed", "renamed itself"),
        ]
        assert [entry.doc and entry.doc["name"] for entry in told] == ["one", "two"]
        assert [entry.seq for entry in work.history.after(1)] == [2]


def test_outbox_cursors_and_hints(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        first = work.events.emit("laid", SubjectKind.ACCOUNT, "a1", {"id": "r1"}, at=T0)
        second = work.events.emit("lifted", SubjectKind.ACCOUNT, "a1", {}, at=T0)
        work.cursors.set("platform", "1")
        work.cursors.set("platform", "2")
        work.hints.add({"task": 7}, at=T0)
    with store.writing(ACTOR, T0) as work:
        assert [hint.body for hint in work.hints.take()] == [{"task": 7}]
    with store.reading() as work:
        assert first < second == work.events.last()
        assert [event.kind for event in work.events.after(first)] == ["lifted"]
        assert work.events.after(0)[0].body == {"id": "r1"}
        assert work.cursors.get("platform") == "2"
        assert work.hints.take() == []


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.writing(ACTOR, T0) as work:
        work.save(values.group("g1"), action="group.added")
    with store.reading() as reader:
        assert reader.groups.count() == 1
        with store.writing(ACTOR, T0) as work:
            work.save(values.group("g2"), action="group.added")
        assert reader.groups.count() == 1
    with store.reading() as reader:
        assert reader.groups.count() == 2


def test_shields_are_found_by_account(store: Store) -> None:
    shields = [
        Shield(account_id="a1", appeal_id=f"ap{n}", from_at=T0, until=T0 + DAY) for n in (1, 2)
    ]
    with store.writing(ACTOR, T0) as work:
        work.save_all(shields, action="shield.raised")
    with store.reading() as work:
        assert work.shields.find(account_id="a1") == shields
