"""Training throughput of `rnn train` against PyTorch's own recurrent layers, on this machine.

    python tests/benchmarks/throughput.py --python PYTHON [--hidden 256 512] [--rounds 5]

PYTHON is an interpreter that has torch (a virtual environment of its own: `pip install torch`).
Each round trains both for some seconds on random tokens, ours as `rnn train` with its log, theirs as
torch_step.py beside this file, in turn; the ratio is taken within the round. Prints a Markdown table
of medians: tokens/s, and ours over the faster of PyTorch's two forms.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = 5


def ours(hidden: int, vocab: int, batch: int, bptt: int, folder: Path) -> float:
    """Tokens/s as the log of `rnn train` gives them, over its second half."""
    corpus, log = folder / "random.txt", folder / "log.jsonl"
    if not corpus.exists():
        rng = random.Random(0)
        letters = [chr(0x4E00 + k) for k in range(vocab - 3)]
        corpus.write_text("\n".join("".join(rng.choices(letters, k=1000)) for _ in range(1000)))
    log.unlink(missing_ok=True)
    command = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()", "train", str(corpus)]
    command += ["-t", "char", "--carry-state", "--valid-fraction", "0", "--quiet", "--force"]
    command += ["--hidden", str(hidden), "--batch", str(batch), "--bptt", str(bptt), "--epochs", "1000"]
    command += ["--model", str(folder / "m.npz"), "--log", str(log)]
    with subprocess.Popen(command) as run:
        try:
            run.wait(timeout=SECONDS + 3)
        except subprocess.TimeoutExpired:
            run.terminate()
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    rates = [row["tokens_per_second"] for row in rows if row["event"] == "step"]
    return statistics.median(rates[len(rates) // 2 :])


def theirs(python: str, form: str, hidden: int, vocab: int, batch: int, bptt: int) -> float:
    command = [python, str(HERE / "torch_step.py"), form, str(hidden), str(vocab), str(batch), str(bptt)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", required=True, help="an interpreter that has torch")
    parser.add_argument("--hidden", type=int, nargs="*", default=[256, 512])
    parser.add_argument("--vocab", type=int, default=65)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--bptt", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    print("| n | m | B | T | rnn, tokens/s | PyTorch one-hot | PyTorch embedding | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for hidden in a.hidden:
        shape = (hidden, a.vocab, a.batch, a.bptt)
        rounds = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(a.rounds):
                us = ours(*shape, Path(folder))
                rounds.append((us, *(theirs(a.python, form, *shape) for form in ("onehot", "embedding"))))
        us, onehot, embedding = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(row[0] / max(row[1:]) for row in rounds)
        print(
            f"| {' | '.join(map(str, shape))} | {us:,.0f} | {onehot:,.0f} | {embedding:,.0f} | {ratio:.2f} |"
        )


if __name__ == "__main__":
    main()
