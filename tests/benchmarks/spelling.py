"""How a tagger should read a word's spelling: by hashed affixes, or by its characters through a small
recurrent network of the same kind. Both are in PyTorch, so that neither is faster because of its code.

    python tests/benchmarks/spelling.py FOLDER [--epochs 6] [--seeds 2]

FOLDER holds train.tsv and valid.tsv: tokens, tab, tags, each list separated by spaces. Needs PyTorch and rnn.
The network is that of `rnn train --task tag`: a table of words, a gru in both directions, a softmax at each
step. Some of the words that occur once are read as unknown. For each spelling and seed it prints the share of
the validation tags that are right, the same for words not seen in training, and the processor seconds.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from rnn_cli.text.features import Affixes

BATCH, LR, DECAY, DROPOUT = 32, 0.003, 0.1, 0.5
HIDDEN, EMBEDDING, BESIDE = 128, 64, 64
HIDES = 0.3  # of the words that occur once
LETTERS = 24  # the width of the table of characters

Sentence = tuple[list[str], list[str]]


class Batch(NamedTuple):
    """Sentences side by side; -1 is padding."""

    words: torch.Tensor  # (B, T)
    spellings: torch.Tensor  # (B, T), places in the batch's own list of words
    tags: torch.Tensor  # (B, T)
    types: list[str]
    lengths: torch.Tensor


def read(path: Path) -> list[Sentence]:
    """Return the sentences of a file, each with its tags."""
    rows = (line.split("\t") for line in path.read_text("utf-8").split("\n") if line)
    return [(row[0].split(), row[1].split()) for row in rows]


class OfAffixes(nn.Module):  # type: ignore[misc]
    """The mean of the embeddings of a word's hashed affixes."""

    def __init__(self) -> None:
        super().__init__()
        self.affixes = Affixes(buckets=1 << 16)
        self.table = nn.EmbeddingBag(self.affixes.buckets, BESIDE, mode="mean")
        nn.init.normal_(self.table.weight, 0, 0.1)

    def forward(self, words: Sequence[str]) -> Any:
        rows = self.affixes.rows(words)
        return self.table(torch.tensor(rows.ids.astype(np.int64)), torch.tensor(rows.starts[:-1]))


class OfCharacters(nn.Module):  # type: ignore[misc]
    """The last states of a gru that reads a word's characters in both directions."""

    def __init__(self, characters: str) -> None:
        super().__init__()
        self.ids = {character: id for id, character in enumerate(characters, 1)}
        self.table = nn.Embedding(len(characters) + 1, LETTERS)
        self.gru = nn.GRU(LETTERS, BESIDE // 2, batch_first=True, bidirectional=True)

    def forward(self, words: Sequence[str]) -> Any:
        rows = [torch.tensor([self.ids.get(character, 0) for character in word[:30]]) for word in words]
        lengths = torch.tensor([len(row) for row in rows])
        padded = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.table(padded), lengths, batch_first=True, enforce_sorted=False
        )
        _, last = self.gru(packed)
        return torch.cat([last[0], last[1]], 1)


class Tagger(nn.Module):  # type: ignore[misc]
    """Words, and what their spelling says, through a gru in both directions to a softmax a step."""

    def __init__(self, words: int, tags: int, spelling: nn.Module) -> None:
        super().__init__()
        self.spelling = spelling
        self.table = nn.Embedding(words, EMBEDDING)
        nn.init.normal_(self.table.weight, 0, 0.1)
        self.gru = nn.GRU(EMBEDDING + BESIDE, HIDDEN, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * HIDDEN, tags)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, batch: Batch) -> Any:
        spelled = self.spelling(batch.types)[batch.spellings.clamp(min=0)]
        x = torch.cat([self.drop(self.table(batch.words.clamp(min=0))), self.drop(spelled)], 2)
        packed = nn.utils.rnn.pack_padded_sequence(x, batch.lengths, batch_first=True, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.output(self.drop(h))


def batches(
    sentences: list[Sentence], ids: dict[str, int], tags: dict[str, int], rng: np.random.Generator | None
) -> Iterator[Batch]:
    """Yield sentences of like length together: in another order and with words hidden where rng is given."""
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place][0]))
    firsts = np.arange(0, len(order), BATCH)
    for first in rng.permutation(firsts) if rng else firsts:
        rows = [sentences[place] for place in order[first : first + BATCH]]
        types = sorted({word for words, _ in rows for word in words})
        places = {word: place for place, word in enumerate(types)}

        def padded(values: list[list[int]]) -> torch.Tensor:
            return nn.utils.rnn.pad_sequence([*map(torch.tensor, values)], True, -1)

        def known(word: str) -> int:
            id = ids.get(word, 0)
            return 0 if rng and id >= ids[""] and rng.random() < HIDES else id

        yield Batch(
            padded([[known(word) for word in words] for words, _ in rows]),
            padded([[places[word] for word in words] for words, _ in rows]),
            padded([[tags.get(tag, -1) for tag in own] for _, own in rows]),
            types,
            torch.tensor([len(words) for words, _ in rows]),
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    train, valid = read(asked.folder / "train.tsv"), read(asked.folder / "valid.tsv")
    counts = Counter(word for words, _ in train for word in words)
    ids = {word: id for id, (word, _) in enumerate(counts.most_common(), 1)}
    ids[""] = 1 + sum(count > 1 for count in counts.values())  # from here on, words that occur once
    tags = {tag: id for id, tag in enumerate(sorted({tag for _, own in train for tag in own}))}
    characters = "".join(sorted({character for word in counts for character in word}))
    for seed in range(asked.seeds):
        for name, make in (("affixes", OfAffixes), ("characters", lambda: OfCharacters(characters))):
            torch.manual_seed(seed)
            network = Tagger(len(ids) + 1, len(tags), make())
            began = time.process_time()
            learn(network, lambda rng: batches(train, ids, tags, rng), asked.epochs, seed)
            seconds = time.process_time() - began
            right, right_unseen = judge(network, batches(valid, ids, tags, None))
            print(
                f"seed {seed}, {name}: {right:.2%}, of unseen words {right_unseen:.2%}, {seconds:.0f} s",
                flush=True,
            )


def learn(network: Tagger, epoch_of: Any, epochs: int, seed: int) -> None:
    """Train with AdamW; the learning rate falls as half a cosine."""
    optimizer = torch.optim.AdamW(network.parameters(), LR, weight_decay=DECAY)
    rng = np.random.default_rng(seed)
    steps = epochs * sum(1 for _ in epoch_of(rng))
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    network.train()
    for _ in range(epochs):
        for batch in epoch_of(rng):
            z = network(batch)
            E = nn.functional.cross_entropy(z.flatten(0, 1), batch.tags.flatten(), ignore_index=-1)
            optimizer.zero_grad()
            E.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            fall.step()


def judge(network: Tagger, of_valid: Iterator[Batch]) -> tuple[float, float]:
    """Return the share of tags that are right, and that of unknown words."""
    network.eval()
    right, is_unseen = [], []
    with torch.no_grad():
        for batch in of_valid:
            real = batch.words >= 0
            right.append((network(batch).argmax(2) == batch.tags)[real].numpy())
            is_unseen.append((batch.words == 0)[real].numpy())
    every, unseen = np.concatenate(right), np.concatenate(is_unseen)
    return float(every.mean()), float(every[unseen].mean())


if __name__ == "__main__":
    main()
