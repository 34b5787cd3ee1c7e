/* Walks down the charts of a descent: a slider of steps, play and pause, and where every run is, in words.
   It computes nothing: the steps and the lines come from the data. */
function mountDescent(root, data) {
  "use strict";
  const make = (name, parent, properties) => parent.appendChild(Object.assign(document.createElement(name), properties));
  const home = root.querySelector(".steps");
  const bar = make("div", home, { className: "bar" });
  const play = make("button", bar, { type: "button", textContent: data.words.play });
  const slider = make("input", bar, { type: "range", min: 0, max: data.steps.length - 1, step: 1 });
  const count = make("output", bar, {});
  const said = make("ul", home, { className: "said" });
  const lines = data.lines[0].map(() => make("li", said, {}));
  const dots = Array.from(root.querySelectorAll(".dot"), (dot) => ({ dot, step: Number(dot.dataset.step) }));
  const listeners = new AbortController();
  const on = (target, type, act) => target.addEventListener(type, act, { signal: listeners.signal });
  let at = data.steps.length - 1, timer = null;
  said.setAttribute("aria-live", "polite");

  function goTo(place) {
    at = Math.max(0, Math.min(data.steps.length - 1, place));
    const step = data.steps[at], words = data.words.position.replace("{step}", step);
    for (const one of dots) {
      one.dot.classList.toggle("ahead", one.step > step);
      one.dot.classList.toggle("now", one.step === step);
    }
    slider.value = at;
    slider.setAttribute("aria-label", words);
    slider.setAttribute("aria-valuetext", words);
    count.textContent = words;
    lines.forEach((line, run) => { line.textContent = data.lines[at][run]; });
    root.classList.add("stepping");
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = data.words.play;
    said.setAttribute("aria-live", "polite");
  }

  function start() {
    if (at === data.steps.length - 1) goTo(0);
    play.textContent = data.words.pause;
    said.setAttribute("aria-live", "off"); /* a line a step is more than anyone can listen to */
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    timer = setInterval(() => {
      goTo(at + 1);
      if (at === data.steps.length - 1) stop();
    }, calm ? 1500 : 350);
  }

  on(play, "click", () => (timer ? stop() : start()));
  on(slider, "input", () => { stop(); goTo(Number(slider.value)); });
  on(bar, "keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    stop();
    goTo(at + moves[event.key]);
  });
  goTo(at);
  return {
    goTo,
    get step() { return data.steps[at]; },
    steps: data.steps,
    destroy() { stop(); listeners.abort(); home.textContent = ""; root.classList.remove("stepping");
      for (const one of dots) one.dot.classList.remove("ahead", "now"); },
  };
}
