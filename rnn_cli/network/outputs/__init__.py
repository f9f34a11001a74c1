"""From states to probabilities: an output layer is a row of OUTPUTS (output.py says what a row offers)."""

from rnn_cli.network.outputs import adaptive, softmax
from rnn_cli.network.outputs.output import Output

OUTPUTS = {
    name: Output(
        layer.shapes,
        layer.initial_biases,
        layer.cost,
        layer.logits,
        layer.nats,
        layer.nats_and_gradients,
        layer.HAS_CUTOFFS,
    )
    for name, layer in {"softmax": softmax, "adaptive": adaptive}.items()
}
