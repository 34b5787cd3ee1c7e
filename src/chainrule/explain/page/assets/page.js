"use strict";
/* The whole page: one player for each language, of which one is shown; the theme; the training. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const halves = Array.from(document.querySelectorAll("[data-lang]"));
  const players = new Map();
  let lang = document.documentElement.lang;

  function shown() { return halves.find((half) => half.dataset.lang === lang); }

  function mount(place) {
    const half = shown();
    if (players.has(lang)) players.get(lang).place = place;
    else {
      const player = mountPlayer(half.querySelector(".player"), data.fragments[lang], place);
      players.set(lang, player);
      const training = half.querySelector(".descent");
      if (training && data.descents) mountDescent(training, data.descents[lang]);
    }
  }

  for (const notice of document.querySelectorAll(".notice")) notice.remove();

  for (const button of document.querySelectorAll("[data-do=theme]"))
    button.addEventListener("click", () => {
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
      document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    });

  for (const button of document.querySelectorAll("[data-do=language]"))
    button.addEventListener("click", () => {
      const { place } = players.get(lang);
      players.get(lang).stop();
      shown().hidden = true;
      lang = halves.find((half) => half.dataset.lang !== lang).dataset.lang;
      document.documentElement.lang = lang;
      shown().hidden = false;
      document.title = shown().querySelector("h1").textContent;
      mount(place);
      shown().querySelector("[data-do=language]").focus();
    });

  /* The keys work from anywhere on the page, its header too; there the space bar presses the button. */
  document.addEventListener("keydown", (event) => {
    const header = event.target.closest("header") && event.key !== " ";
    if (event.defaultPrevented || !(header || event.target === document.body)) return;
    const again = new KeyboardEvent("keydown", event);
    shown().querySelector(".player").dispatchEvent(again);
    if (again.defaultPrevented) event.preventDefault();
  });

  mount();
  window.chainrule = { players, get player() { return players.get(lang); } };
})();
