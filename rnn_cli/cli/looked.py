"""What a model computes for a text, as lines on a terminal."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rnn_cli.cli.language import label, translated
from rnn_cli.cli.strips import BOLD, NONE, RESET, bar, strip
from rnn_cli.models.looking.parts import LIKELIEST, Cost, Norms, Part, Row, Vector
from rnn_cli.printing import columns, fitted, printable
from rnn_cli.scoring.figures import bits_per_character
from rnn_cli.text.vocabulary import SPELLED, UNK

TOKEN = (5, 12)  # columns of a token: least, most
NATS = 7  # columns of E_t
MOST_SOURCE = 16  # columns of a step's attention
CANDIDATE = (11, 20)  # columns of a likely token, its bar and its probability: least, most
BAR = 2  # cells of a bar, at least
WIDEST_UNIT = 2  # cells of a number in a strip, at most
DECADES = 6  # powers of ten that the bar of a norm spans
UNKNOWN = "?"  # before the id of an unknown token
SHOWN_STATES = ("s", "h")  # only --json shows a memory c
NARROWEST = 40


@dataclass(frozen=True)
class Layout:
    """How the rows of a part divide the width.

    Fields are numbers of columns, 0 for what is not shown; but `candidates` is how many likely tokens a row
    has, and `states` are the names of the states that are shown.
    """

    token: int
    id: int
    states: tuple[str, ...]
    strip: int  # of each state
    source: int  # of a step's attention
    tag: int
    candidates: int
    candidate: int  # with its bar and its probability
    word: int  # of a candidate's token
    has_nats: bool

    @classmethod
    def of(cls, part: Part, width: int) -> "Layout":
        """Return a layout for a part. A wide terminal gets longer strips and bars, a narrow one fewer likely
        tokens."""
        width = max(width, NARROWEST)
        token = min(max(_widest(part.tokens), TOKEN[0]), TOKEN[1])
        id = max(2, len(str(max(part.ids, default=0))))
        states = tuple(name for name in part.states if name.startswith(SHOWN_STATES))
        units = max((part.states[name].shape[1] for name in states), default=1)
        has_nats = part.nats is not None
        source = 0 if part.attention is None else min(part.attention.shape[1], MOST_SOURCE)
        tag = min(max(_widest(part.targets), 3), TOKEN[1]) if part.targets and not has_nats else 0
        shown = [token, id, source, tag, NATS if has_nats else 0]
        free = width - sum(number + 1 for number in shown if number)
        cells = _cells(units, len(states), free, bool(part.likeliest))
        free -= len(states) * (cells + 1)
        if not part.likeliest:
            return cls(token, id, states, cells, source, tag, 0, 0, 0, has_nats)
        count = max(1, min(LIKELIEST, (free + 1) // CANDIDATE[0]))
        candidate = min((free + 1) // count, CANDIDATE[1])
        names = {name for step in part.likeliest for name, _ in step[:2]}.difference(SPELLED.values())
        word = min(_widest(names), max(2, candidate - 6))  # if <end> is wider, it gets a shorter bar
        return cls(token, id, states, cells, source, tag, count, candidate, word, has_nats)

    def head(self, part: Part) -> str:
        """Return the heading of the rows."""
        names = [fitted(name, self.strip) for name in (f"{state}_t" for state in self.states)]
        name = {"source": label("source"), "target": label("target")}.get(part.name, label("token"))
        cells = [fitted(name, self.token), "id".rjust(self.id), *names]
        cells += [fitted("α_t", self.source)] if self.source else []
        cells += [fitted(label("tag"), self.tag)] if self.tag else []
        if self.candidates:
            heading = label("likeliest next") if self.has_nats else label("likeliest")
            cells.append(fitted(heading, self.candidates * self.candidate - 1))
        return " ".join([*cells, "E_t".rjust(NATS)] if self.has_nats else cells).rstrip()

    def row(self, row: Row, largest: float, depth: int) -> str:
        """Return the line of a step."""
        id = f"{UNKNOWN if row.unknown else ''}{row.id}"  # UNK takes the two columns that any id has
        cells = [fitted(_shown(row.token), self.token), id.rjust(self.id)]
        cells += [strip(row.s[name], self.strip, -largest, largest, depth) for name in self.states]
        if self.source:
            cells.append(strip(row.attention, self.source, 0.0, 1.0, depth))
        if self.tag:
            cells.append(fitted(_shown(row.target or ""), self.tag))
        cells += [
            self._candidate(name, p, depth != NONE and name == row.target)
            for name, p in row.likeliest[: self.candidates]
        ]
        cells += [fitted("", self.candidate - 1)] * (self.candidates - len(row.likeliest))
        return " ".join([*cells, f"{row.nats:{NATS}.3f}"] if row.nats is not None else cells).rstrip()

    def _candidate(self, name: str, p: float, is_target: bool) -> str:
        free = self.candidate - 1 - 3  # for the token and its bar
        name = _shown(name)
        word = min(max(self.word, columns(name)), free - BAR)  # a long token leaves a shorter bar
        probability = f"{p:.2f}"[:3] if p >= 0.995 else f"{p:.2f}"[1:]
        shown = f"{fitted(name, word)}{bar(p, free - word)}{probability}"
        return f"{BOLD}{shown}{RESET}" if is_target else shown


def _cells(units: int, states: int, free: int, has_bars: bool) -> int:
    """Return the number of cells of a state's strip: one or two a unit, and if there are bars, at most a
    quarter of the row. Two only if as many likely tokens still fit."""
    of_strips = free // 4 if has_bars else free
    most = max(2, of_strips // states - 1 if states else 0)
    once, twice = min(units, most), WIDEST_UNIT * units
    counts = [min(LIKELIEST, (free - states * (cells + 1) + 1) // CANDIDATE[0]) for cells in (once, twice)]
    return twice if twice <= most and (not has_bars or counts[0] == counts[1]) else once


def lines_of(part: Part, layout: Layout, depth: int, width: int) -> Iterator[str]:
    """Yield the rows of a part, then its pooled state and its answers, if it has them."""
    largest = part.largest
    for row in part.rows():
        yield layout.row(row, largest, depth)
    if part.pooled is not None:
        cells = min(len(part.pooled), width - 7)
        largest = max(map(abs, part.pooled), default=1.0)
        yield f"{label('pooled', 6)} {strip(part.pooled, cells, -largest, largest, depth)}"
    yield from _answers(part.answers)


def _answers(answers: Sequence[tuple[str, float]]) -> Iterator[str]:
    widest = min(_widest(name for name, _ in answers), 30)
    for name, value in answers:
        is_score = len(answers) == 1 and name == "score"
        drawn = f"{value:.4g}" if is_score else f"{bar(value, 20)} {value:.4f}"
        yield f"  {fitted(label('score') if is_score else _shown(name), widest)} {drawn}"


def cost_of(costs: Iterable[Cost | None]) -> dict[str, float] | None:
    """Return the total cost of several texts, for JSON; None if nothing is predicted."""
    costs = [cost for cost in costs if cost is not None]
    if not costs:
        return None
    nats, spelling, tokens, characters = (sum(column) for column in zip(*costs, strict=True))
    return {
        "nats": nats,
        "spelling_nats": spelling,
        "tokens": tokens,
        "characters": characters,
        "nats_per_token": nats / tokens,
        "bits_per_character": bits_per_character(nats + spelling, int(characters)),
    }


def about_unknown(unknown: int, tokens: int) -> str:
    """Return the line below the rows that explains the mark of unknown tokens."""
    what = f"marks tokens that the model does not know: {unknown:,} of {tokens:,}, read as {SPELLED[UNK]}"
    return f"{UNKNOWN}{UNK} {translated(what)}"


def worded(cost: dict[str, float]) -> str:
    """Return the line below the rows that states the cost."""
    means = f"{cost['nats_per_token']:.3f} nats a token, {cost['bits_per_character']:.3f} bits a character"
    if not cost["spelling_nats"]:
        return translated(f"E = Σ E_t = {cost['nats']:.3f} nats: {means}")
    spelling = f"{cost['spelling_nats']:.3f} more to spell unknown tokens"
    return translated(f"E = Σ E_t = {cost['nats']:.3f} nats, {spelling}: {means}")


def norms(part: Part, width: int) -> Iterator[str]:
    """Yield the norms of derivatives: those by the parameters, and dE_T/ds_t at each step, with bars on a
    logarithmic scale."""
    found = part.norms
    if found is None:
        return
    names = "  ".join(f"|d{name}| {norm:.3g}" for name, norm in found.parameters.items())
    yield from _wrapped(label("norms"), names.split("  "), width)
    yield from _by_step(found, part.tokens, width)


def _by_step(found: Norms, tokens: Sequence[str], width: int) -> Iterator[str]:
    token = min(_widest(tokens), TOKEN[1])
    number = len(str(len(tokens)))
    cells = max(4, min(30, (width - number - token - 1) // len(found.states) - 11))
    scale = f" {label('(log scale)')}"
    scale = scale if columns(f"dE_T/ds_t{scale}") <= cells + 10 else ""
    heads = [fitted(f"dE_T/d{name}_t{scale}", cells + 10) for name in found.states]
    yield " ".join(["t".rjust(number), " " * token, *heads]).rstrip()
    largest = max((max(norms) for norms in found.states.values()), default=0.0)
    for t, name in enumerate(tokens):
        drawn = [
            f"{norms[t]:9.2e} {bar(_share(norms[t], largest), cells)}" for norms in found.states.values()
        ]
        yield " ".join([str(t + 1).rjust(number), fitted(_shown(name), token), *drawn]).rstrip()


def _share(norm: float, largest: float) -> float:
    return 1 + math.log10(norm / largest) / DECADES if norm > 0 else 0.0


def numbers(part: Part, width: int) -> Iterator[str]:
    """Yield every vector of each step."""
    if part.numbers is None:
        return
    steps = zip(part.numbers, part.tokens, part.targets, strict=True)
    for t, (vectors, token, target) in enumerate(steps, 1):
        yield translated(f"t = {t}: {_shown(token)} is read, {_shown(target)} comes next")
        for vector in vectors:
            yield from vector_lines(vector, width)


def vector_lines(vector: Vector, width: int) -> Iterator[str]:
    """Yield a vector, or the rows of a matrix, under its name."""
    name = vector.name
    for row in vector.values:
        values = row if isinstance(row, list) else vector.values
        whole = name in ("x_t", "y_t")
        shown = [f"{value:.0f}" if whole else f"{value:+.3f}" for value in values]
        yield from _wrapped(f"  {name}", shown, width, indent=18)
        name = ""
        if not isinstance(row, list):
            return


def _wrapped(name: str, words: Iterable[str], width: int, indent: int = 7) -> Iterator[str]:
    line = fitted(name, max(indent - 1, columns(name)))
    for word in words:
        if len(line) + 1 + len(word) > width and line.strip():
            yield line
            line = " " * (indent - 1)
        line += f" {word}"
    yield line


def _widest(tokens: Iterable[str]) -> int:
    return max((columns(_shown(token)) for token in tokens), default=0)


def _shown(token: str) -> str:
    return "␣" if token.isspace() else printable(token)
