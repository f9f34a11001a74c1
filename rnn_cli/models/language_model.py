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
from rnn_cli.network.network import Network
from rnn_cli.network.sampling import choose
from rnn_cli.text.spelling import Spelling
from rnn_cli.text.tokenizers import Tokenizer, make_tokenizer
from rnn_cli.text.vocabulary import END, START, UNK, Vocabulary

FORMAT = "rnn model"
VERSION = 2  # and 1, whose networks have one layer, no embedding and a softmax
LONGEST = 200  # characters of what is told of a damaged file, which may hold names of any length


def reading_to_json(tokenizer: Tokenizer, vocabulary: Vocabulary, spelling: Spelling) -> dict[str, Any]:
    """How a text is read, as the headers of models and of training states hold it."""
    return {
        "tokenizer": {"name": tokenizer.name, **tokenizer.settings},
        "vocabulary": [*zip(vocabulary.tokens, vocabulary.counts, strict=True)],
        "spelling": spelling.to_json(),
    }


def reading_from_json(header: dict[str, Any]) -> tuple[Tokenizer, Vocabulary, Spelling]:
    """Raises KeyError, TypeError or ValueError where a header does not say how a text is read."""
    settings = dict(header["tokenizer"])
    tokenizer = make_tokenizer(settings.pop("name"), settings)
    vocabulary = Vocabulary.from_json(header["vocabulary"])
    spelling = Spelling.from_json(header.get("spelling", {}))  # version 1 has none
    return tokenizer, vocabulary, spelling


def _network(said: dict[str, Any], m: int, arrays: Parameters) -> Network:
    """The network that a header describes, if its parameters are these. Raises KeyError, TypeError or
    ValueError."""
    if any(isinstance(said[name], bool) for name in said if name != "tie"):  # to Python they are 0 and 1
        raise ValueError("a size is true or false, and no number")
    network = Network(**said)
    if network.m != m:
        raise ValueError(f"m is {network.m} but the vocabulary's size {m}")
    if network.layers + len(network.cutoffs) > len(arrays):  # before a list is made of so many
        raise ValueError("holds too few arrays for its layers")
    shapes = network.shapes
    if arrays.keys() != shapes.keys():
        raise ValueError(f"holds arrays {', '.join(arrays)}, not {', '.join(shapes)}")
    for name, array in arrays.items():
        if array.shape != shapes[name]:
            raise ValueError(f"{name} has the shape {array.shape}, not {shapes[name]}")
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f"{name} holds values that are not finite float32 numbers")
    return network


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
        storage.save(Path(path), *self.pack())

    def pack(self) -> tuple[Parameters, dict[str, Any]]:
        """As the arrays and the header of a file."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            **reading_to_json(self.tokenizer, self.vocabulary, self.spelling),
            "network": asdict(self.network),
            "carry_state": self.carry_state,
            "history": self.history,
        }
        return self.p, header

    @classmethod
    def load(cls, path: str | Path) -> "LanguageModel":
        """Read a model file. Raises RnnError, naming what is wrong, for anything but a whole one."""
        arrays, header = storage.load(Path(path))
        kind, version = header.get("format"), header.get("version")
        if kind != FORMAT:
            other = repr(kind[:LONGEST]) if isinstance(kind, str) else "something else"
            raise RnnError(f"{path}: not a model file of rnn, but {other}")
        if isinstance(version, int) and version > VERSION:
            newer = f"version {version}; this rnn reads {VERSION}"
            raise RnnError(f"{path}: written by a newer rnn ({newer}): pip install --upgrade rnn-cli")
        try:
            if type(version) is not int or version < 1:
                raise ValueError(f"there is no version {version!r}")
            return cls._from_parts(arrays, header)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            what = " ".join(str(error).split())[:LONGEST]  # it may quote what the file says
            raise RnnError(f"{path}: damaged: {what}") from error

    @classmethod
    def _from_parts(cls, arrays: Parameters, header: dict[str, Any]) -> "LanguageModel":
        """Raises KeyError, TypeError or ValueError where the parts do not make a model."""
        tokenizer, vocabulary, spelling = reading_from_json(header)
        network = _network(header["network"], vocabulary.size, arrays)
        carry_state, history = header["carry_state"], header["history"]
        if not isinstance(carry_state, bool) or not isinstance(history, dict):
            raise TypeError("carry_state is neither true nor false, or history no object")
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
        products = self.network.products(self.p, num)
        after = np.arange(self.network.m)  # what is read after a token: itself, and START after END
        after[END] = START
        zero = state = self.network.zero_state(num)
        ended = np.zeros(num, bool)
        for id in self.encode(prompt):
            begins = id == START and not self.carry_state
            logits, state = self.network.step(self.p, np.full(num, id), zero if begins else state, products)
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
            logits, state = self.network.step(self.p, after.take(ids), state, products)

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
