// The label for which a model of texts from labels reads and writes: one choice, shared by several parts.

const choosing = {
  start(about, parts) {
    if (about.label === undefined) return;
    fill(
      byId("label-of"),
      about.labels.map((label, id) => make("option", { value: String(id), selected: id === about.label }, label)),
    );
    byId("label-of").addEventListener("input", () => {
      about.label = Number(byId("label-of").value);
      for (const part of parts) if (part.isStarted) part.renew?.();
    });
  },

  // Show the choice with the parts that it affects.
  show(about, part) {
    byId("choose").hidden = about.label === undefined || !part.renew;
  },
};
