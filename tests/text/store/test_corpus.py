"""A text to ids, and the parts of it, checked against a plain list of what should stand where."""

import itertools
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnn_cli.text.spelling import Spelling
from rnn_cli.text.store import corpus
from rnn_cli.text.store.corpus import Corpus, Part, Selection, Text, hold_out, in_memory, spans, whole
from rnn_cli.text.store.cutting import Cut, cut
from rnn_cli.text.tokenizers import TOKENIZERS, Token
from rnn_cli.text.vocabulary import SPECIAL, Vocabulary, build

START, END, UNK = 0, 1, 2
CHAR, SPACE, JIEBA = TOKENIZERS["char"], TOKENIZERS["space"], TOKENIZERS["jieba"]

tokens = st.sampled_from(["a", "b", "中", "ab", " a", "<s>", None])
lines_of_tokens = st.lists(st.lists(tokens, max_size=6), max_size=10)
lines_of_text = st.lists(st.text("abc 中\u3000", max_size=6), max_size=10)
sizes = st.lists(st.integers(1, 20), max_size=10)


def cut_of(block: list[Token | int]) -> Cut:
    """A block whose tokens and line ends (END) are given, its types in the order of their spellings."""
    types = sorted({token for token in block if isinstance(token, str)})
    number = {END: END, None: UNK} | {token: id for id, token in enumerate(types, SPECIAL)}
    lengths = [0]
    for token in block:
        lengths[-1] += len(token) if isinstance(token, str) else 1  # an <unk> of the text is one here
        if token == END:
            lengths.append(0)
    return Cut(tuple(types), np.array([number[t] for t in block], np.int32), np.array(lengths, np.int64))


def cuts_of(lines: list[list[Token]], sizes: list[int]) -> Iterator[Cut]:
    """A text in blocks of these sizes, which part lines anywhere, and one block of all that is left."""
    targets = iter([target for line in lines for target in (*line, END)])
    for size in [*sizes, None]:
        yield cut_of(list(itertools.islice(targets, size)))


def spelled(text: Text) -> list[list[Token]]:
    """The lines of a text as lists of tokens."""
    spelling = dict(enumerate(text.types, SPECIAL)) | {UNK: None}
    lines = [text.corpus.ids[a:b].tolist() for a, b in itertools.pairwise(text.corpus.starts)]
    assert all(line[-1] == END for line in lines)
    return [[spelling[id] for id in line[:-1]] for line in lines]


def corpus_of(lines: list[list[int]]) -> Corpus:
    """A corpus whose lines are given as ids, without END; a line has ten characters for each target."""
    starts = np.cumsum([0, *(len(line) + 1 for line in lines)])
    ids = [id for line in lines for id in (*line, END)]
    return Corpus(np.array(ids, np.int32), starts, 10 * np.diff(starts))


def text_of(lines: list[list[int]]) -> Text:
    """A text whose lines are given as ids of its own."""
    of_lines = corpus_of(lines)
    counts = np.bincount(of_lines.ids, minlength=SPECIAL)
    longest = int(np.diff(of_lines.starts).max())
    types = tuple(map(str, range(SPECIAL, len(counts))))
    return Text(of_lines, types, counts, 10 * len(of_lines.ids), longest)


def numbered(lines: int) -> Text:
    """A text in which each line spells its own number."""
    return text_of([[line + SPECIAL] * (line % 4 + 1) for line in range(lines)])


def numbers_in(part: Part) -> list[int]:
    """The numbers of the lines of a part, as they stand."""
    return [number for each in part.ranges for number in part.among(*each).tolist()]


# Numbering


@settings(max_examples=60, deadline=None)
@given(lines_of_tokens, sizes)
@example([["a", "b", "中"], ["b"]], [1, 1, 1, 1])  # a line that goes over several blocks
@example([[], [], ["a"]], [1])
def test_the_ids_stand_for_the_tokens_however_the_text_comes_in_blocks(lines, sizes):
    text = in_memory(cuts_of(lines, sizes))
    assert spelled(text) == lines
    assert len(set(text.types)) == len(text.types)
    assert text.corpus.lines == len(lines)


