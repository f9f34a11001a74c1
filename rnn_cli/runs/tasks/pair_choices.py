"""What a run of the task translate derives from its pairs and its time: network, batch, epochs, dropout."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rnn_cli.models.encoded.paired import LONGEST
from rnn_cli.network.encoder import Encoder
from rnn_cli.network.encoder_decoder import EncoderDecoder
from rnn_cli.network.network import Network
from rnn_cli.runs.presets import load_preset
from rnn_cli.runs.run import with_threads
from rnn_cli.runs.settings import Settings
from rnn_cli.runs.tasks.init import Init
from rnn_cli.runs.tasks.pair_data import PairData
from rnn_cli.runs.tasks.pair_run import PairRun
from rnn_cli.runs.tasks.row_run import completed, embedding_of, with_epochs

PRESET = "pairs"
ATTENTION = "luong"
LEAST_EPOCHS, MOST_EPOCHS = 8, 60  # unless the settings say otherwise
USUAL_PAIRS = 50_000  # up to which the preset's hidden size applies: more pairs hold more to learn
UNITS = 32  # a hidden size is a multiple of this
GROWTH, MOST_TIMES = 0.75, 2.0  # hidden size ~ pairs ** GROWTH, up to MOST_TIMES the usual
OF_TIME, LEAST_SHARE = 0.25, 1 / 16  # hidden size ~ share of the usual epochs ** OF_TIME
OFTEN = 20  # epochs from which on the preset's full dropout helps
LEAST_ROWS, STEPS_OF_FEW = 8, 32  # of a batch; batches per epoch if there are few pairs


def decide(model: Path, settings: Settings, data: PairData, init: Init | None = None) -> PairRun:
    """Return the run of these settings on these pairs; the preset decides what they leave open."""
    source, target, _ = data.known
    preset = load_preset(settings.preset or PRESET, target.vocabulary.size)
    choices = preset.choices.given(settings.given())
    if settings.hidden is None:
        choices = replace(choices, hidden=hidden_for(len(data.train), choices.hidden))
    if settings.batch is None:  # otherwise few pairs would make few steps
        fitting = max(LEAST_ROWS, len(data.train) // STEPS_OF_FEW)
        choices = replace(choices, batch=min(choices.batch, fitting))
    is_bidirectional = settings.bidirectional is not False
    encoder = Encoder(
        source.vocabulary.size,
        -(-choices.hidden // 2) if is_bidirectional else choices.hidden,
        choices.cell,
        choices.layers,
        embedding_of(source.vocabulary.size, choices.embedding, settings),
        is_bidirectional,
    )
    is_tied = embedding_of(target.vocabulary.size, choices.hidden, settings) > 0
    decoder = Network(
        target.vocabulary.size,
        choices.hidden,
        choices.cell,
        layers=choices.layers,
        embedding=choices.hidden if is_tied else 0,
        tie=is_tied,
    )
    attention = settings.attention or ATTENTION
    if init:
        encoder = init.encoder(encoder)
    choices = replace(choices, embedding=encoder.embedding)
    network = EncoderDecoder(encoder, decoder, attention)
    if init and init.known:
        own = init.model.network
        network = replace(own, encoder=encoder, decoder=replace(own.decoder, m=decoder.m))
        choices = replace(choices, **facts_of(network))
    values = asdict(choices) | {"preset": preset.name, "bptt": LONGEST, "tie": False, "output": "softmax"}
    decided = completed(
        settings,
        values,
        data,
        tokenizer=source.tokenizer.name,
        target_tokenizer=target.tokenizer.name,
        bidirectional=encoder.bidirectional,
        attention=network.attention,
        valid_fraction=None if settings.valid else data.held_out,
    )
    steps = int(max(data.sides.lengths[data.train].max(), data.sides.lengths[data.valid].max(initial=1)))
    rows = max(1, min(choices.batch * settings.windows, len(data.train)))
    run = PairRun(model, decided, data, network, (steps, rows))
    run = with_epochs(run, settings, preset, LEAST_EPOCHS, MOST_EPOCHS)
    return with_threads(with_dropout(run, settings), settings.threads)


def facts_of(network: EncoderDecoder) -> dict[str, Any]:
    """Return the settings that give the layers of a network."""
    encoder = network.encoder
    sizes = {"layers": encoder.layers, "embedding": encoder.embedding, "hidden": network.decoder.n}
    return {"cell": encoder.cell} | sizes


def hidden_for(pairs: int, usual: int) -> int:
    """Return the hidden size for a number of pairs. usual: the size for up to USUAL_PAIRS."""
    times = min(max(1.0, (pairs / USUAL_PAIRS) ** GROWTH), MOST_TIMES)
    return usual if times == 1 else multiple(usual * times)


def multiple(size: float) -> int:
    """Return the multiple of UNITS that is nearest to a size."""
    return max(1, round(size / UNITS)) * UNITS


def suited(run: PairRun, asked: Settings) -> PairRun:
    """Return a run that was fitted to a time, with a network and dropout to suit: part of any extra time goes
    into a larger hidden size, the rest into more epochs."""
    usual = run.network.decoder.n
    share = run.recipe.epochs / usual_epochs(run)
    hidden = multiple(usual * min(max(share, LEAST_SHARE), 1 / LEAST_SHARE) ** OF_TIME)
    if asked.hidden is not None or asked.init or hidden == usual:
        return with_dropout(run, asked)
    other = decide(run.model, replace(asked, hidden=hidden), run.data)
    settings = replace(other.settings, epochs=run.settings.epochs)
    other = replace(other, settings=settings, planned=run.recipe.epochs * run.flops / other.flops)
    return with_dropout(other, asked)


def usual_epochs(run: PairRun) -> int:
    """Return the number of epochs of a run without a time limit."""
    preset = load_preset(run.settings.preset or PRESET, run.network.m)
    return min(max(preset.epochs(run.steps_an_epoch), LEAST_EPOCHS), MOST_EPOCHS)


def with_dropout(run: PairRun, asked: Settings) -> PairRun:
    """Return the run with less dropout than the preset's if pairs are seen only a few times, since those are
    not memorised; unchanged if the dropout was given."""
    if asked.dropout is not None:
        return run
    usual = load_preset(run.settings.preset or PRESET, run.network.m).choices.dropout
    share = min(1.0, run.recipe.epochs / OFTEN)
    return replace(run, settings=replace(run.settings, dropout=round(usual * share, 2)))
