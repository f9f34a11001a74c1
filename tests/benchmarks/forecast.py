"""The memory that `rnn train --plan` forecasts, compared with what the run takes.

    python tests/benchmarks/forecast.py CORPUS

Prints a Markdown table: for each shape the predicted memory, the measured peak, and their ratio.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from peak import peak_memory

RNN = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()"]
SECONDS = 45.0
SHAPES = [
    "-t char --preset tanh -n 512 -b 64 --bptt 64",
    "-t char --preset tanh -n 1024 -b 32 --bptt 32 --threads 1",
    "-t char --cell gru -n 256 -b 32 --bptt 32",
    "-t char --cell lstm -n 512 --layers 2 -b 64 --bptt 64 --dropout 0.5",
    "-t jieba --cell gru -n 200 --tie -b 32 --bptt 32",
    "-t jieba --min-count 1 --max-size 50000 --output adaptive -n 256 -b 64 --bptt 35",
    "-t jieba --min-count 1 --max-size 50000 --output classes --tie -n 256 -b 64 --bptt 35",
    "-t jieba --min-count 1 --max-size 50000 --embedding 0 --no-tie --preset tanh -n 400 -b 20 --bptt 35",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    a = parser.parse_args()
    print("| flags | predicted, MiB | measured, MiB | ratio |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for number, shape in enumerate(SHAPES):
            model = Path(name) / f"{number}.npz"
            flags = ["train", str(a.corpus), "-m", str(model), "--cache-dir", name, *shape.split()]
            said = subprocess.run([*RNN, *flags, "--plan"], capture_output=True, text=True, check=True).stdout
            amount, unit = re.findall(r"memory +([\d.,]+) (.iB)", said)[0]
            predicted = float(amount.replace(",", "")) * {"MiB": 1, "GiB": 1024}[unit]
            measured = peak_memory([*RNN, *flags, "-q", "-e", "1"], SECONDS)
            print(f"| {shape} | {predicted:.0f} | {measured:.0f} | {predicted / measured:.2f} |", flush=True)


if __name__ == "__main__":
    main()
