"""One step of a language model as an ONNX graph: a token and the states in, log o_t and the states out."""

from typing import Any

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.cells import CELLS
from rnn_cli.network.network import Network
from rnn_cli.network.outputs.adaptive import clusters

OPSET = 17
CODE = """import json
from pathlib import Path

import numpy as np
import onnxruntime

tokens = json.loads(Path({about}).read_text(encoding="utf-8"))["tokens"]  # by id
step = onnxruntime.InferenceSession({file})
states = {{given.name: np.zeros((1, {n}), np.float32) for given in step.get_inputs()[1:]}}  # s_0 = 0

def log_o(id):  # reads a token -> the logarithms of the next one's probabilities (m,); changes the states
    log_p, *after = step.run(None, {{"x": np.array([id]), **states}})
    states.update(zip(states, after))
    return log_p[0]

ids = {{token: id for id, token in enumerate(tokens)}}
for id in [0, *(ids.get(token, 2) for token in tokens[3:8])]:  # <start>, and any tokens
    print(tokens[id], "->", tokens[log_o(id).argmax()])
"""


class Graph:
    """Nodes and constants, as they are added. Names of results are made up unless they are given."""

    def __init__(self, onnx: Any):
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._onnx = onnx

    def constant(self, array: Array, name: str) -> str:
        """Add a constant; return its name."""
        self.constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def __call__(self, operation: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node with one result; return the result's name."""
        name = name or f"{operation} {len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operation, inputs, [name], **attributes))
        return name

    def split(self, whole: str, parts: int) -> list[str]:
        """Cut the last axis into equal parts."""
        names = [f"part {k} of {whole}" for k in range(parts)]
        self.nodes.append(self._onnx.helper.make_node("Split", [whole], names, axis=-1))
        return names


def onnx_file(model: LanguageModel) -> bytes:
    """Return the file. Raises UsageError where onnx is missing."""
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise UsageError("--to onnx needs its library: pip install 'rnn-cli[onnx]'") from error
    network, p = model.network, {name: np.asarray(array, np.float32) for name, array in model.p.items()}
    graph = Graph(onnx)
    _add_step(graph, network, p)
    float_, names = onnx.TensorProto.FLOAT, [*network.zero_state(1)]
    info = onnx.helper.make_tensor_value_info
    inputs = [info("x", onnx.TensorProto.INT64, ["batch"])]
    inputs += [info(name, float_, ["batch", network.n]) for name in names]
    outputs = [info("log_o", float_, ["batch", network.m])]
    outputs += [info(f"{name} after", float_, ["batch", network.n]) for name in names]
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "step", inputs, outputs, graph.constants),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        producer_name="rnn",
        ir_version=8,
    )
    onnx.checker.check_model(made)
    written: bytes = made.SerializeToString()
    return written


def code(network: Network, file: str) -> str:
    """Return lines of Python that load a file and run it."""
    return CODE.format(file=repr(file), about=repr(f"{file}.json"), n=network.n)


def _add_step(graph: Graph, network: Network, p: Parameters) -> None:
    input = network.input
    table = p["V"] if network.tie else p[input.table].T
    h = graph("Gather", graph.constant(table, "table"), "x", axis=0)
    for suffix in network.suffixes:
        if suffix or network.embedding:
            h = graph("MatMul", h, graph.constant(p[f"U{suffix}"].T, f"U{suffix} T"))
        a = graph("Add", h, graph.constant(p[f"b_a{suffix}"], f"b_a{suffix}"))
        Ws = graph("MatMul", f"s{suffix}", graph.constant(p[f"W{suffix}"].T, f"W{suffix} T"))
        h = STEPS[network.cell](graph, a, Ws, suffix)
    _add_output(graph, network, p, h)


def _simple(graph: Graph, a: str, Ws: str, suffix: str, g1: str) -> str:
    return graph(g1, graph("Add", a, Ws), name=f"s{suffix} after")


def _gru(graph: Graph, a: str, Ws: str, suffix: str) -> str:
    a_r, a_u, a_g = graph.split(a, 3)
    z_r, z_u, z_g = graph.split(Ws, 3)
    r = graph("Sigmoid", graph("Add", a_r, z_r))
    u = graph("Sigmoid", graph("Add", a_u, z_u))
    g = graph("Tanh", graph("Add", a_g, graph("Mul", r, z_g)))
    kept = graph("Mul", u, graph("Sub", f"s{suffix}", g))
    return graph("Add", kept, g, name=f"s{suffix} after")  # u_t (s_{t-1} - g_t) + g_t


def _lstm(graph: Graph, a: str, Ws: str, suffix: str) -> str:
    o, i, f, g = graph.split(graph("Add", a, Ws), 4)
    o, i, f, g = graph("Sigmoid", o), graph("Sigmoid", i), graph("Sigmoid", f), graph("Tanh", g)
    kept, let_in = graph("Mul", f, f"c{suffix}"), graph("Mul", i, g)
    c = graph("Add", kept, let_in, name=f"c{suffix} after")
    return graph("Mul", o, graph("Tanh", c), name=f"s{suffix} after")


STEPS: dict[str, Any] = {
    "tanh": lambda graph, a, Ws, suffix: _simple(graph, a, Ws, suffix, "Tanh"),
    "relu": lambda graph, a, Ws, suffix: _simple(graph, a, Ws, suffix, "Relu"),
    "gru": _gru,
    "lstm": _lstm,
}
assert STEPS.keys() == CELLS.keys()


def _add_output(graph: Graph, network: Network, p: Parameters, s: str) -> None:
    def logits(seen: str, j: str = "") -> str:
        product = graph("MatMul", seen, graph.constant(p[f"V{j}"].T, f"V{j} T"))
        return graph("Add", product, graph.constant(p[f"b_y{j}"], f"b_y{j}"))

    if not network.cutoffs:
        graph("LogSoftmax", logits(s), name="log_o", axis=-1)
        return
    head = graph("LogSoftmax", logits(s), axis=-1)
    first = network.cutoffs[0]
    own = graph.constant(np.arange(first), "tokens of the head")
    parts = [graph("Gather", head, own, axis=1)]
    for j, _, _ in clusters(network.m, network.cutoffs):
        entry = graph.constant(np.array([first + j - 1]), f"entry {j}")
        narrow = graph("MatMul", s, graph.constant(p[f"P{j}"].T, f"P{j} T"))
        inside = graph("LogSoftmax", logits(narrow, str(j)), axis=-1)
        parts.append(graph("Add", inside, graph("Gather", head, entry, axis=1)))
    graph("Concat", *parts, name="log_o", axis=1)
