"""From the files that settings name to what is learned: texts, encodings, vocabularies."""

import json
import os
import threading
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

CHAR = ("--tokenizer", "char")


@pytest.mark.parametrize("command", ["vocab", "train"])
class TestATextThatWillNotDo:
    def test_a_missing_file_is_named(self, command, fails):
        assert fails(1, command, "nowhere.txt", *CHAR) == "nowhere.txt: No such file or directory"

    def test_of_several_files_the_missing_one_is_named(self, command, fails, corpus):
        assert fails(1, command, corpus, "nowhere.txt", *CHAR).startswith("nowhere.txt: ")

    def test_a_folder_without_texts_is_named(self, command, fails, folder):
        (folder / "texts").mkdir()
        (folder / "texts" / "notes.md").write_text("no text")
        assert fails(1, command, "texts", *CHAR).startswith("texts: is a folder without a *.txt file")

    def test_of_a_folder_the_text_that_will_not_do_is_named(self, command, fails, write, english, folder):
        (folder / "texts").mkdir()
        write("texts/a.txt", english)
        write("texts/b.txt", ["plain", "今天，我们看这本书。"], "gb18030")
        message = fails(1, command, "texts", *CHAR)
        assert message.startswith(f"{Path('texts/b.txt')}: line 2, byte 1: not UTF-8")

    @pytest.mark.parametrize("content", [b"", b"\n", b"\n\n \t\r\n\xe3\x80\x80\n", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("carry", [(), ("--carry-state",)])
    def test_an_empty_or_blank_file_is_named_and_called_so(self, command, carry, content, fails, folder):
        (folder / "blank.txt").write_bytes(content)
        options = () if command == "vocab" else carry
        message = fails(1, command, "blank.txt", *CHAR, *options)
        assert message.startswith("blank.txt: ")
        assert "no text" in message or "vocabulary" in message or "tokens" in message

    def test_bytes_that_are_no_text_are_called_binary(self, command, fails, folder):
        (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
        message = fails(1, command, "picture.png", *CHAR)
        assert message.startswith("picture.png: line 1, byte 1: not ")
        assert "binary" in message

    def test_text_in_gb18030_is_told_by_line_and_byte_with_the_way_out(self, command, fails, folder):
        lines = ["one", "two", "three今天，我们看这本书。", "你们也在看吗？"]
        (folder / "corpus.txt").write_bytes("\n".join(lines).encode("gb18030"))
        assert fails(1, command, "corpus.txt", *CHAR) == (
            "corpus.txt: line 3, byte 6: not UTF-8 (looks like GB18030: try --encoding gb18030)"
        )

    def test_the_wrong_encoding_named_is_told_too(self, command, fails, write):
        write("corpus.txt", ["plain", "café"])
        message = fails(1, command, "corpus.txt", *CHAR, "--encoding", "ascii")
        assert message.startswith("corpus.txt: line 2, byte 4: not ASCII")

    def test_a_text_of_one_token_is_called_too_small(self, command, fails, write):
        write("a.txt", ["aaaa", "aa"])
        message = fails(1, command, "a.txt", *CHAR)
        assert message.startswith("a.txt: ")
        assert "two" in message


@pytest.fixture
def same(read_npz):
    """Whether two models are the same, number for number."""

    def call(*names):
        a, b = map(read_npz, names)
        return a.header["vocabulary"] == b.header["vocabulary"] and all(
            np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays
        )

    return call


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("gb18030", ("--encoding", "gb18030")),
        ("utf-16", ()),
        ("utf-16", ("--encoding", "utf-16")),
        ("utf-16-be", ("--encoding", "utf-16-be")),
        ("utf-8-sig", ()),
        ("utf-8-sig", ("--encoding", "utf-8")),
    ],
)
def test_text_in_any_encoding_gives_the_model_that_utf_8_gives(
    encoding, options, train, write, chinese, same
):
    lines = [f"{line}😀𠀀é" for line in chinese]
    write("utf-8.txt", lines)
    (write("other.txt", []).parent / "other.txt").write_bytes("\r\n".join(lines).encode(encoding))
    for tokenizer in ("char", "jieba"):
        how = ["--tokenizer", tokenizer, "--min-count", "1", "--quiet", "--force"]
        train("utf-8.txt", *how, model="a.npz")
        train("other.txt", *how, *options, model="b.npz")
        assert same("a.npz", "b.npz")


def test_a_validation_text_is_read_in_the_same_encoding(train, write, chinese, fails):
    write("gb.txt", chinese, "gb18030")
    write("valid.txt", chinese[:3], "gb18030")
    train("gb.txt", "--quiet", "--encoding", "gb18030", "--valid", "valid.txt")
    write("utf-8.txt", chinese)
    message = fails(1, "train", "utf-8.txt", *CHAR, "--valid", "valid.txt", "--model", "b.npz")
    assert message.startswith("valid.txt: line 1, byte 1: not UTF-8")


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_a_validation_text_without_text_is_named(content, fails, corpus, folder):
    (folder / "valid.txt").write_bytes(content)
    assert fails(1, "train", corpus, *CHAR, "--valid", "valid.txt").startswith("valid.txt: no text")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(rnn, write, english, folder):
    write("plain.txt", english)
    (folder / "windows.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(english).encode())
    assert rnn("vocab", "windows.txt", *CHAR) == rnn("vocab", "plain.txt", *CHAR)


@pytest.mark.parametrize(("locale", "name"), [("zh_CN.UTF-8", "chinese"), ("C.UTF-8", "english")])
def test_without_a_corpus_the_shipped_text_of_the_locale_is_counted(locale, name, rnn, monkeypatch):
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.delenv("RNN_LANG")
    said = json.loads(rnn("vocab", *CHAR, "--json").out)
    text = (resources.files("rnn_cli.corpora") / f"{name}.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    characters = Counter("".join(lines))
    assert (said["lines"], said["tokens"], said["types"]) == (len(lines), characters.total(), len(characters))


def test_several_files_are_read_as_one_text(rnn, folder, english):
    (folder / "a.txt").write_text("\n".join(english[:20]))  # its last line has no end
    (folder / "b.txt").write_text("\n".join(english[20:]) + "\n")
    (folder / "ab.txt").write_text("\n".join(english) + "\n")
    assert rnn("vocab", "a.txt", "b.txt", *CHAR) == rnn("vocab", "ab.txt", *CHAR)


def test_a_folder_is_the_texts_below_it_in_sorted_order(train, write, folder, english, same):
    (folder / "texts" / "a").mkdir(parents=True)
    write("texts/b.txt", english[20:])
    write("texts/a/2.txt", english[9:20])
    write("texts/a/10.txt", english[:9])
    write("texts/a/notes.md", ["not", "these"])
    write("all.txt", english)
    train("texts", "--quiet", model="a.npz")
    train("all.txt", "--quiet", model="b.npz")
    assert same("a.npz", "b.npz")


def test_a_file_of_a_folder_that_is_read_is_not_written_over(fails, write, folder, english):
    (folder / "texts").mkdir()
    write("texts/a.txt", english)
    message = fails(2, "vocab", "texts", *CHAR, "--out", Path("texts/a.txt"), "--force")
    assert "texts" in message


def test_a_dash_is_standard_input(process, rnn, corpus, english, same, train, tiny):
    text = "".join(f"{line}\n" for line in english)
    counted = process("vocab", "-", *CHAR, input=text)
    assert (counted.stdout, counted.stderr) == (rnn("vocab", corpus, *CHAR).out, "")
    train(corpus, "--quiet")
    trained = process("train", "-", "--model", "dash.npz", *tiny, "--quiet", "--no-cache", input=text)
    assert (trained.returncode, trained.stdout, trained.stderr) == (0, "", "")
    assert same("m.npz", "dash.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("keeping", [(), ("--no-cache",)])
def test_a_pipe_by_name_is_read_once(keeping, train, corpus, folder, same):
    train(corpus, "--quiet", "--no-cache")
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=[Path(corpus).read_bytes()])
    writer.start()
    train("pipe", "--quiet", *keeping, model="pipe.npz")
    writer.join()
    assert same("m.npz", "pipe.npz")


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@pytest.mark.parametrize("carry", [(), ("--carry-state",)])
def test_text_is_the_same_in_whatever_pieces_it_is_read(
    block, carry, train, write, english, same, monkeypatch
):
    """Lines may end anywhere in what is read at once, and a line may be longer than that."""
    lines = [*english[:9], "", " ", "".join(english), *english[9:]]
    content = "\n".join(lines)
    write("plain.txt", lines)
    path = write("odd.txt", [])
    path.write_bytes(content.replace("\n", "\r\n").encode())
    train("plain.txt", *carry, "--quiet", model="a.npz")
    monkeypatch.setattr("rnn_cli.text.decoding.BLOCK_BYTES", block)
    monkeypatch.setattr("rnn_cli.text.reading.LONGEST", 5 * block)
    train("odd.txt", *carry, "--quiet", "--no-cache", model="b.npz")
    assert same("a.npz", "b.npz")


def test_an_error_in_standard_input_is_named_as_such(process, one_line):
    done = process("vocab", "-", *CHAR, input=b"good\nb\xffd\n", encoding=None)
    assert done.returncode == 1
    assert one_line(done.stderr.decode()).startswith("standard input: line 2, byte 2: not UTF-8")


def test_an_empty_standard_input_is_named_as_such(process, one_line):
    done = process("vocab", "-", *CHAR, input="")
    assert done.returncode == 1
    assert one_line(done.stderr).startswith("standard input: no text")


def test_a_text_of_one_line_says_what_to_do_and_then_trains(fails, train, write, english):
    write("line.txt", [" ".join(english)])
    write("short.txt", english[:1])
    message = fails(1, "train", "short.txt", *CHAR, "--valid-fraction", "0.1")
    assert message.startswith("short.txt: only one short line")
    assert "--valid FILE" in message
    assert "--valid-fraction 0" in message
    train("line.txt", "--valid-fraction", "0", "--quiet", model="a.npz")
    write("valid.txt", english[:2])
    train("line.txt", "--valid", "valid.txt", "--quiet", model="b.npz")


class TestVocab:
    """rnn vocab --out, an edit, rnn train --vocab."""

    @pytest.fixture
    def vocabulary(self, rnn, corpus):
        rnn("vocab", corpus, "--tokenizer", "space", "--min-count", "1", "--out", "v.txt")
        return "v.txt"

    def edit(self, path, change):
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in change(lines))

    def test_the_edited_vocabulary_and_its_tokenizer_are_the_models(
        self, vocabulary, train, corpus, read_npz
    ):
        def change(lines):
            kept = [line for line in lines if '"Anna"' not in line]
            return [*kept, '["zebra", 0]']

        self.edit(vocabulary, change)
        train(corpus, "--vocab", vocabulary, "--quiet")
        model = read_npz("m.npz")
        with open(vocabulary, encoding="utf-8") as file:
            _, *rows = map(json.loads, file)
        assert model.header["vocabulary"] == rows
        assert model.tokens[-1] == "zebra"
        assert "Anna" not in model.tokens
        assert model.header["tokenizer"]["name"] == "space"

    def test_the_vocabulary_as_written_gives_the_model_without_it(self, vocabulary, train, corpus, read_npz):
        options = ["--valid-fraction", "0", "--quiet"]
        train(corpus, "--vocab", vocabulary, *options)
        train(corpus, "--tokenizer", "space", "--min-count", "1", *options, model="plain.npz")
        a, b = read_npz("m.npz"), read_npz("plain.npz")
        assert a.header["vocabulary"] == b.header["vocabulary"]
        assert all(np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays)

    def test_a_tokenizer_that_contradicts_the_file_is_refused(self, vocabulary, fails, train, corpus):
        message = fails(1, "train", corpus, "--vocab", vocabulary, "--tokenizer", "char")
        assert "made with space, not char: drop --tokenizer" in message
        train(corpus, "--vocab", vocabulary, "--tokenizer", "space", "--quiet")

    def test_a_missing_file_is_named(self, fails, corpus):
        assert fails(1, "train", corpus, "--vocab", "no.txt").startswith("no.txt: No such file")

    HEAD = '{"format": "rnn vocabulary", "version": 1, "tokenizer": "char"}\n'

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("", 1),
            ("Anna reads a book.\n", 1),
            ('["a", 1]\n["b", 1]\n', 1),
            ("{}\n", 1),
            ('{"format": "rnn vocabulary", "version": 9, "tokenizer": "char"}\n["a", 1]\n', 1),
            ('{"format": "rnn vocabulary", "version": 1, "tokenizer": "words"}\n["a", 1]\n', 1),
            ('{"format": "rnn vocabulary", "version": 1, "tokenizer": ["char"]}\n["a", 1]\n', 1),
            ('{"format": "rnn vocabulary", "version": 1}\n["a", 1]\n', 1),
            (HEAD, None),
            (HEAD + '["a", 1]\n["b" 1]\n', 3),
            (HEAD + '["a", 1]\n\n["b"]\n', 4),
            (HEAD + '["a", 1]\n["b", -1]\n', 3),
            (HEAD + '["a", 1]\n["b", "1"]\n', 3),
            (HEAD + '["a", 1]\n["b", true]\n', 3),
            (HEAD + '["a", 1]\n["b", 1.5]\n', 3),
            (HEAD + '["a", 1]\n["b", NaN]\n', 3),
            (HEAD + '["a", 1]\n["", 1]\n', 3),
            (HEAD + '["a", 1]\n[null, 1]\n', 3),
            (HEAD + '["a", 1]\n["b", 1]\n["a", 1]\n', 4),
            (HEAD + '["a", 1]\n["\\ud800", 1]\n', 3),
            (HEAD + '["a", 1]\n' + "[" * 100_000 + "\n", 3),
        ],
    )
    def test_a_damaged_file_is_told_by_its_line(self, text, line, fails, corpus, folder):
        (folder / "v.txt").write_text(text, encoding="utf-8")
        message = fails(1, "train", corpus, "--vocab", "v.txt", "--hidden", "4", "--epochs", "1", "--quiet")
        assert message.startswith("v.txt: " if line is None else f"v.txt: line {line}: ")

    def test_a_model_in_place_of_a_vocabulary_is_one_line(self, fails, corpus, models):
        assert str(models["char"]) in fails(1, "train", corpus, "--vocab", models["char"])


