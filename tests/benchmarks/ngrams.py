"""The n-grams of `rnn score --baseline` compared with KenLM's (Heafield et al. 2013), on the same tokens.

    python tests/benchmarks/ngrams.py TRAIN TEST --kenlm FOLDER [--tokenizer char] [--orders 2 3 4 5 6]

FOLDER holds KenLM's programs `lmplz` and `query` (https://github.com/kpu/kenlm, built with
-DKENLM_MAX_ORDER=6). For each order it prints both perplexities of TEST, END and unknown tokens counted, and
the processor seconds and the memory that counting TRAIN took.
"""

import argparse
import itertools
import math
import os
import subprocess
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from rnn_cli.scoring.kneser_ney import KneserNey
from rnn_cli.text.store.corpus import Corpus
from rnn_cli.text.tokenizers import TOKENIZERS, Token, load_tokenizer
from rnn_cli.text.vocabulary import END, SPECIAL, UNK

Lines = list[list[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--kenlm", type=Path, required=True)
    parser.add_argument("--tokenizer", choices=[*TOKENIZERS], default="char")
    parser.add_argument("--orders", type=int, nargs="+", default=[2, 3, 4, 5, 6])
    a = parser.parse_args()
    ids: dict[Token, int] = {}
    train, test = (
        lines_of(path, a.tokenizer, ids, grows) for path, grows in ((a.train, True), (a.test, False))
    )
    m = SPECIAL + len(ids)
    tokens, unknown = sum(map(len, test)), sum(line.count(UNK) for line in test)
    print(f"{a.train.name}: {sum(map(len, train)):,} tokens, {m:,} of them different")
    print(f"{a.test.name}: {tokens:,} tokens, {unknown:,} unknown")
    print("order  rnn: perplexity  seconds   MiB   KenLM: perplexity  seconds   MiB")
    for order in a.orders:
        ours, theirs = of_rnn(train, test, m, order), of_kenlm(train, test, order, a.kenlm)
        nats, seconds, mebibytes = ours
        row = f"{order:5}  {math.exp(nats / tokens):15.5f} {seconds:8.2f} {mebibytes:5.0f}"
        nats, seconds, mebibytes = theirs
        print(f"{row}   {math.exp(nats / tokens):17.5f} {seconds:8.2f} {mebibytes:5.0f}")


def lines_of(path: Path, tokenizer: str, ids: dict[Token, int], grows: bool) -> Lines:
    """Return the ids of a text, END after each line; new tokens are numbered, or else UNK."""
    tokenize = load_tokenizer(tokenizer).split
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if grows:
        return [[*(ids.setdefault(token, SPECIAL + len(ids)) for token in tokenize(x)), END] for x in lines]
    return [[*(ids.get(token, UNK) for token in tokenize(line)), END] for line in lines]


def of_rnn(train: Lines, test: Lines, m: int, order: int) -> tuple[float, float, float]:
    """Return the nats of the test text, and the seconds and MiB of counting."""
    learned, read = corpus_of(train), corpus_of(test)
    tracemalloc.start()
    began = time.process_time()
    model = KneserNey(learned, m, order, carry_state=False)
    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(model.nats(read).sum()), seconds, peak / 2**20


def corpus_of(lines: Lines) -> Corpus:
    starts = np.array([0, *itertools.accumulate(map(len, lines))], np.int64)
    return Corpus(np.array([*itertools.chain(*lines)], np.int32), starts, np.diff(starts))


def of_kenlm(train: Lines, test: Lines, order: int, programs: Path) -> tuple[float, float, float]:
    """Return the same of KenLM, whose words are our ids. Its discounts where there are too few n-grams for
    an estimate are those that our n-grams have then."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.arpa")
        options = ["--order", str(order), "--memory", "1G", "--temp_prefix", folder, "--arpa", str(model)]
        options += ["--discount_fallback", "0.5", "1", "1.5"]
        with subprocess.Popen(
            [str(programs / "lmplz"), *options], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdin
            process.stdin.write(spelled(train))
            process.stdin.close()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = status
        query = [str(programs / "query"), "-v", "word", str(model)]
        said = subprocess.run(query, input=spelled(test), capture_output=True, check=True).stdout.decode()
    words = [word for line in said.splitlines() if "\t" in line for word in line.split("\t") if word]
    of_each = [word.rsplit(" ", 1)[1] for word in words]
    assert len(of_each) == sum(map(len, test))
    return -sum(map(float, of_each)) * math.log(10), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def spelled(lines: Lines) -> bytes:
    return "".join(" ".join(map(str, line[:-1])) + "\n" for line in lines).encode()


if __name__ == "__main__":
    main()