@settings(max_examples=40, deadline=None)
@given(lines_of_tokens, sizes)
def test_counts_characters_and_the_longest_line_are_the_texts(lines, sizes):
    text = in_memory(cuts_of(lines, sizes))
    counted = Counter(token for line in lines for token in line)
    assert text.counts[:SPECIAL].tolist() == [0, len(lines), counted.pop(None, 0)]
    assert dict(zip(text.types, text.counts[SPECIAL:].tolist(), strict=True)) == counted
    characters = [sum(len(token or "?") for token in line) + 1 for line in lines]
    assert text.corpus.characters.tolist() == characters
    assert text.characters == sum(characters)
    assert text.longest == max((len(line) + 1 for line in lines), default=0)


@settings(max_examples=60, deadline=None)
@given(lines_of_text, st.booleans(), st.sampled_from([CHAR, SPACE, JIEBA]), st.integers(0, 10))
def test_text_is_cut_into_blocks_without_a_trace(lines, keep_blank, tokenizer, first):
    blocks = ["".join(f"{line}\n" for line in some) for some in (lines[:first], lines[first:])]
    text = in_memory(cut(tokenizer, block, keep_blank) for block in blocks)
    kept = [line for line in lines if keep_blank or line.strip()]
    assert spelled(text) == [tokenizer.split(line) for line in kept]
    assert text.corpus.characters.tolist() == [len(line) + 1 for line in kept]


def test_every_token_is_counted_however_many_types_there_are():
    lines = [[str(n % (10 * k + 1)) for n in range(3000)] for k in (1, 10, 100, 1000)]
    text = in_memory(cuts_of(lines, [3001] * 4))
    assert spelled(text) == lines
    counted = Counter(itertools.chain(*lines))
    assert dict(zip(text.types, text.counts[SPECIAL:].tolist(), strict=True)) == counted


def test_blank_lines_are_skipped_or_kept_as_an_end_alone():
    block = "ab\n\n \t\u3000\nb\n"
    assert [len(line) for line in spelled(in_memory([cut(CHAR, block, keep_blank=False)]))] == [2, 1]
    assert [len(line) for line in spelled(in_memory([cut(SPACE, block, keep_blank=True)]))] == [1, 0, 0, 1]


def test_a_literal_unk_is_unknown_under_every_vocabulary():
    text = in_memory([cut(SPACE, "the <unk> the\n", keep_blank=False)])
    assert text.types == ("the",)
    assert whole(text).unknown == 1
    vocabulary = Vocabulary(("<unk>", "the"), (1, 1))
    part = whole(text).read_with(text, vocabulary, Spelling.count(["the"]))
    assert part.table[text.corpus.ids].tolist() == [4, UNK, 4, END]
    assert part.unknown == 1
    assert part.spelling_nats == 0  # the text itself withholds how it is spelled


def test_text_that_spells_a_special_token_is_text():
    text = in_memory([cut(SPACE, "<s> </s>\n", keep_blank=False)])
    vocabulary = build(whole(text).occurring(text.types))
    assert text.table(vocabulary)[text.corpus.ids].tolist() == [4, 3, END]


def test_characters_are_the_lines_own_and_one_for_its_end():
    text = in_memory([cut(SPACE, "  no , it\twas \n😀中\n", keep_blank=False)])
    assert text.corpus.characters.tolist() == [15, 3]


def test_an_empty_text_is_an_empty_corpus():
    text = in_memory([])
    part = whole(text)
    assert (text.corpus.lines, text.types, text.characters, text.longest) == (0, (), 0, 0)
    assert (part.lines, part.targets, part.tokens, part.unknown) == (0, 0, 0, 0)


# In the ids of a vocabulary


