"""rnn vocab: counts of a text, checked by counting it again in another way."""

import json
import re
from collections import Counter

import pytest

SPLIT = {"char": list, "space": str.split}


class Table:
    """What `rnn vocab` printed."""

    def __init__(self, out):
        def number(name):
            return int(re.search(rf"^{name} +([\d,]+)", out, re.M)[1].replace(",", ""))

        self.lines, self.tokens, self.types, self.vocabulary = map(
            number, ("lines", "tokens", "types", "vocabulary")
        )
        self.m = int(re.search(r"m = ([\d,]+)", out)[1].replace(",", ""))
        self.covered = float(re.search(r"^covered +([\d.]+)%", out, re.M)[1])
        shares = re.findall(r"^ +(\d+) % +([\d,]+)$", out, re.M)
        self.needed = {int(share): int(count.replace(",", "")) for share, count in shares}
        rows = re.findall(r'^ +(\d+) +([\d,]+) {3}(".*"|<.*>)$', out, re.M)
        self.special = [(id, spelled, count) for id, count, spelled in rows[:3]]
        self.frequent = [(json.loads(token), int(count.replace(",", ""))) for _, count, token in rows[3:]]
        assert [int(id) for id, _, _ in rows] == list(range(len(rows)))


def needed(counts, share):
    """How many types, the most frequent first, make up this share: one by one."""
    left, total = sorted(counts.values(), reverse=True), sum(counts.values())
    taken = types = 0
    while taken * 100 < share * total:
        taken += left[types]
        types += 1
    return types


@pytest.mark.parametrize(("min_count", "max_size"), [(1, None), (2, None), (1, 7), (5, 12), (1, 100_000)])
@pytest.mark.parametrize("tokenizer", ["char", "space"])
def test_the_table_is_what_an_independent_count_gives(tokenizer, min_count, max_size, rnn, write, english):
    lines = [line * (1 + number % 3) for number, line in enumerate(english)] + [
        "",
        "两 只 鸟",
        " ",
        "odd words here",
    ]
    write("corpus.txt", lines)
    options = ["--min-count", min_count, *(["--max-size", max_size] if max_size else [])]
    said = rnn("vocab", "corpus.txt", "--tokenizer", tokenizer, *options)
    table = Table(said.out)
    text = [line for line in lines if line.strip()]
    counts = Counter(token for line in text for token in SPLIT[tokenizer](line))
    known = sorted((count for count in counts.values() if count >= min_count), reverse=True)[:max_size]
    assert said.err == ""
    assert table.lines == len(text)
    assert table.tokens == counts.total()
    assert table.types == len(counts)
    assert table.vocabulary == len(known)
    assert table.m == len(known) + 3
    assert table.covered == pytest.approx(100 * sum(known) / counts.total(), abs=0.006)
    assert table.needed == {share: needed(counts, share) for share in (80, 90, 95, 99, 100)}
    expected = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    assert table.special == [
        ("0", "<start>", str(len(text))),
        ("1", "<end>", str(len(text))),
        ("2", "<unk>", str(counts.total() - sum(known))),
    ]
    assert table.frequent == [row for row in expected if row[1] >= min_count][: min(20, max_size or 20)]


def test_an_exact_share_needs_no_type_more(rnn, write):
    write("corpus.txt", ["aaaaaaaabc"])  # a is 80 % exactly
    assert Table(rnn("vocab", "corpus.txt", "-t", "char").out).needed[80] == 1


def test_words_are_those_of_jieba_and_must_occur_twice(rnn, write):
    often = ["我们在图书馆。"] * 300
    write("corpus.txt", [*often, "我们在图书馆看书。", "我们在图书馆写字。"])
    table = Table(rnn("vocab", "corpus.txt").out)
    assert dict(table.frequent) == {"我们": 302, "在": 302, "图书馆": 302, "。": 302}


