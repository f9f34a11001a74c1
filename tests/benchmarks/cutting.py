"""The speed of cutting Chinese into words on one core, compared with `jieba.lcut`.

    python tests/benchmarks/cutting.py TEXT … [--rounds 5] [--megabytes 3]

For each TEXT it prints MB per second of processor time: from text to ids, with rjieba (the extra `fast`) and
without, and for `jieba.lcut` line by line, each the median of the rounds. The three are measured in turn, and
the factors are medians of the rounds' factors. Dictionaries are loaded beforehand.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import jieba

from rnn_cli.text import fast_segmenter
from rnn_cli.text.store.cutting import cut_all
from rnn_cli.text.tokenizers import Tokenizer, load_tokenizer, make_tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=float, default=3)
    a = parser.parse_args()
    jieba.setLogLevel("WARNING")
    jieba.initialize()
    print(f"{processor()}; {'with' if find_spec('rjieba') else 'without'} rjieba")
    engines = make_engines()
    for path in a.texts:
        text = path.read_bytes()[: int(a.megabytes * 1e6)].decode("utf-8", "ignore").replace("\r\n", "\n")
        rounds = [[rate(work, text) for work in engines.values()] for _ in range(a.rounds)]
        print(path.name)
        for number, name in enumerate(engines):
            speed = statistics.median(row[number] for row in rounds)
            factor = statistics.median(row[number] / row[-1] for row in rounds)
            print(f"    {name:16} {speed:5.2f} MB/s, {factor:5.1f} times jieba.lcut")


def processor() -> str:
    """Return the processor's name, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def make_engines() -> dict[str, Callable[[str], object]]:
    """Return the three ways to cut a text, the first two with their tables made."""
    with_rjieba = load_tokenizer("jieba")
    warm(with_rjieba)
    compiled = fast_segmenter.compiled_paths
    fast_segmenter.compiled_paths = lambda dictionary: None
    # A user's word, so that it has a segmenter of its own.
    without = make_tokenizer("jieba", {"words": "unicode", "user_dict": [["龘龘龘", 1]]})
    warm(without)
    fast_segmenter.compiled_paths = compiled
    return {
        "rnn, rjieba": lambda text: cut_to_end(with_rjieba, text),
        "rnn, no rjieba": lambda text: cut_to_end(without, text),
        "jieba.lcut": lambda text: [jieba.lcut(line) for line in text.split("\n")],
    }


def warm(tokenizer: Tokenizer) -> None:
    cut_to_end(tokenizer, "我来到北京清华大学，他来到了网易杭研大厦。\n" * 10_000)


def cut_to_end(tokenizer: Tokenizer, text: str) -> int:
    return sum(len(cut.ids) for cut in cut_all(tokenizer, [text], True, 1))


def rate(work: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    work(text)
    return len(text.encode()) / (time.process_time() - start) / 1e6


if __name__ == "__main__":
    main()
