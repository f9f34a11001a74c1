"""The log: rows that are added, whole, and taken away again where a run goes on from before them."""

import json
from pathlib import Path

import pytest

from rnn_cli.runs.log import FilePosition, Log, LogFile, LogPosition

PATH = Path("log.jsonl")
OURS = {"event": "start", "settings": {"model": "/m.npz"}}
STEPS = [{"event": "step", "step": 10 * number} for number in range(1, 5)]


def write(*rows, saved=None):
    log = LogFile(PATH, "/m.npz", saved)
    for row in rows:
        log.write(row)
    position = log.position()
    log.close()
    return position


def rows():
    return [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]


def test_what_was_written_after_the_position_is_taken_away():
    position = write(OURS, STEPS[0])
    write(*STEPS[1:])
    write(OURS | {"resumed_at_step": 10}, STEPS[2], saved=position)
    assert rows() == [OURS, STEPS[0], OURS | {"resumed_at_step": 10}, STEPS[2]]


def test_half_a_row_is_taken_away_too():
    position = write(OURS, STEPS[0])
    with open(PATH, "a") as file:
        file.write('{"event": "st')
    write(STEPS[1], saved=position)
    assert rows() == [OURS, *STEPS[:2]]


@pytest.mark.parametrize(
    "after",
    [
        {"event": "start", "settings": {"model": "/other.npz"}},
        {"event": "start"},
        {"something": "else"},
        [1],
    ],
)
def test_rows_of_another_run_or_of_nobody_known_stay(after):
    position = write(OURS, STEPS[0])
    write(STEPS[1], after)
    write(STEPS[2], saved=position)
    assert rows() == [OURS, STEPS[0], STEPS[1], after, STEPS[2]]


def test_another_file_is_added_to_as_it_is():
    position = write(OURS, *STEPS)
    PATH.rename("old.jsonl")
    write(OURS, STEPS[0], saved=position)  # shorter
    assert rows() == [OURS, STEPS[0]]
    PATH.write_text("\n".join(json.dumps({"event": "x" * 100}) for _ in range(20)))
    before = rows()
    write(STEPS[1], saved=position)  # with no line end where the position is
    assert rows() == [*before, STEPS[1]]
    Path("old.jsonl").rename("new.jsonl")
    write(STEPS[1], saved=position._replace(path="/elsewhere/log.jsonl"))
    assert len(rows()) == len(before) + 2


def test_a_log_that_is_gone_begins_again():
    position = write(OURS, *STEPS)
    PATH.unlink()
    write(STEPS[0], saved=position)
    assert rows() == [STEPS[0]]


def test_after_half_a_row_another_begins_on_a_line_of_its_own():
    PATH.write_text('{"event": "step"}\n{"event": "st')
    write(STEPS[0])
    assert PATH.read_text().splitlines()[1:] == ['{"event": "st', json.dumps(STEPS[0])]


def test_what_is_no_text_in_a_name_is_written_and_read_again():
    write({"event": "start", "settings": {"model": "m\udcff.npz"}})
    assert rows() == [{"event": "start", "settings": {"model": "m\udcff.npz"}}]


@pytest.mark.parametrize("written", [0, 5])
def test_a_full_disk_is_told_once_and_leaves_no_half_row(written):
    log = LogFile(PATH, "/m.npz")
    log.write(OURS)
    whole = log._file

    class Full:
        def write(self, row):
            if not written:
                raise OSError(28, "No space left on device")
            return whole.write(row[:written])

        def __getattr__(self, name):
            return getattr(whole, name)

    log._file = Full()
    notices = [log.write(STEPS[0]), log.write(STEPS[1])]
    log._file = whole
    notices.append(log.write(STEPS[2]))
    log.close()
    assert rows() == [OURS, STEPS[2]]
    assert notices[1:] == [None, None]
    assert notices[0].text.startswith("log.jsonl: cannot be written: ")
    assert "\n" not in notices[0].text
    assert notices[0].is_warning


# What a log keeps in a training state.


@pytest.mark.parametrize(
    "position", [LogPosition(), LogPosition(1.5, 10.0, 3.25, FilePosition("/log.jsonl", 99))]
)
def test_a_position_comes_back_from_json(position):
    assert LogPosition.from_json(json.loads(json.dumps(position.to_json()))) == position


WHOLE = {"nats": 0.0, "tokens": 0, "seconds": 0.5, "file": {"path": "/log.jsonl", "length": 9}}


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        WHOLE | {"nats": "1"},
        WHOLE | {"tokens": -1},
        WHOLE | {"seconds": None},
        WHOLE | {"file": {}},
        WHOLE | {"file": {"path": "/log.jsonl"}},
        WHOLE | {"file": {"path": 1, "length": 9}},
        WHOLE | {"file": {"path": "/log.jsonl", "length": -1}},
        WHOLE | {"file": WHOLE["file"] | {"more": 1}},
    ],
)
def test_anything_else_is_no_position(said):
    assert LogPosition.from_json(WHOLE).file.length == 9
    with pytest.raises((TypeError, LookupError, ValueError)):
        LogPosition.from_json(said)


def test_a_run_without_a_log_writes_none_and_has_a_position_all_the_same(run_of, folder):
    log = Log(run_of(), LogPosition(nats=2.0, tokens=1.0))
    assert log.position() == LogPosition(nats=2.0, tokens=1.0)
    log.close()
    assert [path.name for path in folder.iterdir()] == ["corpus.txt"]
