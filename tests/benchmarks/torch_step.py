"""PyTorch's side of throughput.py: prints tokens/s of one training step of its RNN, GRU or LSTM layer.

    python torch_step.py tanh|gru|lstm onehot|embedding HIDDEN VOCAB BATCH BPTT SECONDS

A step is the same as rnn's: forward, cross-entropy, backward, clipping by norm, Adam, state carried on.
`onehot` is rnn's mathematics; `embedding` first looks up a vector of the hidden size.
"""

import sys
import time

import torch
from torch.nn import functional

LAYERS = {"tanh": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def main() -> None:
    (cell, form), (n, m, B, T), seconds = sys.argv[1:3], map(int, sys.argv[3:7]), float(sys.argv[7])
    torch.manual_seed(0)
    layers = torch.nn.ModuleDict(
        {
            "input": torch.nn.Embedding(m, n if form == "embedding" else 1),
            "recurrent": LAYERS[cell](n if form == "embedding" else m, n),
            "output": torch.nn.Linear(n, m),
        }
    )
    optimizer = torch.optim.Adam(layers.parameters(), 1e-3)
    tokens = torch.randint(m, (50, T, B))
    state = None
    steps, began = 0, 0.0
    while steps < 8 or time.perf_counter() - began < seconds:
        if steps == 5:  # the first few are a warm-up
            began = time.perf_counter()
        x, y = tokens[steps % 49], tokens[steps % 49 + 1]
        v = layers["input"](x) if form == "embedding" else functional.one_hot(x, m).float()
        states, state = layers["recurrent"](v, state)
        state = tuple(s.detach() for s in state) if cell == "lstm" else state.detach()
        loss = functional.cross_entropy(layers["output"](states).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(layers.parameters(), 1.0)
        optimizer.step()
        steps += 1
    print((steps - 5) * T * B / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
