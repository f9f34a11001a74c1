"""The speed of reading a text as ids, and the memory that reading it and training on it take.

    python tests/benchmarks/reading.py CORPUS [--megabytes 256] [--chinese TEXT …]

Characters: a text of that size, made of CORPUS's lines in random orders, is read, cut and written
as ids by one process; the memory of `rnn vocab` and `rnn train` is watched on it and on a text ten times
as long. Each TEXT is read in other encodings and through a pipe, and the ids are compared. The first TEXT is
cut into words in as many processes as there are cores, in turn with `jieba.lcut` of its lines in one process.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import jieba
from peak import peak_memory

from rnn_cli.machine import available_threads
from rnn_cli.text.parting import cuttable
from rnn_cli.text.reading import Source, spool
from rnn_cli.text.store import folder as stored
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.tokenizers import TOKENIZERS

RNN = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()"]
TRAIN_SECONDS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--chinese", type=Path, nargs="+", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = folder / "text.txt"
        write_text(text, a.corpus, a.megabytes << 20)
        rates = [read(text, "char", 1, folder)[0] for _ in range(a.rounds)]
        print(f"characters: {statistics.median(rates):.0f} MB/s from file to ids, one process")
        memory(text, folder)
        for chinese in a.chinese:
            encodings(chinese, folder)
        if a.chinese:
            words(a.chinese[0], a.rounds, folder)


def write_text(path: Path, corpus: Path, size: int) -> None:
    lines = corpus.read_text("utf-8").split("\n")
    rng = random.Random(0)
    with open(path, "w", encoding="utf-8") as file:
        while file.tell() < size:
            rng.shuffle(lines)
            file.write("\n".join(lines) + "\n")


def read(
    path: Path, tokenizer: str, processes: int, folder: Path, encoding: str | None = None
) -> tuple[float, str]:
    """MB/s from file to ids, and the hash of those."""
    cut = TOKENIZERS[tokenizer]
    with tempfile.TemporaryDirectory(dir=folder) as work:
        began = time.perf_counter()
        source = Source(path.name, path)
        source.sha256()  # by which the cache knows it
        blocks = (block for block, _ in source.blocks(encoding, partial(cuttable, cut)))
        with stored.Writer(Path(work), {}) as writer:
            for piece in cut_all(cut, blocks, False, processes):
                writer.add(piece)
        rate = path.stat().st_size / 1e6 / (time.perf_counter() - began)
        return rate, stored.load(Path(work)).fingerprint


def memory(text: Path, folder: Path) -> None:
    longer = folder / "longer.txt"
    with open(longer, "wb") as file:
        for _ in range(10):
            file.write(text.read_bytes())
    cache = ["--cache-dir", str(folder / "cache")]
    for path in (text, longer):
        size = path.stat().st_size / 1e6
        vocab = peak_memory([*RNN, "vocab", str(path), "-t", "char", *cache])
        flags = ["-t", "char", "-m", str(folder / f"{path.stem}.npz"), "-e", "1", "-n", "256", "-q"]
        train = peak_memory([*RNN, "train", str(path), *flags, *cache], TRAIN_SECONDS)
        print(f"{size:,.0f} MB: rnn vocab {vocab:.0f} MiB, rnn train {train:.0f} MiB (all its processes)")


def encodings(path: Path, folder: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    wanted = read(path, "char", 1, folder)[1]
    for encoding, named in {
        "utf-8-sig": None,
        "utf-16": None,
        "utf-16-le": "utf-16-le",
        "gb18030": "gb18030",
    }.items():
        converted = folder / f"{encoding}.txt"
        converted.write_bytes(text.encode(encoding))
        rate, ids = read(converted, "char", 1, folder, named)
        print(f"{path.name} in {encoding}: {'the same' if ids == wanted else 'OTHER'} ids, {rate:.0f} MB/s")
    piped = folder / "piped"
    os.mkfifo(piped)
    with subprocess.Popen(["cp", str(path), str(piped)]), tempfile.TemporaryDirectory(dir=folder) as spooled:
        ids = read(spool(str(piped), Path(spooled)).path, "char", 1, folder)[1]
    print(f"{path.name} through a pipe: {'the same' if ids == wanted else 'OTHER'} ids")


def words(path: Path, rounds: int, folder: Path) -> None:
    cores = available_threads()
    lines = path.read_text("utf-8").split("\n")
    lcut = jieba.Tokenizer().lcut
    lcut("词典")  # which it loads first
    repeated = folder / "words.txt"
    repeated.write_text("\n".join(lines * 8), "utf-8")
    ratios = []
    for _ in range(rounds):
        began = time.perf_counter()
        for line in lines:
            lcut(line)
        alone = path.stat().st_size / 1e6 / (time.perf_counter() - began)
        ours, _ = read(repeated, "jieba", cores, folder)
        ratios.append(ours / (cores * alone))
        print(f"words: {ours:.2f} MB/s on {cores} cores; jieba.lcut {alone:.2f} MB/s on one")
    print(f"words: {statistics.median(ratios):.2f} of {cores} times jieba.lcut's rate")


if __name__ == "__main__":
    main()