def test_a_token_that_would_upset_the_terminal_is_escaped(rnn, write):
    write("corpus.txt", ["a\x1b[2J\tb\x07a"])
    out = rnn("vocab", "corpus.txt", "-t", "char").out
    assert all(c.isprintable() or c == "\n" for c in out)


def test_out_writes_the_vocabulary_one_token_a_line(rnn, corpus, english):
    said = rnn("vocab", corpus, "-t", "space", "--min-count", "1", "--out", "v.txt")
    counts = Counter(token for line in english for token in line.split())
    with open("v.txt", encoding="utf-8") as file:
        head, *rows = map(json.loads, file)
    assert head["tokenizer"] == "space"
    assert rows == [list(row) for row in sorted(counts.items(), key=lambda row: (-row[1], row[0]))]
    assert "v.txt" in said.err
    assert f"{len(counts)} tokens" in said.err
    assert "v.txt" not in said.out


def test_out_does_not_overwrite_unless_forced(rnn, fails, corpus, folder):
    (folder / "v.txt").write_text("of value")
    message = fails(2, "vocab", corpus, "-t", "char", "--out", "v.txt")
    assert "v.txt" in message
    assert "--force" in message
    rnn("vocab", corpus, "-t", "char", "--out", "v.txt", "--force")
    assert "rnn vocabulary" in (folder / "v.txt").read_text()


def test_the_table_is_the_same_with_and_without_out(rnn, corpus):
    plain = rnn("vocab", corpus, "-t", "char").out
    assert rnn("vocab", corpus, "-t", "char", "--out", "v.txt").out == plain


def test_a_vocabulary_written_twice_is_the_same_file(rnn, corpus, folder):
    for name in ("a.txt", "b.txt"):
        rnn("vocab", corpus, "-t", "char", "--out", name)
    assert (folder / "a.txt").read_bytes() == (folder / "b.txt").read_bytes()


def cut(out):
    """The rows of --cut: id, count, token, and whether it is unknown."""
    head, *rows = out.splitlines()
    assert head.split() == ["id", "occurs", "token"]
    found = [re.fullmatch(r" +(\d+) +([\d,]+)   (<\w+>|\".*\")(   unknown)?", row) for row in rows]
    return [(int(row[1]), int(row[2]), row[3], row[4] is not None) for row in found]


def test_a_sentence_is_shown_as_it_is_cut_and_numbered(rnn, write):
    write("corpus.txt", ["b a", "a a", "c c"])
    assert cut(rnn("vocab", "corpus.txt", "-t", "space", "--min-count", "2", "--cut", "a b z").out) == [
        (0, 3, "<start>", False),
        (3, 3, '"a"', False),
        (2, 1, '"b"', True),
        (2, 0, '"z"', True),
        (1, 3, "<end>", False),
    ]


def test_what_is_cut_is_what_a_model_reads(rnn, write, chinese, read_npz):
    write("corpus.txt", chinese * 9)
    rows = cut(rnn("vocab", "corpus.txt", "--cut", f"{chinese[0]}\r\n{chinese[1]}").out)
    rnn("train", "corpus.txt", "--valid-fraction", "0", "--epochs", "1", "--quiet", "-m", "m.npz")
    tokens = [token for token, _ in read_npz("m.npz").header["vocabulary"]]
    assert [id for id, *_ in rows if id < 2] == [0, 1, 0, 1]
    assert all(json.loads(token) == tokens[id - 3] for id, _, token, _ in rows if id > 2)
    assert "".join(json.loads(token) for id, _, token, _ in rows if id > 2) == chinese[0] + chinese[1]


def test_a_paragraph_is_cut_as_one(rnn, write):
    write("corpus.txt", ["a", "b", "", "a", "b"])
    rows = cut(rnn("vocab", "corpus.txt", "-t", "char", "--unit", "paragraph", "--cut", "a\nb\n\nb").out)
    shown = ["<start>", '"a"', '"\\n"', '"b"', "<end>", "<start>", '"b"', "<end>"]
    assert [token for _, _, token, _ in rows] == shown


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_to_cut_is_refused(text, fails, corpus):
    assert fails(2, "vocab", corpus, "--cut", text) == "--cut needs a text"