def test_the_vocabulary_is_of_what_is_learned_not_of_what_is_held_out(train, write, english, read_npz):
    """So validation meets unknown tokens as often as other text would."""
    write("corpus.txt", [f"{line} {chr(0x4E00 + number)}" for number, line in enumerate(english)])
    train("corpus.txt", "--quiet", "--valid-fraction", "0.25")
    only_once = [token for token in read_npz("m.npz").tokens if token >= "\u4e00"]
    assert len(only_once) == len(english) - 12


def test_min_count_and_max_size_choose_the_vocabulary(train, corpus, english, read_npz):
    counts = Counter("".join(english))
    train(corpus, "--quiet", "--valid-fraction", "0", "--min-count", "40")
    assert set(read_npz("m.npz").tokens) == {token for token, count in counts.items() if count >= 40}
    train(corpus, "--quiet", "--valid-fraction", "0", "--max-size", "5", "--force")
    model = read_npz("m.npz")
    assert len(model.tokens) == 5
    assert sorted(count for _, count in model.header["vocabulary"]) == sorted(counts.values())[-5:]


def test_unknown_words_are_spelled_as_those_of_the_text_are_or_as_all_of_its_words(train, corpus, read_npz):
    options = ["--tokenizer", "space", "--min-count", "1", "--valid-fraction", "0", "--quiet", "--force"]
    train(corpus, *options, "--max-size", "3")
    model = read_npz("m.npz")
    words = {word for line in Path(corpus).read_text().splitlines() for word in line.split()}
    unknown = words - set(model.tokens)
    assert model.header["spelling"] == pairs(unknown)
    train(corpus, *options)
    assert read_npz("m.npz").header["spelling"] == pairs(words)


