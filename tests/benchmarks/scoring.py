"""How fast lines are scored: a character model and a word model, on one core.

    python tests/benchmarks/scoring.py [TEXT] [--before PYTHON] [--lines 20000] [--rounds 3]

The words of TEXT fill lines of up to 35 characters (default: the English corpus that rnn ships).
PYTHON is an interpreter that has another version of rnn installed; it scores the same lines, in turn, in each
round. Prints a row for each model: the lines a second, those that the bare matrix products of all tokens
would allow at the machine's own rate, and the largest difference in a line's nats, between the two versions
and from the same lines read one by one. Fails if it is above 1e-5 of the line's nats.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from rnn_cli import LanguageModel
from rnn_cli.machine import blas_threads

ENGLISH = Path(__file__).parents[2] / "corpora" / "english.txt"
WIDTH = 35
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "char, gru 256": ("char", {"cell": "gru"}),
    "jieba, gru 256, embedding 256, adaptive": (
        "jieba",
        {"cell": "gru", "embedding": 256, "output": "adaptive"},
    ),
}
SAME = 1e-5


def lines_of(path: Path | None, count: int) -> list[str]:
    """Return lines of a text's words, filled up to WIDTH characters."""
    text = " ".join((path or ENGLISH).read_text("utf-8").split())
    lines = textwrap.wrap(text[: count * (WIDTH + 2)], WIDTH)
    return (lines * (1 + count // len(lines)))[:count]


def make(tokenizer: str, options: dict[str, Any], lines: list[str]) -> LanguageModel:
    """Return a model of random weights whose vocabulary is that of the lines."""
    from rnn_cli.network.network import Network
    from rnn_cli.network.outputs.adaptive import choose_cutoffs
    from rnn_cli.text.lexicon import Lexicon
    from rnn_cli.text.spelling import Spelling
    from rnn_cli.text.tokenizers import TOKENIZERS
    from rnn_cli.text.vocabulary import SPECIAL, build

    row = TOKENIZERS[tokenizer]
    counts = Counter(token for line in lines for token in row.split(line) if token)
    vocabulary = build(counts, row.min_count)
    occurs = np.array([1] * SPECIAL + list(vocabulary.counts))
    cutoffs = choose_cutoffs(occurs, 256) if options.get("output") == "adaptive" else ()
    network = Network(vocabulary.size, 256, cutoffs=cutoffs, **options)
    rare = [token for token, n in counts.items() if n < row.min_count]
    lexicon = Lexicon(row, vocabulary, Spelling.count(rare))
    return LanguageModel(lexicon, network, network.initialise(np.random.default_rng(0), occurs))


# The worker runs under other versions too: what it imports is imported above, and all else where it is used.


def work(model: str, text: str) -> None:
    """Score the lines of a file; print the seconds that it took, and each line's nats."""
    loaded = LanguageModel.load(model)
    lines = Path(text).read_text("utf-8").split("\n")
    loaded.score(lines[:10])  # jieba's dictionary is loaded
    with blas_threads(1):
        began = time.perf_counter()
        nats = loaded.score(lines).nats
        seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "nats": nats}))


def run(python: str, model: Path, text: Path) -> tuple[float, list[float]]:
    command = [python, __file__, "--worker", str(model), str(text)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    said = json.loads(subprocess.run(command, check=True, capture_output=True, env=env).stdout)
    return said["seconds"], said["nats"]


def difference(nats: list[float], others: list[float]) -> float:
    return max(abs(a - b) / max(a, 1) for a, b in zip(nats, others, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("text", nargs="?", type=Path)
    parser.add_argument("--before", metavar="PYTHON")
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.worker:
        work(*a.worker)
        return
    from rnn_cli.training.measure import peak_flops

    lines = lines_of(a.text, a.lines)
    mean = sum(map(len, lines)) / len(lines)
    peak = peak_flops(1)
    print(
        f"{platform.processor() or platform.machine()}, {peak / 1e9:.0f} GFLOP/s in a 2048³ product, one core"
    )
    print(f"{len(lines):,} lines of {mean:.1f} characters\n")
    print("| model | lines/s | before | ratio | bare products, lines/s | largest difference |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "lines.txt")
        text.write_text("\n".join(lines), "utf-8")
        for name, (tokenizer, options) in MODELS.items():
            model = make(tokenizer, options, lines)
            path = Path(folder, f"{tokenizer}.npz")
            model.save(path)
            print(f"| {name} | {measured(model, path, text, lines, a, peak)} |", flush=True)


def measured(
    model: LanguageModel, path: Path, text: Path, lines: list[str], a: argparse.Namespace, peak: float
) -> str:
    """Return the cells of a model's row."""
    ours, theirs, ratios, worst = [], [], [], 0.0
    for _ in range(a.rounds):
        seconds, nats = run(sys.executable, path, text)
        ours.append(len(lines) / seconds)
        if a.before:
            seconds, others = run(a.before, path, text)
            theirs.append(len(lines) / seconds)
            ratios.append(ours[-1] / theirs[-1])
            worst = max(worst, difference(nats, others))
    alone = [model.score([line]).nats[0] for line in lines[:200]]
    worst = max(worst, difference(nats[:200], alone))
    if worst > SAME:
        raise SystemExit(f"the nats differ by {worst:.1e}")
    split = model.lexicon.tokenizer.split
    tokens = sum(len(split(line)) + 1 for line in lines)
    cell = sum(p.size for name, p in model.p.items() if name[0] in "W")
    bare = peak * len(lines) / (2 * cell * tokens)
    cells = [f"{statistics.median(ours):,.0f}", *([f"{statistics.median(theirs):,.0f}"] if theirs else ["-"])]
    cells += [f"{statistics.median(ratios):.2f}" if ratios else "-", f"{bare:,.0f}", f"{worst:.0e}"]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
