import numpy as np

from rnn_cli.network.network import Network, Sequences
from rnn_cli.training import measure
from rnn_cli.training.loop import Recipe
from rnn_cli.training.measure import peak_flops, training_speed
from rnn_cli.training.parallel.executor import Executor


def test_speed_is_measured_for_as_long_as_asked_however_short_the_recipe():
    rng, network, (T, B) = np.random.default_rng(0), Network(7, 4), (3, 4)
    ones = np.ones((T, B), np.float32)
    window = Sequences(rng.integers(7, size=(T, B)), rng.integers(7, size=(T, B)), ones, ones)
    recipe = Recipe("adam", lr=1e-3, clip=1.0, epochs=1, warmup=0.1)
    p = network.initialise(rng, np.ones(network.m))
    with Executor(network, p, (T, B)) as executor:
        speed = training_speed(executor, recipe, [window], B, seconds=0.1)
    assert speed.seconds >= 0.1
    assert speed.steps > 1
    assert speed.tokens == speed.steps * T * B
    assert sum(speed.phases.values()) < speed.seconds


def test_a_large_product_is_fast(monkeypatch):
    monkeypatch.setattr(measure, "PEAK_SIZE", 256)
    assert peak_flops(1, rounds=2) > 1e8