@settings(max_examples=60, deadline=None)
@given(lines_of_tokens, st.sets(tokens.filter(bool)))
def test_a_part_is_read_in_the_ids_of_a_vocabulary_as_a_plain_encoding_has_them(lines, known):
    text = in_memory(cuts_of(lines, []))
    ordered = sorted(known)
    spelling = Spelling.count(ordered)
    part = whole(text).read_with(text, Vocabulary(tuple(ordered), (1,) * len(ordered)), spelling)
    tokens = [token for line in lines for token in line]
    expected = [
        [*(ordered.index(token) + SPECIAL if token in known else UNK for token in line), END]
        for line in lines
    ]
    assert part.table[text.corpus.ids].tolist() == [*itertools.chain(*expected)]
    assert (part.lines, part.tokens) == (len(lines), len(tokens))
    assert part.unknown == sum(line.count(UNK) for line in expected)
    counts = Counter(itertools.chain(*expected))
    assert part.counts(SPECIAL + len(known)).tolist() == [counts[id] for id in range(SPECIAL + len(known))]
    nats = sum(spelling.nats(token) for token in tokens if token and token not in known)
    assert part.spelling_nats == pytest.approx(nats)


def test_of_a_part_of_a_text_only_its_own_tokens_are_known_and_charged_for():
    lines = [["a", "b"], ["b", "b", "c"], ["d", "a"], ["c"]]
    text = in_memory(cuts_of(lines, []))
    vocabulary, spelling = Vocabulary(("a",), (1,)), Spelling.count(["b"])
    for part in hold_out(text, 0.5, 3, carry_state=False):
        own = Counter(token for number in numbers_in(part) for token in lines[number])
        assert part.occurring(text.types) == own
        read = part.read_with(text, vocabulary, spelling)
        assert read.counts(4).tolist() == [0, part.lines, own.total() - own["a"], own["a"]]
        assert read.spelling_nats == pytest.approx(
            sum(n * spelling.nats(t) for t, n in own.items() if t > "a")
        )


# Short ranges


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 50), st.data(), st.booleans())
def test_short_ranges_hold_every_line_of_a_part_once_and_in_order(lengths, size, data, carried):
    text = text_of([[SPECIAL] * (length - 1) for length in lengths])
    part = whole(text)
    if carried and len(lengths) > 1:
        part = hold_out(text, data.draw(st.floats(0, 1)), data.draw(st.integers(0, 9)), carry_state=True)[0]
    ranges = part.short_ranges(size)
    assert all(first < end for first, end in ranges)
    listed = [number for first, end in ranges for number in range(first, end)]
    assert listed == numbers_in(part)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=60), st.integers(8, 30))
@example([1] * 21, 10)
def test_a_short_range_is_of_the_size_asked_for_but_for_one_line(lengths, size):
    """None is much larger, as memory is bounded so, and but for long lines none is much smaller, as little
    can stand in rows side by side."""
    text = text_of([[SPECIAL] * (length - 1) for length in lengths])
    targets = [sum(lengths[first:end]) for first, end in whole(text).short_ranges(size)]
    longest = max(lengths)
    assert max(targets) <= 2 * size + longest
    assert min(targets) >= min(sum(lengths), size / 2) - longest


# Holding out


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 60),
    st.floats(0, 1),
    st.integers(0, 2**64),
    st.booleans(),
    st.sampled_from([1, 2, 7, 1 << 16]),
)
def test_every_line_is_either_trained_on_or_held_out(lines, fraction, seed, carry_state, drawn_from):
    text = numbered(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "DRAWN_FROM", drawn_from)
        patch.setattr(corpus, "BLOCK", 11)
        train, valid = hold_out(text, fraction, seed, carry_state)
        learnt, held = numbers_in(train), numbers_in(valid)
    assert sorted(learnt + held) == list(range(lines))
    assert learnt == sorted(learnt)
    assert held == sorted(held)
    assert len(held) == min(max(1, round(fraction * lines)), lines - 1)
    for part, chosen in ((train, learnt), (valid, held)):
        targets = Counter(target for line in chosen for target in (*[line + SPECIAL] * (line % 4 + 1), END))
        assert part.own_counts.tolist() == [targets[id] for id in range(SPECIAL + lines)]
        assert (part.lines, part.targets) == (len(chosen), targets.total())
        assert part.characters == 10 * targets.total()
        assert part.longest >= max(line % 4 + 2 for line in chosen)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 60), st.booleans(), st.sampled_from([1, 2, 7, 1 << 16]), st.data())
