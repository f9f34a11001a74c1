// From one sequence to another: an encoder reads a source, and a decoder with attention to it writes a target.
//
//     h_1 … h_S = encoder(x)                   s_0 = tanh(F v + b_f)          v: the last states of the encoder
//     s_t = decoder(y_{t-1}, s_{t-1})          α_t = softmax(e_t)
//     c_t = Σ_i α_ti h_i                       z_t = tanh(K (c_t, s_t) + b_k)    o_t = output(z_t)

const DECODER = "_dec"; // ends the names of the decoder's parameters

// `prepare` computes once what is needed of the encoder's states; `compare` computes e_ti from that and s_t.
const ATTENTIONS = {
  luong: {
    prepare: (p, h) => h.map((h_i) => times(p.A, h_i)), //                       e_ti = s_t · A h_i / √n
    compare: (p, s, Ah) => Ah.map((Ah_i) => dot(s, Ah_i) / Math.sqrt(s.length)),
  },
  bahdanau: {
    prepare: (p, h) => h.map((h_i) => times(p.D, h_i)), //                       e_ti = a · tanh(A s_t + D h_i)
    compare(p, s, Dh) {
      const As = times(p.A, s);
      return Dh.map((Dh_i) => dot(p.a.values, plus(As, Dh_i).map(Math.tanh)));
    },
  },
};

class EncoderDecoder {
  // about: `decoder`, `attention` and the settings of the encoder, as in the model file.
  constructor(about, p) {
    this.about = about;
    this.p = p;
    const own = Object.entries(p).filter(([name]) => name.endsWith(DECODER));
    this.encoder = new Encoder(about, p);
    this.decoder = new Network(
      about.decoder,
      Object.fromEntries(own.map(([name, A]) => [name.slice(0, -DECODER.length), A])),
    );
    this.attention = ATTENTIONS[about.attention];
  }

  // Return what the decoder's steps need of a source, and the decoder's first state.
  begin(ids) {
    const h = this.encoder.states(ids);
    const s_0 = affine(this.p.F, this.p.b_f, lastStates(h, this.about.n)).map(Math.tanh);
    return { memory: { h, prepared: this.attention.prepare(this.p, h) }, layers: this.decoder.first(s_0) };
  }

  // Return log o_t after a token x, the attention, and the decoder's layers after this step.
  step(x, before, { h, prepared }) {
    const layers = this.decoder.advance(x, before);
    const s = layers.at(-1).s;
    const α = logSoftmax(Float64Array.from(this.attention.compare(this.p, s, prepared))).map(Math.exp);
    const c = new Float64Array(h[0].length);
    h.forEach((h_i, i) => h_i.forEach((h_ik, k) => (c[k] += α[i] * h_ik)));
    const z = affine(this.p.K, this.p.b_k, joined([c, s])).map(Math.tanh);
    return { log: OUTPUTS[this.about.decoder.output].log(this.decoder.p, z, this.about.decoder), α, layers };
  }
}
