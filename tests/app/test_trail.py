"""The trail of access is chained, bounded, and tells when somebody has been at it."""

from dataclasses import replace
from threading import Thread

import msgspec
import pytest
from tests.support.clock import TestClock

from daybook.app.documents import Document, DocumentChange
from daybook.app.ports import Directory, DocumentChanged
from daybook.app.trail import (
    HEAD_KIND,
    KIND,
    TEXT_LENGTH_MAX,
    WIRE,
    By,
    Happening,
    Trail,
    What,
)
from daybook.domain.ids import CompanyId
from daybook.storage import open_store

BY = By("web", "ada", "192.0.2.1")
SIGNED_IN = Happening(What.SIGNED_IN, "ada", BY, frozenset({CompanyId(2), CompanyId(1)}), "x")


@pytest.fixture
def directory() -> Directory:
    return open_store("memory://").directory


@pytest.fixture
def trail(directory: Directory) -> Trail:
    return Trail(directory, TestClock(step=7))


def test_records_are_kept_in_order(trail: Trail) -> None:
    assert (trail.last(), trail.records()) == (0, [])
    first, second = trail.note(SIGNED_IN), trail.note(replace(SIGNED_IN, what=What.SIGNED_OUT))
    assert (first.number, second.number) == (1, 2)
    assert (first.what, first.subject, first.note) == ("signed-in", "ada", "x")
    assert (first.client, first.user, first.peer) == ("web", "ada", "192.0.2.1")
    assert first.companies == [1, 2]
    assert second.previous_hash == first.hash
    assert second.at > first.at
    assert trail.records() == [first, second]
    assert trail.records(1, 5) == [second]
    assert trail.records(0, 1) == [first]
    assert list(trail.verify()) == []


def test_what_strangers_write_is_bounded(trail: Trail) -> None:
    record = trail.note(replace(SIGNED_IN, subject="x\n" * 1_000, note="\udcff"))
    assert len(record.subject) <= TEXT_LENGTH_MAX
    assert "\n" not in record.subject
    assert record.note == "?"
    assert list(trail.verify()) == []


def change(directory: Directory, kind: str, key: str, **members: object) -> None:
    document = directory.document(WIRE, kind, key)
    assert document is not None
    body = {**msgspec.json.decode(document.body), **members}
    changed = Document(WIRE, kind, key, msgspec.json.encode(body))
    directory.put_document(changed, document.version)


def key(number: int) -> str:
    return f"{number:016}"


def test_a_changed_record_shows(trail: Trail, directory: Directory) -> None:
    for _ in range(3):
        trail.note(SIGNED_IN)
    change(directory, KIND, key(2), subject="eve")
    assert list(trail.verify()) == ["record 2 has been changed"]


def test_a_record_made_anew_does_not_fit(trail: Trail, directory: Directory) -> None:
    for _ in range(3):
        trail.note(SIGNED_IN)
    change(directory, KIND, key(2), hash="00" * 32)
    assert "record 3 does not follow the one before it" in list(trail.verify())


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_dropped_record_shows(trail: Trail, directory: Directory, number: int) -> None:
    for _ in range(3):
        trail.note(SIGNED_IN)
    directory.change_documents([DocumentChange(WIRE, KIND, key(number), None, 1)])
    assert list(trail.verify())


def test_a_head_put_back_shows(trail: Trail, directory: Directory) -> None:
    trail.note(SIGNED_IN)
    trail.note(SIGNED_IN)
    change(directory, HEAD_KIND, "", number=1)
    assert list(trail.verify()) == ["the trail ends at record 2, and should at 1"]


def test_several_processes_keep_one_chain(directory: Directory) -> None:
    trails = [Trail(directory, TestClock(step=1)) for _ in range(4)]

    def work(trail: Trail) -> None:
        for _ in range(5):
            trail.note(SIGNED_IN)

    threads = [Thread(target=work, args=(trail,)) for trail in trails]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trails[0].last() == 20
    assert list(trails[0].verify()) == []


def test_a_store_that_never_lets_it_is_a_failure(trail: Trail, directory: Directory) -> None:
    trail.note(SIGNED_IN)
    change(directory, HEAD_KIND, "", number=0)  # the next record's number is taken
    with pytest.raises(DocumentChanged):
        trail.note(SIGNED_IN)
