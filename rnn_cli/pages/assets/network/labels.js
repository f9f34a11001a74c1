// A network of labels, which it predicts from the states of a whole text, and from its n-grams.
//
//     h_1 … h_L = encoder(x)      s = pooling(h)         z = V s + b_y
//     w = κ/√N Σ_i G x_i + b_g                           o = output(λ z + (1 - λ) w), or output(z) without

const κ = 4;

const POOLINGS = {
  last: lastStates,
  max: (h) => vector(h[0].length, (k) => Math.max(...h.map((h_t) => h_t[k]))), //   max_t h_t
  mean: (h) => vector(h[0].length, (k) => h.reduce((sum, h_t) => sum + h_t[k], 0) / h.length), // 1/L Σ_t h_t
};

const LABELS = {
  softmax: (z) => logSoftmax(z).map(Math.exp), //                                   o = softmax(z)
  sigmoid: (z) => z.map(σ), //                                                       o = σ(z)
  score: (z) => z.map(σ),
};

class Classifier {
  // about: n, pooling, output and the settings of the encoder, as in the model file.
  constructor(about, p) {
    this.about = about;
    this.p = p;
    this.encoder = new Encoder(about, p);
  }

  // Return o for the ids of a text and the buckets of its n-grams: a number for each label, or the score from 0 to 1.
  probabilities(ids, buckets) {
    const { n, pooling, output } = this.about;
    const h = this.encoder.states(ids);
    const pooled = pooling.split("+").map((name) => POOLINGS[name](h, n));
    const z = affine(this.p.V, this.p.b_y, joined(pooled));
    if (!this.p.G) return LABELS[output](z);
    const w = plus(sumOf(this.p.G, buckets, κ / Math.sqrt(buckets.length)), this.p.b_g.values);
    const λ = this.p.mix.values[0];
    return LABELS[output](z.map((z_k, k) => λ * z_k + (1 - λ) * w[k]));
  }
}