def test_selected_lines_are_the_same_whichever_range_is_asked_for(lines, count, held, drawn_from, data):
    selection = Selection(lines, min(count, lines), seed=1, held_out=held)
    first = data.draw(st.integers(0, lines))
    end = data.draw(st.integers(first, lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "DRAWN_FROM", drawn_from)
        every = selection.among(0, lines).tolist()
        assert selection.among(first, end).tolist() == [number for number in every if first <= number < end]


@pytest.mark.parametrize("carry_state", [False, True])
def test_a_small_fraction_holds_out_one_line(carry_state):
    assert hold_out(numbered(20), 0.001, 1, carry_state)[1].lines == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.floats(0, 1), st.integers(0, 100))
def test_where_the_state_is_carried_lines_in_succession_are_held_out(lines, fraction, seed):
    held = numbers_in(hold_out(numbered(lines), fraction, seed, carry_state=True)[1])
    assert held == list(range(held[0], held[-1] + 1))


@pytest.mark.parametrize("drawn_from", [40, 1 << 16])
def test_independent_lines_are_held_out_from_all_over_the_text(drawn_from, monkeypatch):
    monkeypatch.setattr(corpus, "DRAWN_FROM", drawn_from)
    held = numbers_in(hold_out(numbered(400), 0.1, 1, carry_state=False)[1])
    assert len({line // 100 for line in held}) == 4


@pytest.mark.parametrize("drawn_from", [40, 1 << 16])
@pytest.mark.parametrize("carry_state", [False, True])
def test_the_seed_alone_chooses_what_is_held_out(carry_state, drawn_from, monkeypatch):
    monkeypatch.setattr(corpus, "DRAWN_FROM", drawn_from)

    def held(seed: int) -> list[int]:
        return numbers_in(hold_out(numbered(200), 0.1, seed, carry_state)[1])

    np.random.seed(1)
    first = held(1)
    np.random.seed(2)
    assert held(1) == first
    assert len({tuple(held(seed)) for seed in range(10)}) > 5


def test_each_group_of_lines_has_a_draw_of_its_own(monkeypatch):
    monkeypatch.setattr(corpus, "DRAWN_FROM", 40)
    held = numbers_in(hold_out(numbered(400), 0.5, 1, carry_state=False)[1])
    drawn = {tuple(line % 40 for line in held if line // 40 == block) for block in range(10)}
    assert {len(block) for block in drawn} == {20}
    assert len(drawn) == 10


@pytest.mark.parametrize("carry_state", [False, True])
def test_every_line_has_its_chance_to_be_held_out(carry_state):
    chosen = (numbers_in(hold_out(numbered(4), 0.25, seed, carry_state)[1])[0] for seed in range(100))
    assert set(chosen) == {0, 1, 2, 3}


# Places


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.data())
def test_spans_are_where_lines_stand(lengths, data):
    lines = [[SPECIAL + number] * length for number, length in enumerate(lengths)]
    chosen = data.draw(st.lists(st.integers(0, len(lines) - 1)))
    of_lines = corpus_of(lines)
    first, targets = spans(of_lines, np.array(chosen, np.int64))
    found = [of_lines.ids[a : a + n].tolist() for a, n in zip(first, targets, strict=True)]
    assert found == [[*lines[number], END] for number in chosen]
