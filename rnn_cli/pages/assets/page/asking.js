// Questions to the worker, which runs the network.

const worker = new Worker(
  URL.createObjectURL(new Blob([byId("worker-source").textContent], { type: "text/javascript" })),
);
const asked = new Map();
let questions = 0;

worker.onmessage = ({ data: { id, isDone, error, ...answer } }) => {
  const { onPart, resolve, reject } = asked.get(id);
  if (isDone) asked.delete(id);
  if (error !== undefined) reject(new Error(error));
  else if (isDone) resolve(answer);
  else onPart(answer);
};

// Ask the worker a question of a kind in network/worker.js; resolve to its last answer. `onPart` gets the answers
// before that. A question that a newer one has ended is rejected with an empty message.
function ask(kind, question = {}, onPart = () => {}) {
  const id = ++questions;
  return new Promise((resolve, reject) => {
    asked.set(id, { onPart, resolve, reject });
    worker.postMessage({ id, kind, ...question });
  });
}

// Show an error, unless it only says that something newer was asked.
function trouble(error) {
  if (!error.message) return;
  byId("trouble").textContent = say("trouble", { error: error.message });
  byId("trouble").hidden = false;
}
