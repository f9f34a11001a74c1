"""How well the presets do on a text, compared with n-grams.

    python tests/benchmarks/recipes.py CORPUS [--presets small medium …] [--flags FLAGS FOR EVERY RUN …]

Trains on the first nine tenths of a text's lines and scores the rest. Prints a Markdown table: perplexity and
bits per character of the model and of the Kneser-Ney n-gram of the same tokens, and the seconds of training.
Without --presets, it uses the preset that the size of the text chooses.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

RNN = [sys.executable, "-c", "from rnn_cli.cli.app import main; main()"]


def split(corpus: str, folder: Path) -> tuple[str, str]:
    lines = Path(corpus).read_bytes().splitlines(keepends=True)
    cut = len(lines) * 9 // 10
    parts = folder / "train.txt", folder / "rest.txt"
    for part, some in zip(parts, (lines[:cut], lines[cut:]), strict=True):
        part.write_bytes(b"".join(some))
    return str(parts[0]), str(parts[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--presets", nargs="*", default=[""])
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[])
    a = parser.parse_args()
    print("| preset | perplexity | bits/char | Kneser-Ney perplexity | bits/char | seconds |")
    print("|---|---|---|---|---|---|")
    for preset in a.presets:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            train, rest = split(a.corpus, folder)
            model, log = f"{name}/m.npz", folder / "log.jsonl"
            command = [*RNN, "train", train, "--valid", rest, "--model", model, "--log", str(log), "--quiet"]
            subprocess.run([*command, *(["--preset", preset] if preset else []), *a.flags], check=True)
            start, *_, end = [json.loads(line) for line in log.read_text().splitlines()]
            command = [*RNN, "score", "--model", model, rest, "--baseline", train, "--json"]
            scored = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        both = (scored, scored["baseline"])
        figures = " | ".join(f"{each['perplexity']:.2f} | {each['bits_per_character']:.3f}" for each in both)
        print(f"| {start['settings']['preset']} | {figures} | {end['seconds']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
