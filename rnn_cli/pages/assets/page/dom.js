// The building blocks of the page. Text from the model or from a reader only ever becomes a text node.

const byId = (id) => document.getElementById(id);
const data = (id) => JSON.parse(byId(id).textContent);

const SVG = "http://www.w3.org/2000/svg";
const SVG_NAMES = new Set(["svg", "g", "path", "rect", "circle", "line", "text"]);

// Return children as one list, without the null ones; they may be in nested arrays.
const pieces = (children) => children.flat(Infinity).filter((child) => child !== null);

// Return an element. `attributes` may hold listeners (onclick), and numbers for the style sheet (--share).
function make(name, attributes = {}, ...children) {
  const element = SVG_NAMES.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("--")) element.style.setProperty(key, value);
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...pieces(children));
  return element;
}

const fill = (element, ...children) => element.replaceChildren(...pieces(children));

const digits = (value, count = 2) => value.toFixed(count).replace("-", "−");
const share = (log) => (log > Math.log(0.00095) ? `${(100 * Math.exp(log)).toFixed(1)} %` : "< 0.1 %");

// Return a formula with its letters in italics: "s_t = g_{t-1} x^2".
function formula(text) {
  const found = text
    .replaceAll("-", "−")
    .matchAll(/([_^])(?:\{([^}]*)\}|(\S))|([A-Za-zσΣ]{3,})|([A-Za-zσ])|([^_^A-Za-zσ]+)/gu);
  return make(
    "span",
    { class: "formula" },
    Array.from(found, ([, kind, group, single, word, letter, rest]) => {
      if (kind) return make(kind === "_" ? "sub" : "sup", {}, group ?? single);
      return letter ? make("i", {}, letter) : (word ?? rest);
    }),
  );
}
