"""Lines that a trained model predicts per second of processor time, on one core.

    rnn train g2p/train.tsv --task translate --model g2p.npz
    python tests/benchmarks/predicting.py g2p.npz g2p/test.tsv --beam 4 --lines 4000
    python tests/benchmarks/predicting.py names.npz names/test.tsv --lines 20000

FILE is read as `rnn predict` reads it: one text per line, without its label or target. The lines are repeated
from the start until there are as many as requested. Reading the model is not counted; splitting the texts is.
The best of several rounds is printed, as other programs on the machine can only slow a round down.
"""

import argparse
import itertools
import os
import time
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # before NumPy is imported
    os.environ[name] = "1"


def main() -> None:
    from rnn_cli.models.loading import load
    from rnn_cli.text.pairs.inputs import text_of

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--beam", type=int, help="of a model of pairs; 4 by default")
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    model = load(asked.model)
    own = [text_of(line, model.task).text for line in asked.file.read_text("utf-8").splitlines()]
    lines = [*itertools.islice(itertools.cycle(own), asked.lines)]
    options = {"threads": 1} | ({"beam": asked.beam} if asked.beam else {})
    seconds = []
    for _ in range(asked.rounds):
        begin = time.process_time()
        count = sum(1 for _ in model.predict(lines, **options))
        seconds.append(time.process_time() - begin)
    characters = sum(map(len, lines)) / len(lines)
    rate = count / min(seconds)
    print(f"{asked.model.name}: {rate:,.0f} lines/s of {characters:.0f} characters, {min(seconds):.2f} s")


if __name__ == "__main__":
    main()
