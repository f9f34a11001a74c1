"""What a run of the task translate leaves to its pairs: network, batch, epochs and dropout."""

from dataclasses import asdict, replace
from pathlib import Path

from rnn_cli.models.encoded.paired import LONGEST
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.network.network import Network
from rnn_cli.runs.presets import load_preset
from rnn_cli.runs.run import with_threads
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.pair_data import PairData
from rnn_cli.runs.tasks.pair_run import PairRun
from rnn_cli.runs.tasks.row_run import completed, with_epochs

PRESET = "pairs"
ATTENTION = "luong"
LEAST_EPOCHS, MOST_EPOCHS = 8, 60  # unless the settings say otherwise
OFTEN = 20  # epochs from which on all of the preset's dropout is of use
LEAST_ROWS, STEPS_OF_FEW = 8, 32  # of a batch, and batches of an epoch, where pairs are few


def decide(model: Path, settings: Settings, data: PairData) -> PairRun:
    """Return the run of these settings on these pairs; what they leave open comes from the preset."""
    source, target, _ = data.known
    preset = load_preset(settings.preset or PRESET, target.vocabulary.size)
    choices = preset.choices.given(settings.given())
    if settings.batch is None:  # few pairs make few steps else
        fitting = max(LEAST_ROWS, len(data.train) // STEPS_OF_FEW)
        choices = replace(choices, batch=min(choices.batch, fitting))
    is_bidirectional = settings.bidirectional is not False
    encoder = Encoder(
        source.vocabulary.size,
        -(-choices.hidden // 2) if is_bidirectional else choices.hidden,
        choices.cell,
        choices.layers,
        choices.embedding,
        is_bidirectional,
    )
    decoder = Network(
        target.vocabulary.size,
        choices.hidden,
        choices.cell,
        layers=choices.layers,
        embedding=choices.hidden,
        tie=True,
    )
    attention = settings.attention or ATTENTION
    values = asdict(choices) | {"preset": preset.name, "bptt": LONGEST, "tie": False, "output": "softmax"}
    decided = completed(
        settings,
        values,
        data,
        tokenizer=source.tokenizer.name,
        target_tokenizer=target.tokenizer.name,
        bidirectional=True,
        attention=attention,
        valid_fraction=None if settings.valid else data.held_out,
    )
    steps = int(max(data.sides.lengths[data.train].max(), data.sides.lengths[data.valid].max(initial=1)))
    rows = max(1, min(choices.batch * settings.windows, len(data.train)))
    network = EncoderDecoder(encoder, decoder, attention)
    run = PairRun(model, decided, data, network, (steps, rows))
    run = with_epochs(run, settings, preset, LEAST_EPOCHS, MOST_EPOCHS)
    return with_threads(with_dropout(run, settings), settings.threads)


def with_dropout(run: PairRun, asked: Settings) -> PairRun:
    """Return the run with less dropout than the preset's, where it is not asked for and pairs are seen a few
    times only: those are not learned by heart."""
    if asked.dropout is not None:
        return run
    usual = load_preset(run.settings.preset or PRESET, run.network.m).choices.dropout
    share = min(1.0, run.recipe.epochs / OFTEN)
    return replace(run, settings=replace(run.settings, dropout=round(usual * share, 2)))
