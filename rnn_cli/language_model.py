"""A language model: tokenizer, vocabulary and network, in one object and in one file."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_cli import storage
from rnn_cli.errors import RnnError
from rnn_cli.network.arrays import Parameters
from rnn_cli.network.model import Network
from rnn_cli.network.sampling import choose
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import TOKENIZERS, Tokenizer
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary

FORMAT = "rnn model"
VERSION = 2  # and 1, whose networks have one layer, no embedding and a softmax


@dataclass(frozen=True)
class LanguageModel:
    """What a model file holds, and what can be done with it.

    spelling: what an unknown token costs beyond UNK.
    p: the network's parameters, float32, in its memory layout (`Network.lay_out`).
    carry_state: whether the state runs on from one line into the next.
    history: how the model came to be, for people; any JSON.
    """

    tokenizer: Tokenizer
    vocabulary: Vocabulary
    spelling: Spelling
    network: Network
    p: Parameters
    carry_state: bool = False
    history: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Write the model file, atomically. Raises OSError; the old file is untouched then."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "tokenizer": {"name": self.tokenizer.name},
            "vocabulary": [*zip(self.vocabulary.tokens, self.vocabulary.counts, strict=True)],
            "spelling": self.spelling.to_json(),
            "network": asdict(self.network),
            "carry_state": self.carry_state,
            "history": self.history,
        }
        storage.save(Path(path), self.p, header)

    @classmethod
    def load(cls, path: str | Path) -> "LanguageModel":
        """Read a model file. Raises RnnError, naming what is wrong, for anything but a whole one."""
        arrays, header = storage.load(Path(path))
        if header.get("format") != FORMAT:
            raise RnnError(f"{path}: not a model file of rnn, but {header.get('format', 'something else')}")
        if header.get("version") not in range(1, VERSION + 1):
            newer = f"version {header.get('version')!r}; this rnn reads {VERSION}"
            raise RnnError(f"{path}: written by a newer rnn ({newer}): pip install --upgrade rnn-cli")
        try:
            return cls._from_parts(arrays, header)
        except (KeyError, TypeError, ValueError) as error:
            raise RnnError(f"{path}: damaged: {error}") from error

    @classmethod
    def _from_parts(cls, arrays: Parameters, header: dict[str, Any]) -> "LanguageModel":
        """Raises KeyError, TypeError or ValueError where the parts do not make a model."""
        tokenizer = TOKENIZERS[header["tokenizer"]["name"]]
        tokens, counts = zip(*header["vocabulary"], strict=True)
        if not all(isinstance(token, str) for token in tokens) or len(set(tokens)) < len(tokens):
            raise ValueError("the vocabulary is not a list of different tokens")
        vocabulary = Vocabulary(tokens, counts)
        spelling = Spelling.from_json(header.get("spelling", {}))  # version 1 has none
        network = Network(**header["network"])
        if not all(isinstance(count, int) for count in counts):
            raise ValueError("a count is no integer")
        if network.m != vocabulary.size:
            raise ValueError(f"m is {network.m} but the vocabulary's size {vocabulary.size}")
        shapes = {name: array.shape for name, array in arrays.items()}
        if shapes != network.shapes:
            raise ValueError(f"holds arrays {shapes}, not {network.shapes}")
        for name, array in arrays.items():
            if array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError(f"{name} holds values that are not finite float32 numbers")
        carry_state, history = bool(header["carry_state"]), dict(header["history"])
        return cls(tokenizer, vocabulary, spelling, network, network.lay_out(arrays), carry_state, history)

    def encode(self, text: str) -> NDArray[np.intp]:
        """The inputs that a text becomes, its last line not ended: START and the ids of each line."""
        ids = []
        for line in text.split("\n"):
            ids += [START, *self.vocabulary.encode(self.tokenizer.split(line))]
        return np.array(ids, np.intp)

    def unknown(self, text: str) -> list[str]:
        """The tokens of a text that the vocabulary does not hold, each once, as they come."""
        tokens = [t for line in text.split("\n") for t in self.tokenizer.split(line)]
        return list(dict.fromkeys(t for t in tokens if t and t not in self.vocabulary.ids))

    def generate(
        self,
        prompt: str = "",
        num: int = 1,
        length: int = 300,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> Iterator[NDArray[np.intp]]:
        """Draw `num` continuations of a prompt side by side: at each step their next ids, (num,).

        END ends a line, and with it the sample, which repeats END from then on; of a model that
        carries its state the next line follows. Stops when all samples have ended, or after
        `length` steps. START and UNK are never drawn.
        """
        rng = np.random.default_rng((seed, *b"sample"))
        after = np.arange(self.network.m)  # what is read after a token: itself, and START after END
        after[END] = START
        zero = state = self.network.zero_state(num)
        ended = np.zeros(num, bool)
        for id in self.encode(prompt):
            begins = id == START and not self.carry_state
            logits, state = self.network.step(self.p, np.full(num, id), zero if begins else state)
        for drawn in range(length):
            logits[:, START] = logits[:, UNK] = -np.inf
            try:
                ids = choose(logits, rng, temperature, top_k, top_p)
            except FloatingPointError as error:  # relu's state has no bound
                raise RnnError(f"the state has overflowed after {drawn} tokens: lower --length") from error
            if not self.carry_state:
                ids[ended] = END
                ended = ids == END
            yield ids
            if not self.carry_state and ended.all():
                return
            logits, state = self.network.step(self.p, after.take(ids), state)

    def pieces(self, ids: Iterable[int], after: str = "") -> Iterator[str]:
        """The text of ids that follow the text `after`, piece by piece; END is a line end."""
        begins = after == "" or after.endswith("\n")
        for id in ids:
            separator = "" if begins or id == END else self.tokenizer.separator
            yield "\n" if id == END else separator + self.vocabulary.token(id)
            begins = id == END

    def stream(self, prompt: str = "", **options: Any) -> Iterator[str]:
        """One sample, prompt first, in pieces as they are drawn; options as for `generate`."""
        yield prompt
        ids = (int(ids[0]) for ids in self.generate(prompt, 1, **options))
        yield from self.pieces(self._until_end(ids), after=prompt)

    def sample(self, prompt: str = "", num: int = 1, **options: Any) -> list[str]:
        """Samples drawn side by side, each with its prompt; options as for `generate`."""
        drawn = np.array([*self.generate(prompt, num, **options)]).reshape(-1, num)
        return [prompt + "".join(self.pieces(self._until_end(ids), after=prompt)) for ids in drawn.T.tolist()]

    def _until_end(self, ids: Iterable[int]) -> Iterable[int]:
        """The ids of one sample: where the state is not carried, those before the first END."""
        return ids if self.carry_state else itertools.takewhile(lambda id: id != END, ids)
