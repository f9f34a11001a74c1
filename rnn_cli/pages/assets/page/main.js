// The page: loads the model in the worker, then shows the first part.

const PARTS = {
  label: labelling,
  tag: tagging,
  translate: translating,
  write: writing,
  look: looking,
  learn: learning,
  trained: telling,
  words: mapping,
};

// Show a part, and start it if it has not been shown yet.
function show(name) {
  for (const [other, part] of Object.entries(PARTS)) {
    const tab = byId(`tab-${other}`);
    tab.setAttribute("aria-selected", String(other === name));
    tab.tabIndex = other === name ? 0 : -1;
    byId(other).hidden = other !== name;
    if (other !== name) continue;
    if (!part.isStarted) part.start(about);
    part.isStarted = true;
    choosing.show(about, part);
    part.render();
  }
}

function render() {
  speak();
  byId("facts").textContent = facts().join(" · ");
  for (const part of Object.values(PARTS)) if (part.isStarted) part.render();
}

// Return a description of the network, in words.
function facts() {
  const { cell, n, m, layers, embedding, input, output, bidirectional } = about.network;
  return [
    bidirectional ? say("bidirectional") : null,
    layers > 1 ? say("layers", { layers, cell }) : cell,
    say("hidden", { n }),
    input === "one_hot" ? null : say(input, { embedding }),
    say("vocabulary", { m: m.toLocaleString() }),
    ["classes", "adaptive"].includes(output) ? say(output) : null,
    say("parameters", { parameters: about.parameters.toLocaleString() }),
    say(about.isExact ? "float32" : "rounded"),
  ].filter((fact) => fact);
}

function tabs() {
  const names = about.parts;
  for (const name of Object.keys(PARTS)) byId(`tab-${name}`).hidden = !names.includes(name);
  for (const name of names) byId(`tab-${name}`).addEventListener("click", () => show(name));
  document.querySelector("nav").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const k = names.findIndex((name) => byId(`tab-${name}`) === document.activeElement);
    const name = names[(k + step + names.length) % names.length];
    show(name);
    byId(`tab-${name}`).focus();
  });
}

const about = data("about-data");
about.tokenOf = (id) => about.lexicon.tokens[id - 3] ?? "";
byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  render();
});
tabs();
choosing.start(about, Object.values(PARTS));
render();
ask("load", { packed: data("packed-data"), about: data("about-data") })
  .finally(() => byId("loading").remove())
  .then(() => show(about.parts[0]))
  .then(() => (document.documentElement.dataset.ready = String(Math.round(performance.now()))))
  .catch(trouble);
