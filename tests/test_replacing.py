import errno
import os
import stat

import pytest

from rnn_cli import replacing as module
from rnn_cli.replacing import replacing, replacing_together, sync_folder, temporary_path


def fail_halfway(files, *paths):
    with files(*paths) as opened:
        for file in opened if isinstance(opened, list) else [opened]:
            file.write(b"new")
        raise KeyError


def write(path, content=b"new"):
    with replacing(path) as file:
        file.write(content)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "m.npz"
    path.write_bytes(b"old")
    return path


def test_what_was_written_takes_the_place_of_the_old_file_at_the_end_of_the_block(path):
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_fails_leaves_the_old_file(path):
    with pytest.raises(KeyError):
        fail_halfway(replacing, path)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_files_that_belong_together_stay_together_when_the_block_fails(tmp_path):
    paths = tmp_path / "m.npz", tmp_path / "m.state.npz"
    for path in paths:
        path.write_bytes(b"old")
    with pytest.raises(KeyError):
        fail_halfway(replacing_together, *paths)
    assert [path.read_bytes() for path in paths] == [b"old", b"old"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


# Links


@pytest.fixture
def link(tmp_path):
    """A link to a link to a file in another folder, by a relative name."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "linked").symlink_to("m.npz")
    link = tmp_path / "link.npz"
    link.symlink_to("there/linked")
    return link


@pytest.mark.parametrize("exists", [False, True])
def test_a_link_stays_and_the_file_behind_it_is_written(link, exists):
    target = link.parent / "there" / "m.npz"
    if exists:
        target.write_bytes(b"old")
    assert temporary_path(link) == temporary_path(target)
    with pytest.raises(KeyError):
        fail_halfway(replacing, link)
    assert target.exists() == exists
    write(link)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(each.name for each in target.parent.iterdir()) == ["linked", "m.npz"]


def test_links_in_a_circle_are_replaced_by_nothing(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    assert temporary_path(loop).parent == tmp_path


# Modes


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444])
def test_a_file_that_is_replaced_hands_on_its_mode(path, mode):
    path.chmod(mode)
    write(path)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_new_file_has_the_mode_that_any_new_file_has(path):
    path.unlink()
    write(path)
    (path.parent / "other").touch()
    assert path.stat().st_mode == (path.parent / "other").stat().st_mode


def test_what_a_killed_run_left_is_swept_though_it_is_read_only_or_a_link(path, tmp_path):
    temporary_path(path).touch(0o400)
    write(path)
    (tmp_path / "precious").write_bytes(b"precious")
    temporary_path(path).symlink_to("precious")
    write(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert (tmp_path / "precious").read_bytes() == b"precious"


# Folders that cannot be flushed


@pytest.mark.parametrize("name", ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF"])
@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_folder_that_the_system_cannot_flush_stops_no_save(path, monkeypatch, name, call):
    monkeypatch.setattr(module, "os", FailingForFolders(call, getattr(errno, name)))
    write(path)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("name", ["EIO", "ENOSPC"])
def test_an_error_of_the_disk_does(path, monkeypatch, name):
    monkeypatch.setattr(module, "os", FailingForFolders("fsync", getattr(errno, name)))
    with pytest.raises(OSError, match=os.strerror(getattr(errno, name))):
        sync_folder(path.parent)


@pytest.mark.parametrize("name", ["EINVAL", "EIO"])
def test_a_file_that_cannot_be_flushed_does_too(path, monkeypatch, name):
    monkeypatch.setattr(module, "os", Failing("fsync", getattr(errno, name)))
    with pytest.raises(OSError, match=os.strerror(getattr(errno, name))):
        write(path)
    assert path.read_bytes() == b"old"


class Failing:
    """The module os, with one call that fails."""

    def __init__(self, call, number):
        self._call, self._number = call, number

    def __getattr__(self, name):
        return self._fail if name == self._call else getattr(os, name)

    def _fail(self, *arguments):
        raise OSError(self._number, os.strerror(self._number))


class FailingForFolders(Failing):
    """The same, for folders only."""

    def _fail(self, what, *arguments):
        if stat.S_ISDIR(os.stat(what).st_mode):
            super()._fail()
        return getattr(os, self._call)(what, *arguments)


@pytest.mark.parametrize("call", ["fsync", "replace", "write"])
def test_an_error_of_the_disk_names_the_file(path, monkeypatch, call):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if call != "write":
            patch.setattr(os, call, full)
        written = full if call == "write" else lambda block: None
        with pytest.raises(OSError, match="No space left") as raised, replacing(path):
            written(b"new")
    assert raised.value.filename == str(path)


def test_an_error_of_the_block_that_is_none_of_the_system_stays_as_it_is(path):
    with pytest.raises(OSError, match="of the block") as raised, replacing(path):
        raise OSError("of the block")
    assert raised.value.filename is None
