"""The settings of a training run: every option that affects its result, documented here and nowhere else.

The command line takes names, defaults, bounds and help from these fields (cli/options/settings.py); a
training state stores them as JSON. A setting that is None is decided by the preset for the size of the text,
or by the default that its help names.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self, get_type_hints

from rnn_cli.errors import UsageError, check_all_known, check_known
from rnn_cli.network.attention import ATTENTIONS
from rnn_cli.network.cells import CELLS
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.runs.checks import FILES, About, Group, absolute, check_value, refuse_exclusions
from rnn_cli.runs.encoding import ENCODING
from rnn_cli.runs.metrics import LOSS, METRICS
from rnn_cli.runs.presets import ABOUT, preset_files
from rnn_cli.text.tokenizers import DEFAULT_TOKENIZER, NORMALIZATIONS, TOKENIZERS
from rnn_cli.text.units import LINE, UNITS
from rnn_cli.training.optimizers import OPTIMIZERS
from rnn_cli.training.schedules import SCHEDULES

DEFAULT_MAX_SIZE = 10_000  # tokens in a vocabulary
DEFAULT_VALID_FRACTION = 0.1
FEW_LINES = 45  # with fewer lines or pairs nothing is held out: chance would choose the best epoch
DEFAULT_MAX_ROLLBACKS = 3
DEFAULT_SEED = 0
LEAST_PATIENCE = 4  # epochs
CLASS_WEIGHTS = ("balanced",)
TASKS = ("language", "classify", "rate", "tag", "translate", "generate")


def setting(group: Group, help: str, default: Any = None, **rest: Any) -> Any:
    """Return a field of Settings. rest: the other entries of About."""
    return field(default=default, metadata={"about": About(group, help, **rest)})


def _one_of(group: Group, table: Mapping[str, Any], help: str) -> Any:
    return setting(group, help, choices=tuple(table))


def default_patience(epochs: int) -> int:
    """Return a quarter of all epochs: small texts have small epochs, and a loss that stalls in the middle of
    a run falls again once the learning rate does."""
    return max(LEAST_PATIENCE, epochs // 4)


def _presets() -> str:
    return "; ".join(f"{name}, {file[ABOUT]}" for name, file in preset_files().items())


def _min_counts() -> str:
    return ", ".join(f"{name} {row.min_count}" for name, row in TOKENIZERS.items())


def _metrics() -> str:
    tasks = {task: [name for name, row in METRICS.items() if task in row.tasks] for task in TASKS}
    return "; ".join(f"{task}: {', '.join(names)}" for task, names in tasks.items() if names)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings that decide a training run.

    Raises UsageError, naming the setting, for a value of the wrong type or out of bounds, and for settings
    that exclude each other.
    """

    corpus: Sequence[str] = setting(
        "Text",
        "Text files, read as one text; a folder means its *.txt files, - is standard input. If no file "
        "has that name, chinese and english are the texts that come with rnn. Default: the one in your "
        "language.",
        default=(),
    )
    task: str | None = _one_of(
        "Text",
        dict.fromkeys(TASKS),
        "What is learned, and what a line holds: language, a text; classify, text<TAB>label or __label__x "
        "text; rate, text<TAB>number; tag, tokens<TAB>tags, or CoNLL columns; translate, source<TAB>target; "
        "generate, label<TAB>text. Default: language, or classify for lines that begin with __label__.",
    )
    columns: str | None = setting(
        "Text", "The two columns of .csv and .jsonl files that a task reads, as text,label."
    )
    valid: str | None = setting("Text", "Validate on this text.")
    valid_fraction: float | None = setting(
        "Text",
        f"Share of the lines to hold out for validation. Default: {DEFAULT_VALID_FRACTION}, or 0 "
        f"if there are fewer than {FEW_LINES}.",
        least=0,
        most=0.9,
    )
    tokenizer: str | None = _one_of(
        "Text",
        TOKENIZERS,
        "How a line is split: jieba, into words of any language; char, into characters (code points); space, "
        f"at white space. Default: {DEFAULT_TOKENIZER}.",
    )
    target_tokenizer: str | None = _one_of(
        "Text",
        TOKENIZERS,
        "How a target is split. Default: as --tokenizer says, or else as suits the first pairs.",
    )
    normalize: str | None = _one_of(
        "Text", NORMALIZATIONS, "Unicode normalization form of the text and of prompts. Default: none."
    )
    user_dict: str | None = setting(
        "Text", "Words for jieba to know: a file in UTF-8 with a line for each, word [frequency] [tag]."
    )
    vocab: str | None = setting(
        "Text", "Take the vocabulary and the tokenizer from this file (written by rnn vocab --out)."
    )
    unit: str | None = _one_of(
        "Text",
        dict.fromkeys(UNITS),
        "What is learned and sampled as one text: a line, or a paragraph (the lines between blank "
        f"lines). Default: {LINE}.",
    )
    column: str | None = setting("Text", "Read this column of .csv, .tsv and .jsonl files.")
    encoding: str | None = setting("Text", ENCODING)
    min_count: int | None = setting(
        "Text", f"Tokens that occur less often are unknown. Default: {_min_counts()}; 1 for tags.", least=1
    )
    max_size: int | None = setting(
        "Text", f"Keep at most this many tokens, the most frequent. Default: {DEFAULT_MAX_SIZE:,}.", least=1
    )
    carry_state: bool | None = setting(
        "Text", "Carry the state from each line to the next; suits books and plays."
    )
    init: str | None = setting(
        "Network",
        "Begin from this model: its network, weights, tokenizer and vocabulary. Other tasks begin from a "
        "model of the same task, or from a language model, whose layers then read the texts.",
    )
    grow: bool | None = setting(
        "Network", "With --init: add the tokens of the text that the model lacks to its vocabulary."
    )
    preset: str | None = _one_of(
        "Network",
        preset_files(),
        f"Values for the settings below that are not given: {_presets()}. Default: by the size of the text.",
    )
    cell: str | None = _one_of("Network", CELLS, "The recurrent cell.")
    hidden: int | None = setting("Network", "Hidden size.", least=1, most=1 << 20)
    layers: int | None = setting("Network", "Number of recurrent layers.", least=1, most=64)
    embedding: int | None = setting(
        "Network",
        "Size of the token embedding; 0: none, tokens enter through U as one-hot vectors.",
        least=0,
        most=1 << 20,
    )
    bidirectional: bool | None = setting(
        "Network", "Read texts, or sources, in both directions. Default: yes, except for language."
    )
    ngrams: bool | None = setting(
        "Network", "Learn labels from n-grams of words and characters too. Default: yes."
    )
    affixes: bool | None = setting(
        "Network", "Learn tags from the beginnings and ends of words too. Default: yes."
    )
    attention: str | None = _one_of(
        "Network", ATTENTIONS, "The decoder's attention to the source. Default: luong."
    )
    class_weight: str | None = _one_of(
        "Training",
        dict.fromkeys(CLASS_WEIGHTS),
        "Give each label the same weight, however rare it is. Default: give each text the same weight.",
    )
    tie: bool | None = setting(
        "Network", "Use the embedding as the output weights; its size is then the hidden size."
    )
    output: str | None = _one_of(
        "Network",
        OUTPUTS,
        "The output layer: with 5,000 words or more, classes is several times as fast as softmax; with "
        "20,000 or more, adaptive is faster still.",
    )
    batch: int | None = setting("Training", "Sequences side by side.", least=1, most=1 << 16)
    accumulate: int | None = setting(
        "Training",
        "Windows per step: multiplies the rows of the batch, which are computed one part after another. "
        "Saves memory, and sums between machines. Default: 1.",
        least=1,
        most=1 << 10,
    )
    sum_bits: int | None = setting(
        "Training",
        "Bits of each number that machines send to sum a gradient: 16 or 32. Sending 16 takes half the "
        "time, but changes the last bits of the weights. Default: 32.",
        least=16,
        most=32,
    )
    bptt: int | None = setting("Training", "Steps that a gradient reaches back.", least=1, most=1 << 16)
    epochs: int | None = setting(
        "Training",
        "Passes over the text. Default: enough for the preset's number of steps.",
        least=1,
        most=1_000_000,
    )
    time: str | None = setting(
        "Training",
        "Fit the run into this time (90s, 3m, 2h); sets the preset, the epochs and the learning-rate "
        "schedule.",
    )
    optimizer: str | None = _one_of("Training", OPTIMIZERS, "The optimizer.")
    lr: float | None = setting("Training", "Highest learning rate.", least=0, most=1000)
    schedule: str | None = _one_of("Training", SCHEDULES, "Course of the learning rate after the warm-up.")
    clip: float | None = setting("Training", "Scale a gradient down to this norm; 0: never.", least=0)
    dropout: float | None = setting(
        "Training", "Share of the inputs of each layer and of the output layer to drop.", least=0, most=0.9
    )
    variational: bool | None = setting(
        "Training", "Use one dropout mask for all steps of a window. Default: another at each step."
    )
    dropconnect: float | None = setting(
        "Training",
        "Share of the entries of W to drop: others in each window, the same at all of its steps.",
        least=0,
        most=0.9,
    )
    weight_decay: float | None = setting("Training", "Weight decay.", least=0, most=100)
    patience: int | None = setting(
        "Training",
        "Stop after this many epochs without a better loss, or --metric. "
        f"Default: a quarter of the epochs, at least {LEAST_PATIENCE}.",
        least=1,
        most=1_000_000,
    )
    metric: str | None = _one_of(
        "Training",
        dict.fromkeys((LOSS, *METRICS)),
        "What decides which epoch is the best, for the model that is kept and for --patience: the loss, or a "
        f"figure of the task ({_metrics()}). Default: {LOSS}.",
    )
    max_rollbacks: int | None = setting(
        "Training",
        "How often a run that diverges goes back and halves the learning rate. "
        f"Default: {DEFAULT_MAX_ROLLBACKS}.",
        least=0,
        most=1000,
    )
    seed: int | None = setting(
        "Training", f"Seed of everything random. Default: {DEFAULT_SEED}.", least=0, most=2**64 - 1
    )
    threads: int | None = setting(
        "Training", "Cores to compute on. Default: those this process may use.", least=1, most=1024
    )
    log: str | None = setting("Files", "Append one JSON object a line to this file.")
    save_every: str | None = setting(
        "Files",
        "How often to save (30s, 10m, 2h, or a number of steps), as well as after each epoch. Default: "
        "so that saving takes less than 2 % of the time.",
    )

    def __post_init__(self) -> None:
        corpus = [self.corpus] if isinstance(self.corpus, str | os.PathLike) else self.corpus
        try:
            object.__setattr__(self, "corpus", tuple(map(os.fsdecode, corpus)))
        except TypeError as error:  # not paths
            raise UsageError("corpus: a list of files is needed") from error
        for name in FILES:
            if isinstance(path := getattr(self, name), os.PathLike):
                object.__setattr__(self, name, os.fspath(path))
        for name, about in ABOUTS.items():
            check_value(name, getattr(self, name), TYPES[name], about)
        refuse_exclusions(self.given())

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Return the settings stored in a training state. Raises Unknown for a setting or a choice that this
        version does not have, TypeError or UsageError for other malformed settings."""
        if not isinstance(said, Mapping):
            raise TypeError("the settings are no object")
        check_all_known("setting", said, TYPES)
        for name, value in said.items():
            if value is not None and ABOUTS[name].choices:
                check_known(name, value, ABOUTS[name].choices)
        return cls(**{"dropconnect": 0.0, **said})  # states written by 0.1 lack it

    def to_json(self) -> dict[str, Any]:
        """Return the settings as a training state stores them, with absolute paths."""
        paths = {name: absolute(path) for name in FILES if (path := getattr(self, name))}
        return asdict(self) | paths | {"corpus": [*map(absolute, self.corpus)]}

    @property
    def windows(self) -> int:
        """The number of windows of `batch` rows in a step."""
        return self.accumulate or 1

    @property
    def bits(self) -> int:
        """The number of bits per gradient entry in transfers between ranks."""
        return self.sum_bits or 32

    def given(self) -> dict[str, Any]:
        """Return the settings that are not left to a default, by name."""
        return {name: value for name, value in vars(self).items() if value is not None and value != ()}

    def filled(self, **values: Any) -> Self:
        """Return these settings with those that are None taken from `values`."""
        return replace(self, **{name: value for name, value in values.items() if getattr(self, name) is None})


TYPES = {name: hint for name, hint in get_type_hints(Settings).items() if name != "corpus"} | {
    "corpus": tuple
}
ABOUTS: dict[str, About] = {each.name: each.metadata["about"] for each in fields(Settings)}
