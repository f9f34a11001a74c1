"""The file of a log: rows that are added, whole, and taken away where a run goes on from before them."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from rnn_cli import locking
from rnn_cli.runs.log_file import LogFile

PATH = Path("log.jsonl")
STEPS = [{"event": "step", "run": "ours", "step": 10 * number} for number in range(6)]
OTHERS = [{"event": "step", "run": "other", "step": 7}, {"something": "else"}, [1], {"event": "start"}, 2.5]


def write(*rows, saved=None, run="ours"):
    log = LogFile(PATH, run, saved)
    for row in rows:
        log.write({name: value for name, value in row.items() if name != "run"})
    position = log.position()
    log.close()
    return position


def append(*rows):
    """As another program does."""
    with open(PATH, "a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def rows():
    return [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]


def test_what_was_written_after_the_position_is_taken_away():
    position = write(*STEPS[:2])
    write(*STEPS[2:4])
    write(STEPS[5], saved=position)
    assert rows() == [*STEPS[:2], STEPS[5]]


@pytest.mark.parametrize("stranger", OTHERS)
def test_rows_of_another_run_or_of_nobody_known_stay_wherever_they_are(stranger):
    append(stranger)
    position = write(*STEPS[:2])
    append(stranger)
    write(STEPS[2])
    append(stranger)
    write(STEPS[3])
    append(stranger)
    write(STEPS[4], saved=position)
    assert rows() == [stranger, *STEPS[:2], stranger, stranger, stranger, STEPS[4]]


def test_rows_are_told_by_their_id_and_not_by_where_they_are():
    """Another run that went on has taken rows away before them."""
    others = write(run="other")
    ours = write(*STEPS[:2])
    write(*STEPS[:3], run="other")
    write(*STEPS[2:4])
    write(saved=others, run="other")
    write(saved=ours)
    assert rows() == STEPS[:2]


def test_an_id_within_a_text_is_none():
    position = write(STEPS[0])
    stranger = {"event": "note", "text": '"run": "ours"', "more": {"run": "ours"}}
    append(stranger)
    write(STEPS[1], saved=position)
    assert rows() == [STEPS[0], stranger, STEPS[1]]


def test_half_a_row_of_ours_is_taken_away_too_and_another_s_stays():
    position = write(STEPS[0])
    for half in ('{"event": "step", "run": "ours", "st', '{"event": "step", "run": "other", "st', '{"eve'):
        before = PATH.read_text()
        PATH.write_text(before + half)
        write(saved=position)
        assert PATH.read_text() == before + (f"{half}\n" if "ours" not in half else "")


def test_the_rows_of_a_state_that_was_not_saved_here_stay():
    position = write(*STEPS[:3])
    write(*STEPS[3:])
    write(saved=position._replace(path="/elsewhere/log.jsonl"))
    assert rows() == STEPS
    assert write().rows == len(STEPS)


def test_a_log_that_is_gone_begins_again():
    position = write(*STEPS)
    PATH.unlink()
    assert write(STEPS[0], saved=position).rows == 1
    assert rows() == [STEPS[0]]


def test_a_log_that_may_only_be_appended_to_is_and_nothing_is_taken_away(monkeypatch):
    write(*STEPS[:2])
    real = open

    def refuse(path, mode="r", *rest, **more):
        if mode == "r+b":
            raise PermissionError(1, "Operation not permitted", str(path))
        return real(path, mode, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", refuse)
        position = write(STEPS[2])
    assert position is None
    write(saved=position)
    assert rows() == STEPS[:3]


def test_what_is_no_text_in_a_name_is_written_and_read_again():
    write({"event": "start", "settings": {"model": "m\udcff.npz"}})
    assert rows() == [{"event": "start", "run": "ours", "settings": {"model": "m\udcff.npz"}}]


@pytest.mark.parametrize("written", [0, 5])
@pytest.mark.parametrize("goes_on", [False, True], ids=["alone", "with another"])
def test_a_full_disk_is_told_once_and_leaves_no_half_row_and_all_of_others(written, goes_on):
    log = LogFile(PATH, "ours")
    log.write(STEPS[0])
    whole = log._file

    class Full:
        def write(self, row):
            if not written:
                raise OSError(28, "No space left on device")
            count = whole.write(row[:written])
            if goes_on:
                append({"event": "step", "run": "other"})
            return count

        def __getattr__(self, name):
            return getattr(whole, name)

    log._file = Full()
    notices = [log.write(STEPS[1]), log.write(STEPS[2])]
    log._file = whole
    notices.append(log.write(STEPS[3]))
    log.close()
    assert notices[1:] == [None, None]
    assert notices[0].text.startswith("log.jsonl: cannot be written: ")
    assert "\n" not in notices[0].text
    assert notices[0].is_warning
    if goes_on and written:
        assert PATH.read_text().count('{"event": "step", "run": "other"}\n') == 2
    else:
        assert rows() == [STEPS[0], STEPS[3]]


def test_a_run_that_goes_on_loses_no_row_that_another_writes_meanwhile():
    log = LogFile(PATH, "other")
    ended, written = threading.Event(), 0

    def keep_writing():
        nonlocal written
        while not ended.is_set():
            log.write({"event": "step", "step": written})
            written += 1
            time.sleep(0.0005)

    writer = threading.Thread(target=keep_writing)
    writer.start()
    position = write(STEPS[0])
    for _ in range(40):
        write(*STEPS[1:4])
        write(saved=position)
    ended.set()
    writer.join()
    log.close()
    others = [row["step"] for row in rows() if row["run"] == "other"]
    assert others == list(range(written))
    assert [row for row in rows() if row["run"] == "ours"] == [STEPS[0]]


@pytest.mark.skipif(not locking.has_locks(), reason="no locks here")
def test_a_lock_that_another_program_keeps_does_not_stop_a_run(monkeypatch):
    import fcntl

    monkeypatch.setattr(locking, "PATIENCE", 0.02)
    PATH.touch()
    descriptor = os.open(PATH, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    write(*STEPS[:2])
    os.close(descriptor)
    assert rows() == STEPS[:2]