def pairs(words):
    """How often a character follows another, "" before the first and after the last; each word once."""
    counts = Counter(pair for word in words for pair in zip(["", *word], [*word, ""], strict=True))
    return {before: {c: n for (b, c), n in counts.items() if b == before} for before, _ in counts}


@pytest.mark.parametrize("tokenizer", ["char", "space"])
def test_text_that_spells_a_special_token_is_text(tokenizer, train, rnn, write, read_npz):
    lines = [f"<s> {word} </s> <unk> \u2028 <pad>" for word in ("red", "blue", "green", "grey") * 6]
    write("special.txt", lines)
    train("special.txt", "--tokenizer", tokenizer, "--min-count", "1", "--quiet")
    tokens = read_npz("m.npz").tokens
    if tokenizer == "char":
        assert {"<", "s", ">"} <= set(tokens)
    else:
        assert {"<s>", "</s>", "<pad>"} <= set(tokens)
        assert "<unk>" not in tokens  # the unknown word, as in Penn Treebank
    said = rnn("sample", "--model", "m.npz", "--prompt", "<s>", "--seed", "1", "--num", "3")
    assert said.err == ""
    assert said.out.count("<s>") >= 3


@pytest.mark.parametrize("carry", [(), ("--carry-state",)], ids=["lines", "carried"])
def test_lines_much_longer_than_a_window_are_learned(carry, train, write, english, read_npz, read_log):
    lines = [" ".join(english), *english[:10], "".join(english), *english[10:20]]
    write("long.txt", lines)
    write("valid.txt", [english[3], " ".join(english[::-1]), english[5]])
    batch = "1" if carry else "4"  # one row reads the text from one s_0 = 0, as the equations do
    options = ["--bptt", "8", "--batch", batch, "--valid", "valid.txt", "--log", "log.jsonl", *carry]
    train("long.txt", *options, "--quiet")
    valid = read_log("log.jsonl", "valid")
    assert valid[1]["train_loss"] < valid[0]["train_loss"]
    best = min(row["valid_loss"] for row in valid)
    naive = read_npz("m.npz").measure([english[3], " ".join(english[::-1]), english[5]])
    assert best == pytest.approx(naive.loss, rel=1e-4)


