"""Output layers, from states to probabilities: OUTPUTS has a row for each (output.py is their interface)."""

from rnn_cli.network.outputs import adaptive, classes, softmax
from rnn_cli.network.outputs.output import Output

OUTPUTS = {
    name: Output(
        layer.shapes,
        layer.initial_biases,
        layer.cost,
        layer.logits,
        layer.nats,
        layer.nats_and_gradients,
        layer.choose_cutoffs,
        layer.HAS_CUTOFFS,
        layer.HAS_FULL_ROWS,
    )
    for name, layer in {"softmax": softmax, "classes": classes, "adaptive": adaptive}.items()
}
