"""Training throughput compared with PyTorch's recurrent layers, and on an increasing number of cores.

    python tests/benchmarks/throughput.py [--python PYTHON] [--rounds 5] [--shapes tanh,256,65,64,64 …]

PYTHON is an interpreter that has torch (a virtual environment of its own: pip install torch==2.13.0). Each
round runs `rnn bench` and torch_step.py (next to this file) in turn, rnn before each of PyTorch's two
forms; the ratio is taken within a round, to the faster form of that round. Prints a Markdown table of
medians. Without --python it prints only rnn's figures, on 1, 2, 4 … cores.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SMALL = ["tanh,128,65,50,50", "tanh,256,65,64,64", "tanh,512,65,64,64", "tanh,1024,65,64,64"]
LARGE = ["tanh,200,10000,20,35", "tanh,650,10000,20,35"]
GATED = ["gru,256,65,64,64", "gru,512,65,64,64", "lstm,256,65,64,64", "lstm,512,65,64,64"]
FORMS = ("onehot", "embedding")
RNN = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()"]


def ours(shape: str, seconds: float, threads: int | None = None) -> dict[str, Any]:
    cell, n, m, B, T = shape.split(",")
    command = [*RNN, "bench", "--json", "--cell", cell, "--hidden", n, "--vocab", m]
    command += ["--batch", B, "--bptt", T]
    command += ["--seconds", str(seconds), *(["--threads", str(threads)] if threads else [])]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def theirs(python: str, form: str, shape: str, seconds: float) -> float:
    cell, *sizes = shape.split(",")
    command = [python, str(HERE / "torch_step.py"), cell, form, *sizes, str(seconds)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def beside_pytorch(python: str, shapes: list[str], rounds: int, seconds: float) -> None:
    print(
        "| cell, n, m, B, T | rnn, tokens/s | of sgemm's peak | PyTorch one-hot | PyTorch embedding | ratio |"
    )
    print("|---|---|---|---|---|---|")
    for shape in shapes:
        us, peak, ratios = [], [], []
        them: dict[str, list[float]] = {form: [] for form in FORMS}
        for _ in range(rounds):
            of_round = []
            for form in FORMS:
                figures = ours(shape, seconds)
                us.append(figures["tokens_per_second"])
                peak.append(figures["fraction_of_peak"])
                them[form].append(theirs(python, form, shape, seconds))
                of_round.append(us[-1])
            ratios.append(statistics.mean(of_round) / max(rates[-1] for rates in them.values()))
        onehot, embedding = (statistics.median(them[form]) for form in FORMS)
        print(
            f"| {shape.replace(',', ', ')} | {statistics.median(us):,.0f} | {statistics.median(peak):.0%} "
            f"| {onehot:,.0f} | {embedding:,.0f} | {statistics.median(ratios):.2f} |",
            flush=True,
        )


def on_more_cores(shapes: list[str], rounds: int, seconds: float) -> None:
    cores = ours(shapes[0], 0.1)["threads"]
    counts = sorted({*(2**k for k in range(cores.bit_length()) if 2**k <= cores), cores})
    print(f"| cell, n, m, B, T | {' | '.join(f'{count} cores' for count in counts)} | last over first |")
    print(f"|---|{'---|' * len(counts)}---|")
    for shape in shapes:
        rates = [
            [ours(shape, seconds, count)["tokens_per_second"] for count in counts] for _ in range(rounds)
        ]
        medians = [statistics.median(column) for column in zip(*rates, strict=True)]
        ratio = statistics.median(row[-1] / row[0] for row in rates)
        told = " | ".join(f"{rate:,.0f}" for rate in medians)
        print(f"| {shape.replace(',', ', ')} | {told} | {ratio:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", help="an interpreter that has torch")
    parser.add_argument("--shapes", nargs="*", default=SMALL + LARGE + GATED, metavar="cell,n,m,B,T")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    a = parser.parse_args()
    if a.python:
        beside_pytorch(a.python, a.shapes, a.rounds, a.seconds)
    else:
        on_more_cores(a.shapes, a.rounds, a.seconds)


if __name__ == "__main__":
    main()
