// A network of labels: the states of a whole text, pooled, and from them the probabilities of labels.
//
//     h_1 … h_L = encoder(x)      s = pooling(h), g      o = output(V s + b_y)

const POOLINGS = {
  last: lastStates,
  max: (h) => vector(h[0].length, (k) => Math.max(...h.map((h_t) => h_t[k]))), //   max_t h_t
  mean: (h) => vector(h[0].length, (k) => h.reduce((sum, h_t) => sum + h_t[k], 0) / h.length), // 1/L Σ_t h_t
};

const LABELS = {
  softmax: (z) => logSoftmax(z).map(Math.exp), //                                   o = softmax(V s + b_y)
  sigmoid: (z) => z.map(σ), //                                                       o = σ(V s + b_y)
  score: (z) => z.map(σ),
};

class Classifier {
  // about: n, pooling and output besides what the encoder needs, as in the model file.
  constructor(about, p) {
    this.about = about;
    this.p = p;
    this.encoder = new Encoder(about, p);
  }

  // Return o for the ids of a text and the buckets of its n-grams: of each label, or the score from 0 to 1.
  probabilities(ids, buckets) {
    const { n, pooling, output } = this.about;
    const h = this.encoder.states(ids);
    const pooled = pooling.split("+").map((name) => POOLINGS[name](h, n));
    const s = joined(this.p.G ? [...pooled, meanOf(this.p.G, buckets)] : pooled);
    return LABELS[output](affine(this.p.V, this.p.b_y, s));
  }
}