def test_what_is_cut_is_safe_to_print(rnn, corpus):
    out = rnn("vocab", corpus, "-t", "char", "--cut", "a\x1b[2J\x07").out
    assert all(c.isprintable() or c == "\n" for c in out)


def test_of_some_sentences_every_word_is_in_the_vocabulary(rnn, write):
    write("corpus.txt", ["我们在图书馆看书。", "我们在图书馆写字。"])
    table = Table(rnn("vocab", "corpus.txt").out)
    assert {"看书", "写字"} <= {token for token, _ in table.frequent}


@pytest.mark.parametrize("command", [("vocab",), ("train", "-n", 4, "-e", 1)])
def test_what_a_folder_leaves_out_is_told(command, rnn, write, folder, english):
    (folder / "texts").mkdir()
    for name in ("a.txt", "b.text", ".hidden.txt"):
        write(f"texts/{name}", english)
    said = rnn(*command, "texts", "-t", "char")
    assert "texts: left out, as not *.txt files or hidden: .hidden.txt, b.text" in said.err


PAIRS = {
    "classify": ("a b\tx", ["text"], "labels"),
    "rate": ("a b\t1", ["text"], "scale"),
    "tag": ("a b\tX Y", ["tokens"], "tags"),
    "generate": ("x\ta b", ["text"], "labels"),
    "translate": ("a b\tb a", ["source", "target"], None),
}


@pytest.mark.parametrize("task", PAIRS)
def test_pairs_are_counted_as_training_sees_them(rnn, write, task):
    line, names, beside = PAIRS[task]
    other = {"x": "y", "1": "2", "X Y": "Y Y", "b a": "c a"}
    text, cell = line.split("\t")
    lines = (
        [line] * 6
        + [f"{other.get(text, text)}\t{other.get(cell, cell)}"] * 3
        + ["c\tx"] * (task == "classify")
    )
    write("p.tsv", lines)
    split = [] if task == "tag" else ["-t", "space"]
    rnn_vocab = ["vocab", "p.tsv", "--task", task, "--min-count", 1, *split]
    told = json.loads(rnn(*rnn_vocab, "--json").out)
    assert (told["pairs"], told["valid"], [*told["sides"]]) == (len(lines), 0, names)
    first = told["sides"][names[0]]
    texts = [row.split("\t")[task == "generate"] for row in lines]
    assert first["tokens"] == sum(len(text.split()) for text in texts)
    assert first["m"] == first["vocabulary"] + 3
    if beside:
        expected = {
            "labels": {"x": 7 if task == "classify" else 6, "y": 3},
            "scale": [1, 2],
            "tags": {"Y": 12, "X": 6},
        }
        assert told[beside] == expected[beside]
    out = rnn(*rnn_vocab).out
    assert all(f"\n{name} (" in out for name in names)
    assert '"a"' in out


def test_a_text_is_cut_as_each_side_of_the_pairs(rnn, write):
    write("p.tsv", ["a b\tu v"] * 3)
    options = ["--task", "translate", "-t", "space", "--min-count", 1, "--json"]
    told = json.loads(rnn("vocab", "p.tsv", *options, "--cut", "b z\tv").out)
    assert [(row["token"], row["id"], row["occurs"]) for row in told["source"]] == [("b", 4, 3), ("z", 2, 0)]
    assert [(row["token"], row["id"], row["occurs"]) for row in told["target"]] == [("v", 4, 3)]
    assert told["schema"] == 1


