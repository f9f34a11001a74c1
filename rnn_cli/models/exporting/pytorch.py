"""A language model as PyTorch has it: the names and the order of its modules, and lines that load and run it.

    tanh, relu   nn.RNN    W_ih = U, W_hh = W, b_ih = b_a, b_hh = 0
    lstm         nn.LSTM   the same, with the gates in the order i, f, g, o; here it is o, i, f, g
    gru          nn.GRU    the same, with the gates in the order r, z, n, which here are r, u, g

PyTorch's gru is that of this package but for a second bias of the candidate, which r_t multiplies:
n_t = tanh(W_in x_t + b_in + r_t (W_hn h + b_hn)). b_hn is 0 here, as all of b_hh is.
"""

import io
from typing import Any

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.network import Network

ORDER = {"lstm": (1, 2, 3, 0)}  # where each of PyTorch's gates stands among ours
MODULES = {
    "tanh": 'torch.nn.RNN({sizes}, nonlinearity="tanh")',
    "relu": 'torch.nn.RNN({sizes}, nonlinearity="relu")',
    "gru": "torch.nn.GRU({sizes})",
    "lstm": "torch.nn.LSTM({sizes})",
}
LOADERS = {
    "torch": ("import torch", "p = torch.load({file}, weights_only=True)"),
    "safetensors": (
        "import torch\nfrom safetensors.torch import load_file",
        "p = load_file({file})",
    ),
}
CODE = """import json
from pathlib import Path

{imports}

tokens = json.loads(Path({about}).read_text(encoding="utf-8"))["tokens"]  # by id
{load}
rnn = {module}
rnn.load_state_dict({{name[4:]: array for name, array in p.items() if name.startswith("rnn.")}})

def log_o(ids, state=None):  # ids (T,) -> the logarithms of the next tokens' probabilities (T, m), the state
    x = {enter}
    s, state = rnn(x, state)
    return {output}, state

ids = {{token: id for id, token in enumerate(tokens)}}
x = torch.tensor([0, *(ids.get(token, 2) for token in tokens[3:8])])  # <start>, and any tokens
with torch.no_grad():
    log_p, state = log_o(x)
for token, after in zip(x, log_p.argmax(1)):
    print(tokens[token], "->", tokens[after])
"""
SOFTMAX = 'torch.log_softmax(s @ p["output.weight"].T + p["output.bias"], -1)'
ADAPTIVE = """torch.cat([head[:, :{first}], *({cluster} for j in range({clusters}))], -1)"""
CLUSTER = (
    'head[:, {first} + j, None] + torch.log_softmax(s @ p[f"output.tail.{{j}}.project.weight"].T '
    '@ p[f"output.tail.{{j}}.weight"].T + p[f"output.tail.{{j}}.bias"], -1)'
)


def state_dict(network: Network, p: Parameters) -> dict[str, Array]:
    """Return the parameters under PyTorch's names and in its order."""
    found: dict[str, Array] = {}
    if network.embedding:
        found["embedding.weight"] = p["V"] if network.tie else p["C"].T
    for layer, suffix in enumerate(network.suffixes):
        for ours, theirs in (("U", "weight_ih"), ("W", "weight_hh"), ("b_a", "bias_ih")):
            found[f"rnn.{theirs}_l{layer}"] = _ordered(network.cell, p[ours + suffix])
        found[f"rnn.bias_hh_l{layer}"] = np.zeros_like(p["b_a" + suffix])
    head = "output.head" if network.cutoffs else "output"
    found |= {f"{head}.weight": p["V"], f"{head}.bias": p["b_y"]}
    for j in range(1, len(network.cutoffs) + 1):
        tail = f"output.tail.{j - 1}"
        found |= {
            f"{tail}.project.weight": p[f"P{j}"],
            f"{tail}.weight": p[f"V{j}"],
            f"{tail}.bias": p[f"b_y{j}"],
        }
    return {name: np.array(array, np.float32, order="C") for name, array in found.items()}


def _ordered(cell: str, array: Array) -> Array:
    if cell not in ORDER:
        return array
    gates = np.split(array, len(ORDER[cell]))
    return np.concatenate([gates[k] for k in ORDER[cell]])


def code(network: Network, file: str, form: str) -> str:
    """Return lines of Python that load a file and run the network. form: a row of LOADERS."""
    imports, load = LOADERS[form]
    sizes = f"{network.embedding or network.m}, {network.n}, num_layers={network.layers}"
    if network.embedding:
        enter = 'torch.nn.functional.embedding(ids, p["embedding.weight"])'
    else:
        enter = f"torch.nn.functional.one_hot(ids, {network.m}).float()"
    output = SOFTMAX
    if network.cutoffs:
        first, clusters = network.cutoffs[0], len(network.cutoffs)
        output = ADAPTIVE.format(first=first, clusters=clusters, cluster=CLUSTER.format(first=first))
    written = CODE.format(
        imports=imports,
        about=repr(f"{file}.json"),
        load=load.format(file=repr(file)),
        module=MODULES[network.cell].format(sizes=sizes),
        enter=enter,
        output=output,
    )
    if network.cutoffs:
        line = '    head = torch.log_softmax(s @ p["output.head.weight"].T + p["output.head.bias"], -1)\n'
        written = written.replace("    return torch.cat", f"{line}    return torch.cat")
    return written


def torch_file(model: LanguageModel) -> bytes:
    """Return the file of a state dict. Raises UsageError where PyTorch is missing."""
    try:
        import torch
    except ImportError as error:
        raise UsageError("--to torch needs PyTorch: pip install 'rnn-cli[torch]'") from error
    tensors = {name: torch.from_numpy(array) for name, array in state_dict(model.network, model.p).items()}
    written = io.BytesIO()
    torch.save(tensors, written)
    return written.getvalue()


def safetensors_file(model: LanguageModel) -> bytes:
    """Return the file of a state dict as safetensors. Raises UsageError where the library is missing."""
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise UsageError("--to safetensors needs its library: pip install 'rnn-cli[safetensors]'") from error
    written: bytes = save(state_dict(model.network, model.p), metadata={"format": "pt"})
    return written


def about(model: LanguageModel) -> dict[str, Any]:
    """Return what the weights do not say, as JSON: tokens by id, how text is split, the network's choices."""
    lexicon, network = model.lexicon, model.network
    return {
        "tokens": [model.spell(id) for id in range(network.m)],
        "tokenizer": {"name": lexicon.tokenizer.name, **lexicon.tokenizer.settings},
        "carry_state": model.carry_state,
        "cell": network.cell,
        "hidden": network.n,
        "layers": network.layers,
        "embedding": network.embedding,
        "cutoffs": network.cutoffs,
    }
