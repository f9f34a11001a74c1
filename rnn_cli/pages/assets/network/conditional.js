// Text from a label: a language model with a second input, the label's vector l.
//
//     l = L x_label        s_0 = tanh(F l + b_f)        a_t = U h_t + Q l + b_a, of the first layer

class Conditional {
  // about: the settings of the language model, as in the model file.
  constructor(about, p) {
    this.about = about;
    this.p = p;
  }

  // Return the language model for texts of a label: its b_a includes Q l, and its s_0 is not 0.
  of(label) {
    const { L, Q, F, b_f } = this.p;
    const l = column(L, label);
    const s_0 = affine(F, b_f, l).map(Math.tanh);
    const b_a = { ...this.p.b_a, values: plus(this.p.b_a.values, times(Q, l)) };
    return Object.assign(new Network(this.about, { ...this.p, b_a }, s_0), { l });
  }
}