# A column of a table.

TABLE = 'id,text\n1,"Anna reads.\nTom sees."\n2,"Ben, too."\n3,\n4,Mia buys it.\n'
LINES = ["Anna reads.", "Tom sees.", "Ben, too.", "Mia buys it."]
AS_JSON = [{"id": 1, "text": "Anna reads.\r\nTom sees."}, {"text": "Ben, too."}, {}, {"text": "Mia buys it."}]


def write_tables(folder, encoding="utf-8"):
    (folder / "t.csv").write_text(TABLE, encoding, newline="\r\n")
    rows = (json.dumps(row, ensure_ascii=False) for row in AS_JSON)
    (folder / "t.jsonl").write_text("\n".join(rows), encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("table", ["t.csv", "t.jsonl"])
@pytest.mark.parametrize("tokenizer", ["char", "jieba"])
def test_a_column_is_a_text_like_its_lines(encoding, table, tokenizer, train, write, same, folder):
    write_tables(folder, encoding)
    write("plain.txt", LINES)
    given = ["--tokenizer", tokenizer, "--quiet"]
    train("plain.txt", *given, model="a.npz")
    for _ in range(2):  # read now, and taken from the cache
        train(table, *given, "--column", "text", "--force", model="b.npz")
        assert same("a.npz", "b.npz")


def test_a_table_and_a_text_of_the_same_bytes_are_two_texts_in_the_cache(rnn, folder):
    for name in ("t.csv", "u.csv", "u.txt"):
        (folder / name).write_text(TABLE)
    given = [*CHAR, "--column", "text"]
    tables = rnn("vocab", "t.csv", "u.csv", *given).out
    assert rnn("vocab", "t.csv", "u.txt", *given).out != tables
    assert rnn("vocab", "t.csv", "u.csv", *given).out == tables
    assert rnn("vocab", "t.csv", "u.csv", *CHAR, "--column", "id").out != tables


def test_validation_is_on_the_column_of_a_table_too(train, corpus, read_log, folder):
    write_tables(folder)
    train(corpus, "--valid", "t.jsonl", "--column", "text", "--log", "log", "--quiet")
    (folder / "valid.txt").write_text("\n".join(LINES))
    train(corpus, "--valid", "valid.txt", "--log", "plain", "--quiet", "--force")
    losses = [[row["valid_loss"] for row in read_log(name, "valid")] for name in ("log", "plain")]
    assert losses[0] == losses[1]


def test_a_piped_table_is_known_by_its_content(process, rnn, folder):
    write_tables(folder)
    expected = rnn("vocab", "t.csv", *CHAR, "--column", "text").out
    for table in ("t.csv", "t.jsonl"):
        text = (folder / table).read_text()
        assert process("vocab", "-", *CHAR, "--column", "text", input=text).stdout == expected


def test_a_table_without_a_column_is_read_as_text_with_a_word(rnn, folder):
    write_tables(folder)
    said = rnn("vocab", "t.csv", *CHAR)
    told = (
        "t.csv: read as plain text, all its columns: --task classify (or translate, …) learns one from the "
    )
    told += "other, --column id or --column text reads one alone"
    assert said.err == f"rnn: warning: {told}\n"
    assert '","' in said.out
    assert rnn("vocab", "t.csv", *CHAR, "--column", "text").err == ""
    (folder / "names.csv").write_text("Anna\nBen\n")
    assert rnn("vocab", "names.csv", *CHAR).err == ""


@pytest.mark.parametrize("command", ["train", "vocab"])
def test_what_a_column_cannot_be_is_refused(command, fails, folder, corpus):
    write_tables(folder)
    message = fails(1, command, "t.csv", *CHAR, "--column", "txt")
    assert message == "t.csv: has no column txt (there are id, text)"
    message = fails(2, command, corpus, *CHAR, "--column", "text")
    assert message.startswith(f"--column text: no .csv, .tsv, .jsonl file in {corpus}")
    assert "--column needs" in fails(2, command, "t.csv", *CHAR, "--column", "")


# Paragraphs.

POEMS = [["Roses are red,", "violets are blue."], ["Sugar is sweet,", "and so are you.", "So am I."]]


@pytest.fixture
def poems(write):
    lines = [line for poem in POEMS * 12 for line in [*poem, " ", ""]]
    write("poems.txt", lines)
    return "poems.txt"


PARAGRAPHS = ("--unit", "paragraph")


@pytest.mark.parametrize("tokenizer", ["char", "jieba", "space"])
def test_a_paragraph_is_one_instance_with_a_token_for_its_line_ends(
    tokenizer, train, poems, read_npz, read_log
):
    given = ["--tokenizer", tokenizer, *PARAGRAPHS, "--quiet", "--valid-fraction", "0", "--log", "log"]
    train(poems, *given)
    header = read_npz("m.npz").header
    assert header["tokenizer"]["unit"] == "paragraph"
    assert dict(header["vocabulary"])["\n"] == 12 * 3
    (start,) = read_log("log", "start")
    assert start["settings"]["text"]["lines"] == 24
    assert start["settings"]["unit"] == "paragraph"


def test_paragraphs_are_held_out_whole(train, poems, read_log):
    train(poems, *PARAGRAPHS, "--quiet", "--valid-fraction", "0.25", "--log", "log")
    (start,) = read_log("log", "start")
    assert start["settings"]["text"]["lines"] == 18


def test_units_of_lines_are_as_they_were(train, poems, same, read_npz):
    train(poems, "--quiet", model="a.npz")
    train(poems, "--quiet", "--unit", "line", model="b.npz")
    assert same("a.npz", "b.npz")
    assert "unit" not in read_npz("b.npz").header["tokenizer"]


def test_a_cell_is_a_paragraph_whatever_it_holds(train, read_log, folder):
    rows = [{"text": "Anna reads.\n\nTom sees."}, {"text": "Ben."}, {"text": ""}] * 5
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    train("t.jsonl", "--column", "text", *PARAGRAPHS, "--quiet", "--valid-fraction", "0", "--log", "log")
    (start,) = read_log("log", "start")
    assert start["settings"]["text"]["lines"] == 10
    assert start["settings"]["text"]["tokens"] == 5 * (len("Anna reads.\n\nTom sees.") + len("Ben."))


def test_the_unit_goes_with_a_vocabulary_and_with_a_model(train, rnn, poems, read_npz, fails):
    rnn("vocab", poems, *CHAR, *PARAGRAPHS, "--out", "v.vocab")
    rnn("train", poems, "--vocab", "v.vocab", "--preset", "tanh", "--epochs", "1", "--quiet", "-m", "a.npz")
    rnn("train", poems, "--init", "a.npz", "--epochs", "1", "--quiet", "-m", "b.npz")
    assert read_npz("b.npz").header["tokenizer"]["unit"] == "paragraph"
    message = fails(1, "train", poems, "--vocab", "v.vocab", "--unit", "line", "-m", "c.npz")
    assert message == "v.vocab: made with --unit paragraph, not line: drop --unit"
    message = fails(2, "train", poems, "--init", "a.npz", "--unit", "line", "-m", "c.npz")
    assert message == "--unit line contradicts the model a.npz, which has --unit paragraph"
    for option in (["--vocab", "v.vocab"], ["--init", "a.npz"]):
        message = fails(2, "train", poems, *option, "--carry-state", "-m", "c.npz")
        assert "--carry-state" in message
        assert option[0] in message


def test_a_run_on_paragraphs_goes_on(train, rnn, poems, read_npz):
    train(poems, *PARAGRAPHS, "--quiet")
    rnn("train", "--resume", "--epochs", "3", "--quiet", "--model", "m.npz")
    assert read_npz("m.state.npz").header["position"]["epoch"] == 3