def test_the_text_of_a_line_is_cut_as_a_model_of_the_task_reads_it(rnn, write):
    write("t.tsv", ["我 们 看	B E S"] * 3)
    told = json.loads(rnn("vocab", "t.tsv", "--task", "tag", "--json", "--cut", "我们").out)
    assert [row["token"] for row in told["tokens"]] == ["我", "们"]
    write("g.tsv", ["x	ab", "y	ba"] * 3)
    told = json.loads(
        rnn("vocab", "g.tsv", "--task", "generate", "-t", "char", "--json", "--cut", "x	ba").out
    )
    assert [row["token"] for row in told["text"]] == ["b", "a"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "translate", "--cut", "a	b	c"], "--cut: 3 columns where there are 2"),
        (["--columns", "a,b"], "--columns is for"),
        (["--target-tokenizer", "char"], "--target-tokenizer is for"),
        (["--task", "classify", "--unit", "paragraph"], "--unit is for"),
        (["--task", "classify", "--column", "text"], "--column is for"),
    ],
)
def test_what_the_task_has_no_use_for_is_refused(fails, write, options, message):
    write("p.tsv", ["a b	u v"] * 3)
    assert fails(2, "vocab", "p.tsv", *options).startswith(message)


def test_a_vocabulary_file_is_for_texts_alone(fails, write):
    write("p.tsv", ["a\tx", "b\ty"])
    message = fails(2, "vocab", "p.tsv", "--task", "classify", "--out", "v.vocab")
    assert message == "--out is for a text without --task: rnn train --vocab reads it"


def test_pairs_that_are_validated_on_are_not_counted(rnn, write):
    lines = [f"word{n} b\t{'xy'[n % 2]}" for n in range(60)]
    write("p.tsv", lines)
    told = json.loads(
        rnn("vocab", "p.tsv", "--task", "classify", "-t", "space", "--json", "--min-count", 1).out
    )
    assert told["valid"] > 0
    assert told["pairs"] + told["valid"] == 60
    assert told["sides"]["text"] == {
        "tokens": 2 * told["pairs"],
        "vocabulary": told["pairs"] + 1,
        "m": told["pairs"] + 4,
        "unknown": 0,
    }
    assert sum(told["labels"].values()) == told["pairs"]


PAIRS_OF_TASKS = {
    "classify": ["a dog\tgood", "no cat\tbad", "a bird\tgood", "no fish\tbad"],
    "rate": ["a dog\t1", "no cat\t2", "a bird\t3", "no fish\t4"],
    "tag": ["a dog\tX Y", "no cat\tX Y", "a bird\tX Y"],
    "translate": ["a dog\tun chien", "a cat\tun chat", "a bird\tun oiseau"],
    "generate": ["x\ta dog", "y\ta cat", "x\ta bird"],
}


@pytest.mark.parametrize("task", PAIRS_OF_TASKS)
def test_a_task_of_pairs_learns_from_one_token(task, rnn, write):
    write("pairs.tsv", PAIRS_OF_TASKS[task])
    rnn("vocab", "pairs.tsv", "--task", task, "--max-size", "1")


@pytest.mark.parametrize("command", ["vocab", "train"])
def test_a_vocabulary_of_one_token_is_refused_with_a_way_out_that_works(command, rnn, fails, write):
    write("words.txt", ["some words", "some words, and words"])
    write("same.txt", ["aaa"] * 9)
    of_words = ("words.txt", "-t", "space")
    message = fails(2, command, *of_words, "--max-size", "1")
    assert message == "--max-size 1: a language needs 2 tokens or more"
    rnn("vocab", *of_words, "--max-size", "2")
    assert fails(1, command, *of_words, "--min-count", "9") == (
        "words.txt: 0 different tokens to learn from with --min-count 9, but a model needs two: "
        "lower --min-count or give more text"
    )
    rnn("vocab", *of_words, "--min-count", "1")
    for more in [(), ("--min-count", "1"), ("--min-count", "2")]:
        assert fails(1, command, "same.txt", "-t", "char", *more) == (
            "same.txt: 1 different token to learn from, but a model needs two: give more text"
        )
