// The worker, which runs the network, so that the page never waits for it. A question is {id, kind, of, ...}, an
// answer {id, ...}; `isDone` marks the last one. A new question ends an older one of the same kind and `of`.

const MOMENT = 30; // milliseconds between two answers

const NETWORKS = {
  language: Network,
  generate: Conditional,
  classify: Classifier,
  rate: Classifier,
  tag: Tagger,
  translate: EncoderDecoder,
};

let model = null; // {network, lexicon, target, about}
const latest = {};

const GENERAL = {
  async load({ packed, about }) {
    model = {
      network: new NETWORKS[about.task](about.network, await unpack(packed)),
      lexicon: new Lexicon(about.lexicon),
      target: about.target && new Lexicon(about.target),
      about,
    };
    return {};
  },

  // Return the tokens whose vectors have the most similar direction, with their cosines.
  async neighbours({ token }) {
    const { network, lexicon } = model;
    const { vectors } = model.about;
    const at = (id) => (vectors === "V" ? row : column)(network.p[vectors], id);
    const own = at(lexicon.id(token));
    const cosine = vector(lexicon.about.tokens.length + SPECIAL, (id) => {
      const other = id < SPECIAL || id === lexicon.id(token) ? null : at(id);
      return other ? dot(own, other) / Math.sqrt(dot(own, own) * dot(other, other) || 1) : -Infinity;
    });
    return { near: likeliest(cosine).filter(([, cosine]) => cosine > -Infinity) };
  },
};

const kinds = { ...GENERAL, ...OF_LANGUAGE, ...OF_SEQUENCES };

self.onmessage = async ({ data: { id, kind, of = "", ...asked } }) => {
  latest[kind + of] = id;
  let said = performance.now();
  const over = {};
  // Send the answer so far, once every MOMENT, and let a newer question come in, which ends this one.
  const more = async (answer) => {
    if (performance.now() - said < MOMENT) return false;
    self.postMessage({ id, ...answer });
    await new Promise((resolve) => setTimeout(resolve));
    said = performance.now();
    if (latest[kind + of] !== id) throw over;
    return true;
  };
  try {
    self.postMessage({ id, ...(await kinds[kind](asked, more)), isDone: true });
  } catch (error) {
    self.postMessage({ id, error: error === over ? "" : String(error), isDone: true });
  }
};
