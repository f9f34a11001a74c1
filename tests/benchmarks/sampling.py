"""How fast a trained model writes: tokens/s of one stream and of 64 side by side.

python tests/benchmarks/sampling.py [--hidden 512] [--vocab 65] [--rounds 5]
"""

import argparse
import statistics
import time

import numpy as np

from rnn_cli import LanguageModel
from rnn_cli.network.network import Network
from rnn_cli.text.lexicon import Lexicon
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS
from rnn_cli.text.vocabulary import SPECIAL, Vocabulary

STREAMS = {1: 5000, 64: 1000}  # how many side by side: how many tokens of each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--vocab", type=int, default=65)
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    network = Network(a.vocab, a.hidden)
    letters = tuple(chr(0x4E00 + k) for k in range(a.vocab - SPECIAL))
    p = network.initialise(np.random.default_rng(0), np.ones(a.vocab))
    vocabulary = Vocabulary(letters, (1,) * len(letters))
    lexicon = Lexicon(TOKENIZERS["char"], vocabulary, Spelling({}))
    model = LanguageModel(lexicon, network, p, carry_state=True)
    for num, length in STREAMS.items():
        rates = []
        for seed in range(a.rounds):
            began = time.perf_counter()
            model.sample(num=num, length=length, temperature=0.7, seed=seed)
            rates.append(num * length / (time.perf_counter() - began))
        print(f"{num:>3} side by side: {statistics.median(rates):>9,.0f} tokens/s")


if __name__ == "__main__":
    main()
