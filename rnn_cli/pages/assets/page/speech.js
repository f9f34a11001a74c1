// The page's own words, in the reader's language.

const WORDS = data("words-data");
let language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

// Return the words of this name, with the values filled in.
function say(name, values = {}) {
  const text = WORDS[language][name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

// Put the words into the elements that refer to them by name.
function speak() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-say]"))
    element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll("[data-say-label]"))
    element.setAttribute("aria-label", say(element.dataset.sayLabel));
  for (const element of document.querySelectorAll("[data-say-placeholder]"))
    element.placeholder = say(element.dataset.sayPlaceholder);
  byId("language").textContent = say("other");
}

// Return how a token is shown on its own: white space as signs, and a word without the spaces around it.
function shown(id, token) {
  if (id === 0) return say("start");
  if (id === 1) return say("end");
  if (id === 2 && !token) return "<unk>";
  return token.trim() || token.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");
}
