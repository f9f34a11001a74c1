import pytest

from rnn_cli.replacing import replacing, replacing_together


def fail_halfway(files, *paths):
    with files(*paths) as opened:
        for file in opened if isinstance(opened, list) else [opened]:
            file.write(b"new")
        raise KeyError


def test_what_was_written_takes_the_place_of_the_old_file_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "m.npz"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "m.npz"
    path.write_bytes(b"old")
    with pytest.raises(KeyError):
        fail_halfway(replacing, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_belong_together_stay_together_when_the_block_fails(tmp_path):
    paths = tmp_path / "m.npz", tmp_path / "m.state.npz"
    for path in paths:
        path.write_bytes(b"old")
    with pytest.raises(KeyError):
        fail_halfway(replacing_together, *paths)
    assert [path.read_bytes() for path in paths] == [b"old", b"old"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
