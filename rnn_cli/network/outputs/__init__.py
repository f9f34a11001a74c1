"""From states to probabilities: an output layer is a row of OUTPUTS (output.py says what is in one)."""

from rnn_cli.network.outputs import adaptive, softmax
from rnn_cli.network.outputs.output import Output

OUTPUTS = {
    name: Output(
        layer.shapes,
        layer.initial_biases,
        layer.cost,
        layer.log_probabilities,
        layer.nats,
        layer.nats_and_gradients,
    )
    for name, layer in {"softmax": softmax, "adaptive": adaptive}.items()
}
