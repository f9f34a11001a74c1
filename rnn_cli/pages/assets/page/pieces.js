// Pieces that several parts of the page show: tokens, bars, strips of numbers.

const DARKEST = 8; // nats at which a token has the darkest shade
const PAUSE = 150; // milliseconds after a key press before a text is read
const heatOf = (E) => (E === null ? 0 : Math.min(1, Math.max(0, E) / DARKEST));

// Tokens shown as a text in which one moves by pointer or by arrow keys. items: {id, token, E, note}.
// onPoint(k) is called for a token that is pointed at or has the focus, onChoose(k) for one that is clicked. A click
// holds the token, so that the pointer can leave it; another click lets it go.
class TokenText {
  constructor(element, { onPoint, onChoose = onPoint, separator = "" }) {
    Object.assign(this, {
      element,
      onPoint,
      onChoose,
      separator,
      spans: [],
      current: -1,
      held: -1,
    });
    element.addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["mouseover", "focusin"]) element.addEventListener(kind, (event) => this.point(event));
    element.addEventListener("click", (event) => this.point(event, true));
  }

  clear() {
    this.spans = [];
    this.current = this.held = -1;
    fill(this.element);
  }

  add(items) {
    for (const { id, token, E, note } of items) {
      const k = this.spans.length;
      const isLast = id === 1 || token === "\n";
      const text = id === 0 ? "▸" : isLast ? "↵" : token;
      const cost = E === null ? "" : `, ${digits(E)} ${say("nats_short")}`;
      const span = make(
        "span",
        {
          class: `token${id === 0 ? " sign" : isLast ? " sign end" : id === 2 ? " unknown" : ""}`,
          role: "button",
          tabindex: k ? "-1" : "0",
          "aria-label": shown(id, token) + cost,
          "data-k": String(k),
          "--heat": String(heatOf(E)),
        },
        text,
        note ? make("small", {}, note) : null,
      );
      this.spans.push(span);
      this.element.append(span, isLast ? make("br") : this.separator);
    }
  }

  // Shade the tokens by numbers from -1 to 1.
  shade(values) {
    this.spans.forEach((span, k) => {
      span.style.setProperty("--heat", String(Math.min(1, Math.abs(values[k] ?? 0))));
      span.classList.toggle("below", values[k] < 0);
    });
  }

  point(event, isChosen = false) {
    const span = event.target.closest?.(".token");
    if (!span) return;
    const k = Number(span.dataset.k);
    if (event.type === "mouseover" && this.held >= 0) return;
    if (isChosen) this.held = this.held === k ? -1 : k;
    this.mark(k);
    (isChosen ? this.onChoose : this.onPoint)(k);
  }

  mark(k) {
    const before = this.spans[this.current] ?? this.spans[0];
    before?.classList.remove("current");
    this.spans.forEach((span, place) => span.classList.toggle("held", place === this.held));
    before?.setAttribute("tabindex", "-1");
    this.current = k;
    this.spans[k]?.classList.add("current");
    this.spans[k]?.setAttribute("tabindex", "0");
  }

  letGo() {
    this.held = -1;
    this.mark(this.current);
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
    if (step) {
      const k = Math.max(0, Math.min(this.spans.length - 1, this.current + step));
      this.spans[k]?.focus();
    } else if (event.key === "Enter" || event.key === " ") this.point(event, true);
    else if (event.key === "Escape") this.letGo();
    else return;
    event.preventDefault();
  }
}

// Return bars for tokens with the logarithms of their probabilities; the likeliest has the full length, if it has a
// probability of 0.2 or more. With onChoose(id) they are buttons.
function bars(
  rows,
  tokenOf,
  { onChoose = null, isChosen = () => false, value = share, width = null, spell = null } = {},
) {
  const full = Math.max(0.2, ...rows.map(([, log]) => Math.exp(log)));
  return make(
    "ol",
    { class: "bars" },
    rows.map(([id, log]) => {
      const name = spell ? spell(id) : shown(id, tokenOf(id));
      const content = [
        make("span", { class: "name" }, name),
        make("span", {
          class: "bar",
          "--share": String(Math.max(0, width ? width(log) : Math.exp(log) / full)),
        }),
        make("span", { class: "value" }, value(log)),
      ];
      const label = onChoose && !spell ? say("go_on", { token: name }) : name;
      const body = onChoose
        ? make(
            "button",
            {
              type: "button",
              "aria-label": `${label}, ${value(log)}`,
              title: label,
              onclick: () => onChoose(id),
            },
            content,
          )
        : make("span", { class: "row" }, content);
      return make("li", { class: isChosen(id) ? "chosen" : null }, body);
    }),
  );
}

// Return a vector as a strip of colours, warm above 0 and cool below. `scale` is the number with full colour.
function strip(name, v, scale = Math.max(1e-9, ...Array.from(v, Math.abs))) {
  const canvas = make("canvas", { width: String(v.length), height: "1", role: "img" });
  const [least, most] = [Math.min(...v), Math.max(...v)].map((value) => digits(value));
  canvas.setAttribute("aria-label", say("strip", { name, count: v.length, least, most }));
  const image = new ImageData(v.length, 1);
  v.forEach((value, k) => {
    const colour = value < 0 ? [46, 120, 190] : [214, 106, 40];
    image.data.set([...colour, 255 * Math.min(1, Math.abs(value) / scale)], 4 * k);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  const reading = make("span", { class: "reading" }, `${least} … ${most}`);
  canvas.addEventListener("pointermove", (event) => {
    const k = Math.min(
      v.length - 1,
      Math.max(0, Math.floor((event.offsetX / canvas.clientWidth) * v.length)),
    );
    reading.textContent = `[${k}] ${digits(v[k], 3)}`;
  });
  canvas.addEventListener("pointerleave", () => (reading.textContent = `${least} … ${most}`));
  return make("span", { class: "heat" }, canvas, reading);
}

// Show what the colours of a text mean: surprise, or numbers on both sides of 0.
function legend(element, from = null, to = null, hasBoth = from !== null) {
  const ramp = make("span", { class: hasBoth ? "ramp both" : "ramp", "aria-hidden": "true" });
  fill(element, from ?? say("legend"), ramp, to ?? say("legend_end"));
}
