"""A folder stands for the text files below it; what is left out is named."""

import os

import pytest

from rnn_cli.errors import RnnError
from rnn_cli.text.folders import SHOWN, find_texts
from rnn_cli.text.reading import text_files

needs_links = pytest.mark.skipif(os.name != "posix", reason="links need a privilege here")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "texts"
    path.mkdir()
    return path


def write(folder, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def found_in(folder) -> list[str]:
    return [os.path.relpath(path, folder) for path in find_texts([str(folder)]).files]


def left_out_of(folder) -> str:
    (line,) = find_texts([str(folder)]).left_out
    return line.removeprefix(f"{folder}: left out, as not *.txt files or hidden: ")


def test_a_folder_stands_for_the_texts_below_it_in_sorted_order(folder):
    write(folder, "b.txt", "a.txt", "c/d/e.txt", "c/B.txt", "notes.md", "c/txt")
    (folder / "folder.txt").mkdir()
    found = find_texts(["first.txt", str(folder), "-"])
    assert found.files[0] == "first.txt"
    assert found.files[-1] == "-"
    assert found_in(folder) == ["a.txt", "b.txt", "c/B.txt", "c/d/e.txt"]
    assert text_files(["first.txt", str(folder), "-"]) == found.files


def test_names_may_end_in_capitals(folder):
    write(folder, "part0.txt", "PART1.TXT", "x.Txt")
    assert found_in(folder) == ["PART1.TXT", "part0.txt", "x.Txt"]


def test_hidden_names_and_other_files_are_left_out_and_named(folder):
    write(
        folder,
        "part0.txt",
        "._book.txt",
        ".ipynb_checkpoints/part0.txt",
        "notes.text",
        "sub/.x.txt",
        "sub/y.txt",
    )
    assert found_in(folder) == ["part0.txt", "sub/y.txt"]
    assert left_out_of(folder) == "._book.txt, .ipynb_checkpoints, notes.text, sub/.x.txt"


def test_of_many_names_that_are_left_out_a_few_are_shown(folder):
    write(folder, "a.txt", *(f"{number}.md" for number in range(SHOWN + 3)))
    assert left_out_of(folder).endswith(f"{SHOWN - 1}.md and 3 more")


def test_nothing_is_said_where_nothing_is_left_out(folder):
    write(folder, "a.txt", "b/c.txt")
    assert find_texts([str(folder), "x.md", "-"]).left_out == []


def test_a_folder_that_is_named_may_be_hidden(tmp_path):
    write(tmp_path, ".texts/a.txt")
    assert found_in(tmp_path / ".texts") == ["a.txt"]


def test_a_folder_without_texts_is_named_with_a_way_out(folder):
    write(folder, "notes.md", ".hidden.txt")
    with pytest.raises(RnnError) as caught:
        find_texts(["first.txt", str(folder)])
    assert str(caught.value) == f"{folder}: is a folder without a *.txt file (name the text files in it)"


def test_a_dash_is_standard_input_even_where_a_folder_is_called_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").mkdir()
    assert find_texts(["-", ""]) == (["-", ""], [])


@pytest.mark.parametrize("bad", ["", "sub", "sub/deeper"])
def test_a_folder_that_cannot_be_read_is_named_at_any_depth(bad, folder, monkeypatch):
    write(folder, "a.txt", "sub/b.txt", "sub/deeper/c.txt")
    scan = os.scandir

    def refusing_scan(path: str):
        if path == os.path.normpath(folder / bad):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing_scan)
    with pytest.raises(RnnError) as caught:
        find_texts([str(folder)])
    assert str(caught.value) == f"{os.path.normpath(folder / bad)}: Permission denied"


@needs_links
def test_a_linked_folder_is_followed_once(folder, tmp_path):
    write(folder, "a.txt")
    write(tmp_path, "other/b.txt")
    (folder / "link").symlink_to(tmp_path / "other")
    (folder / "again").symlink_to(tmp_path / "other")
    (folder / "c.txt").symlink_to(tmp_path / "other" / "b.txt")
    assert found_in(folder) == ["a.txt", "again/b.txt", "c.txt"]
    assert find_texts([str(folder)]).left_out == []


@needs_links
def test_a_loop_of_links_ends_and_a_folder_keeps_its_own_name(folder):
    write(folder, "z/a.txt")
    (folder / "a_link").symlink_to(folder / "z")
    (folder / "z" / "up").symlink_to(folder)
    (folder / "z" / "self").symlink_to("self")
    assert found_in(folder) == ["z/a.txt"]
    assert left_out_of(folder) == "z/self"


@needs_links
def test_links_to_nothing_do_not_stop_a_folder(folder):
    write(folder, "a.txt")
    (folder / ".#a.txt").symlink_to("user@host.123:456")
    (folder / "gone.txt").symlink_to("nowhere.txt")
    assert found_in(folder) == ["a.txt"]
    assert left_out_of(folder) == ".#a.txt, gone.txt"
