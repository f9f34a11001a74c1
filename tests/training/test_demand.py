import numpy as np
import pytest

from rnn_cli.network.network import Network
from rnn_cli.training.demand import demand
from rnn_cli.training.parallel.sharing import bytes_of, of_shard


@pytest.mark.parametrize("m", [65, 2000])
def test_a_second_process_takes_as_much_as_the_first_what_shards_travel_in_and_their_sum(m):
    network, T, B = Network(m, 128), 32, 16

    def of_windows(batch, shards):
        how = {"optimizer": "adam", "dropout": 0.0, "keeps": False, "resident": 0}
        return demand(network, np.ones(m), batch=batch, bptt=T, shards=shards, **how).windows

    tray = bytes_of(of_shard(network, T, B, np.float32))
    columns = 0 if m == 65 else 4 * 128 * round(m * (1 - (1 - 1 / m) ** (T * 2 * B)))  # of the sum
    beside = tray + columns
    assert of_windows(2 * B, 2) == pytest.approx(2 * of_windows(B, 1) + beside, abs=beside / 4)
