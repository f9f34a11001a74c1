"""A language model in PyTorch's form: the names and the order of its modules, and code that loads and runs
it.

    tanh, relu   nn.RNN    W_ih = U, W_hh = W, b_ih = b_a, b_hh = 0
    lstm         nn.LSTM   the same, with the gates in the order i, f, g, o; here it is o, i, f, g
    gru          nn.GRU    the same, with the gates in the order r, z, n, which here are r, u, g

PyTorch's gru differs from this package's only in a second bias of the candidate, which r_t multiplies: n_t =
tanh(W_in x_t + b_in + r_t (W_hn h + b_hn)). Here b_hn is 0, like all of b_hh.
"""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.outputs.clusters import clusters

ORDER = {"lstm": (1, 2, 3, 0)}  # the place of each of PyTorch's gates among ours
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
{output}

ids = {{token: id for id, token in enumerate(tokens)}}
x = torch.tensor([0, *(ids.get(token, 2) for token in tokens[3:8])])  # <start>, and any tokens
with torch.no_grad():
    log_p, state = log_o(x)
for token, after in zip(x, log_p.argmax(1)):
    print(tokens[token], "->", tokens[after])
"""
SOFTMAX = """    return torch.log_softmax(s @ p["output.weight"].T + p["output.bias"], -1), state"""
CLASSES = """    z = s @ p["output.weight"].T + p["output.bias"]
    z_c = s @ p["output.classes.weight"].T + p["output.classes.bias"]
    head = torch.log_softmax(torch.cat([z[:, :{first}], z_c], -1), -1)
    log_p = [head[:, :{first}]]
    for j, z_j in enumerate(z[:, {first}:].split({lengths}, -1)):
        log_p.append(head[:, {first} + j, None] + torch.log_softmax(z_j, -1))
    return torch.cat(log_p, -1), state"""
ADAPTIVE = """    head = torch.log_softmax(s @ p["output.head.weight"].T + p["output.head.bias"], -1)
    log_p = [head[:, :{first}]]
    for j in range({clusters}):
        t = f"output.tail.{{j}}"
        z_j = s @ p[f"{{t}}.project.weight"].T @ p[f"{{t}}.weight"].T + p[f"{{t}}.bias"]
        log_p.append(head[:, {first} + j, None] + torch.log_softmax(z_j, -1))
    return torch.cat(log_p, -1), state"""


def state_dict(network: Network, p: Parameters) -> dict[str, Array]:
    """Return the parameters with PyTorch's names and in its order."""
    found: dict[str, Array] = {}
    if network.embedding:
        found["embedding.weight"] = p["V"] if network.tie else p["C"].T
    for layer, suffix in enumerate(network.suffixes):
        for ours, theirs in (("U", "weight_ih"), ("W", "weight_hh"), ("b_a", "bias_ih")):
            found[f"rnn.{theirs}_l{layer}"] = _ordered(network.cell, p[ours + suffix])
        found[f"rnn.bias_hh_l{layer}"] = np.zeros_like(p["b_a" + suffix])
    found |= HEADS[network.output].arrays(network, p)
    return {name: np.array(array, np.float32, order="C") for name, array in found.items()}


def _of_softmax(network: Network, p: Parameters) -> dict[str, Array]:
    return {"output.weight": p["V"], "output.bias": p["b_y"]}


def _of_classes(network: Network, p: Parameters) -> dict[str, Array]:
    own, of_classes = np.split(p["b_y"], [network.cutoffs[0]])
    within = [p[f"b_y{j}"] for j, _, _ in clusters(network.m, network.cutoffs)]
    return {
        "output.weight": p["V"],
        "output.bias": np.concatenate([own, *within]),
        "output.classes.weight": p["V_c"],
        "output.classes.bias": of_classes,
    }


def _of_adaptive(network: Network, p: Parameters) -> dict[str, Array]:
    found = {"output.head.weight": p["V"], "output.head.bias": p["b_y"]}
    for j, _, _ in clusters(network.m, network.cutoffs):
        tail = f"output.tail.{j - 1}"
        found |= {
            f"{tail}.project.weight": p[f"P{j}"],
            f"{tail}.weight": p[f"V{j}"],
            f"{tail}.bias": p[f"b_y{j}"],
        }
    return found


class Head(NamedTuple):
    """How to export an output layer.

    arrays: (network, p) -> its parameters by PyTorch's names. lines: the end of CODE's function, from s to
    log o_t.
    """

    arrays: Callable[[Network, Parameters], dict[str, Array]]
    lines: str


HEADS = {
    "softmax": Head(_of_softmax, SOFTMAX),
    "classes": Head(_of_classes, CLASSES),
    "adaptive": Head(_of_adaptive, ADAPTIVE),
}
assert HEADS.keys() == OUTPUTS.keys()


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
    lengths = [end - first for _, first, end in clusters(network.m, network.cutoffs)]
    first = network.cutoffs[0] if network.cutoffs else network.m
    return CODE.format(
        imports=imports,
        about=repr(f"{file}.json"),
        load=load.format(file=repr(file)),
        module=MODULES[network.cell].format(sizes=sizes),
        enter=enter,
        output=HEADS[network.output].lines.format(first=first, lengths=lengths, clusters=len(lengths)),
    )


def torch_file(model: LanguageModel) -> bytes:
    """Return the bytes of a state dict file. Raises UsageError if PyTorch is missing."""
    try:
        import torch
    except ImportError as error:
        raise UsageError("--to torch needs PyTorch: pip install 'rnn-cli[torch]'") from error
    tensors = {name: torch.from_numpy(array) for name, array in state_dict(model.network, model.p).items()}
    written = io.BytesIO()
    torch.save(tensors, written)
    return written.getvalue()


def safetensors_file(model: LanguageModel) -> bytes:
    """Return the bytes of a state dict file in safetensors format. Raises UsageError if the library is
    missing."""
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise UsageError("--to safetensors needs its library: pip install 'rnn-cli[safetensors]'") from error
    written: bytes = save(state_dict(model.network, model.p), metadata={"format": "pt"})
    return written


def about(model: LanguageModel) -> dict[str, Any]:
    """Return what the weights lack, as JSON: tokens by id, how text is split, the network's choices."""
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
