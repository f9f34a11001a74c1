"""One step of a language model as an ONNX graph: from a token and the states to log o_t and the new
states."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_cli.errors import UsageError
from rnn_cli.models.language_model import LanguageModel
from rnn_cli.network.arrays import Array, Parameters
from rnn_cli.network.cells import CELLS
from rnn_cli.network.network import Network
from rnn_cli.network.outputs import OUTPUTS
from rnn_cli.network.outputs.clusters import clusters

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
    """Nodes and constants, collected as they are added. Results get generated names unless named."""

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
        """Split the last axis into equal parts."""
        names = [f"part {k} of {whole}" for k in range(parts)]
        self.nodes.append(self._onnx.helper.make_node("Split", [whole], names, axis=-1))
        return names

    def cut(self, whole: str, lengths: Sequence[int]) -> list[str]:
        """Split the last axis into parts of these lengths."""
        names = [f"part {k} of {whole}" for k in range(len(lengths))]
        given = [whole, self.constant(np.array(lengths), f"lengths of {whole}")]
        self.nodes.append(self._onnx.helper.make_node("Split", given, names, axis=-1))
        return names


def onnx_file(model: LanguageModel) -> bytes:
    """Return the file's bytes. Raises UsageError if onnx is missing."""
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
    HEADS[network.output](graph, network, p, h)


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


def _softmax(graph: Graph, network: Network, p: Parameters, s: str) -> None:
    graph("LogSoftmax", _affine(graph, p, s, "V", "b_y"), name="log_o", axis=-1)


def _classes(graph: Graph, network: Network, p: Parameters, s: str) -> None:
    lengths = [end - first for _, first, end in clusters(network.m, network.cutoffs)]
    own, *within = graph.cut(_product(graph, p, s, "V"), [network.cutoffs[0], *lengths])
    z = graph("Concat", own, _product(graph, p, s, "V_c"), axis=-1)
    head = _biased(graph, p, z, "b_y")
    _of_clusters(graph, network, head, [_biased(graph, p, z, f"b_y{j}") for j, z in enumerate(within, 1)])


def _adaptive(graph: Graph, network: Network, p: Parameters, s: str) -> None:
    within = []
    for j in range(1, len(network.cutoffs) + 1):
        within.append(_affine(graph, p, _product(graph, p, s, f"P{j}"), f"V{j}", f"b_y{j}"))
    _of_clusters(graph, network, _affine(graph, p, s, "V", "b_y"), within)


HEADS: dict[str, Any] = {"softmax": _softmax, "classes": _classes, "adaptive": _adaptive}
assert HEADS.keys() == OUTPUTS.keys()


def _of_clusters(graph: Graph, network: Network, head: str, within: list[str]) -> None:
    """Add log o_t, computed from the logits of the head and of each cluster."""
    log_head = graph("LogSoftmax", head, axis=-1)
    own, *entries = graph.cut(log_head, [network.cutoffs[0], *[1] * len(within)])
    parts = [
        graph("Add", graph("LogSoftmax", z, axis=-1), entry) for z, entry in zip(within, entries, strict=True)
    ]
    graph("Concat", own, *parts, name="log_o", axis=-1)


def _product(graph: Graph, p: Parameters, v: str, name: str) -> str:
    return graph("MatMul", v, graph.constant(p[name].T, f"{name} T"))


def _biased(graph: Graph, p: Parameters, z: str, name: str) -> str:
    return graph("Add", z, graph.constant(p[name], name))


def _affine(graph: Graph, p: Parameters, v: str, matrix: str, bias: str) -> str:
    return _biased(graph, p, _product(graph, p, v, matrix), bias)
