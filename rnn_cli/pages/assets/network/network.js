// The network: a step through its layers.

class Network {
  // about: m, n, cell, output, layers, input and cutoffs, as in the model file. p: the parameters by name.
  // s_0: the first states of all layers, joined into one vector; null for 0.
  constructor(about, p, s_0 = null) {
    this.about = about;
    this.p = p;
    this.cell = CELLS[about.cell];
    this.input = INPUTS[about.input];
    this.s_0 = s_0;
    this.suffixes = Array.from({ length: about.layers }, (_, k) => (k ? String(k + 1) : ""));
  }

  // Return the first state of each layer.
  first(s_0 = this.s_0) {
    const { n } = this.about;
    let at = 0;
    const next = () => (s_0 ? s_0.subarray(at, (at += n)) : new Float64Array(n));
    return this.suffixes.map(() => Object.fromEntries(this.cell.state.map((name) => [name, next()])));
  }

  // Return what each layer computes for a token x. It is also the state that the next step begins with.
  advance(x, before) {
    let h = this.input.vector(this.p, x);
    return this.suffixes.map((suffix, layer) => {
      const [U, W, b_a] = ["U", "W", "b_a"].map((name) => this.p[name + suffix]);
      const a = layer ? plus(times(U, h), b_a.values) : this.input.enter(this.p, x, h);
      const Ws = times(W, before[layer].s);
      const values = { h, a, Ws, ...this.cell.step(a, Ws, before[layer]) };
      h = values.s;
      return values;
    });
  }

  // Return log o_t, the logarithm of each token's probability. layers: what `advance` returned.
  log(layers) {
    return OUTPUTS[this.about.output].log(this.p, layers.at(-1).s, this.about);
  }
}
