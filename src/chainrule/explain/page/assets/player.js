"use strict";
/* Walks through a picture: at each step it lights what Python has said belongs to it.
   It computes nothing: every number, line and word comes from the data. */
function mountPlayer(root, data, start) {
  const all = (selector, within) => Array.from((within || root).querySelectorAll(selector));
  const one = (selector) => root.querySelector(selector);
  const words = data.words;
  const total = data.steps.length;
  const stage = one(".stage"), written = one(".written"), said = one(".said"), range = one("input[type=range]");
  const count = one(".count"), panel = one(".details"), trail = one(".trail"), play = one("[data-do=play]");
  const listeners = new AbortController();
  const on = (target, type, act) => target.addEventListener(type, act, { signal: listeners.signal });
  let step = 0, view = 0, timer = null;

  /* Every drawing, the first on the stage, the others in their own folds until they are opened. */
  const drawings = all("svg.graph").map((svg) => {
    const ids = (element) => element.dataset.variables.split(" ").map(Number);
    const links = (element) => (element.dataset.links || "").split(" ").filter(Boolean);
    return {
      svg,
      boxes: all(".box", svg).map((element) => ({
        element, ids: ids(element), value: element.querySelector(".value"),
        gradient: element.querySelector(".gradient"),
        full: element.querySelector(".value") && element.querySelector(".value").textContent,
      })),
      arrows: all(".arrow", svg).map((element) => ({ element, links: links(element) })),
      labels: all(".label", svg).map((element) => ({
        element, link: element.dataset.links, local: element.querySelector(".local"),
        flow: element.querySelector(".flow"),
      })),
    };
  });

  /* The last of `entries`, pairs of a step and a text, that is not after step `at`. */
  function latest(entries, at) {
    let text = null;
    for (const [when, what] of entries || []) {
      if (when > at) break;
      text = what;
    }
    return text;
  }

  const put = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
  const since = (table, key) => (key in table ? table[key] : Infinity);

  function paint() {
    const now = data.steps[step], lit = new Set(now.links);
    const values = new Set(now.values), gradients = new Set(now.gradients);
    const { boxes, arrows, labels } = drawings[view];
    let seen = null;
    for (const box of boxes) {
      const id = box.ids[0], single = box.ids.length === 1;
      const has = (set) => box.ids.some((each) => set.has(each));
      const here = box.ids.includes(now.variable) && step > 0;
      box.element.classList.toggle("lit", here);
      box.element.classList.toggle("from-value", has(values) && !here);
      box.element.classList.toggle("from-gradient", has(gradients) && now.phase !== "update");
      if (here || (!seen && has(values))) seen = box.element;
      if (!single) continue;
      put(box.value, latest(data.updates[id], step) || (since(data.values, id) <= step ? box.full : ""));
      put(box.gradient, latest(data.gradients[id], step) || "");
    }
    for (const arrow of arrows) arrow.element.classList.toggle("lit", arrow.links.some((each) => lit.has(each)));
    for (const label of labels) {
      const known = since(data.locals, label.link) <= step, flows = since(data.flows, label.link) <= step;
      label.element.classList.toggle("unknown", !known);
      if (label.flow) label.flow.classList.toggle("unknown", !flows);
      label.element.classList.toggle("lit", lit.has(label.link));
    }
    return seen;
  }

  /* Keep what is lit in sight, without moving the page around the stage. */
  function follow(element) {
    if (!element) return;
    const box = element.getBoundingClientRect(), frame = stage.getBoundingClientRect();
    if (box.top < frame.top || box.bottom > frame.bottom)
      stage.scrollTop += (box.top + box.bottom - frame.top - frame.bottom) / 2;
    if (box.left < frame.left || box.right > frame.right)
      stage.scrollLeft += (box.left + box.right - frame.left - frame.right) / 2;
  }

  function goTo(next) {
    step = Math.max(0, Math.min(total - 1, next));
    const now = data.steps[step];
    follow(paint());
    said.textContent = now.said;
    written.innerHTML = now.line;
    range.value = String(step);
    const position = `${words.step} ${step + 1} ${words.of} ${total}`;
    range.setAttribute("aria-valuetext", `${words["phase_" + now.phase]}, ${position}`);
    count.textContent = position;
    for (const button of all("[data-phase]"))
      button.setAttribute("aria-pressed", String(button.dataset.phase === now.phase));
    root.dispatchEvent(new CustomEvent("step", { detail: { step, phase: now.phase } }));
  }

  function end(phase) {
    for (let at = total - 1; at >= 0; at -= 1) if (data.steps[at].phase === phase) return at;
    return step;
  }

  function phaseBeside(by) {
    const present = all("[data-phase]").map((button) => button.dataset.phase);
    const at = present.indexOf(data.steps[step].phase) + by;
    if (by > 0) return at < present.length ? data.steps.findIndex((each) => each.phase === present[at]) : total - 1;
    const first = data.steps.findIndex((each) => each.phase === present[at + 1]);
    return step > first ? first : at < 0 ? 0 : data.steps.findIndex((each) => each.phase === present[at]);
  }

  function face(name, shape) {
    play.setAttribute("aria-label", name);
    play.title = name;
    play.querySelector("path").setAttribute("d", shape);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    face(words.play, "M3 2v12l11-6z");
  }

  function run() {
    if (step === total - 1) goTo(0);
    timer = setInterval(() => (step < total - 1 ? goTo(step + 1) : stop()), 1100);
    face(words.pause, "M3 2h3v12H3zM10 2h3v12h-3z");
  }

  const moves = {
    first: () => goTo(0), previous: () => goTo(step - 1), next: () => goTo(step + 1),
    last: () => goTo(total - 1), play: () => (timer ? stop() : run()),
  };

  /* The inside of a group takes the stage; the trail leads back out. */
  function open(place) {
    view = place;
    stage.replaceChildren(drawings[view].svg);
    trail.replaceChildren();
    for (let at = view; at !== null; at = data.views[at].parent) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = at ? data.views[at].title : words.back;
      button.disabled = at === view;
      on(button, "click", () => open(at));
      trail.prepend(button);
    }
    trail.hidden = view === 0;
    follow(paint());
  }

  /* All about the variables of a box, from their folds further down the page; nothing, to close. */
  function show(ids) {
    panel.hidden = ids.length === 0;
    for (const { boxes } of drawings)
      for (const box of boxes) box.element.classList.toggle("chosen", box.ids.join() === ids.join());
    const about = panel.querySelector(".about");
    about.replaceChildren(...ids.map((id) => {
      const fold = one(`.variable[data-variable="${id}"]`);
      const copy = document.createElement("details");
      copy.innerHTML = fold ? fold.innerHTML : data.about[id];
      copy.open = ids.length === 1;
      return copy;
    }));
  }

  for (const { boxes } of drawings)
    for (const box of boxes) {
      box.element.tabIndex = 0;
      box.element.setAttribute("role", "button");
      const act = () => {
        const inside = box.element.dataset.opens;
        if (inside !== undefined) open(Number(inside));
        else show(box.ids);
      };
      on(box.element, "click", act);
      on(box.element, "keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        act();
      });
    }

  for (const button of all("[data-do]"))
    if (button.dataset.do in moves)
      on(button, "click", () => { if (button.dataset.do !== "play") stop(); moves[button.dataset.do](); });
  for (const button of all("[data-phase]"))
    on(button, "click", () => { stop(); goTo(end(button.dataset.phase)); });
  on(one("[data-do=close]"), "click", () => show([]));
  on(range, "input", () => { stop(); goTo(Number(range.value)); });
  on(root, "keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input:not([type=range]), textarea, select")) return;
    const keys = {
      ArrowLeft: moves.previous, ArrowRight: moves.next, Home: moves.first, End: moves.last,
      PageUp: () => goTo(phaseBeside(-1)), PageDown: () => goTo(phaseBeside(1)),
      Escape: () => (panel.hidden ? view && open(data.views[view].parent) : show([])),
    };
    const onButton = event.target.closest("button, summary, a");
    if (event.key === " " && !onButton) { event.preventDefault(); moves.play(); return; }
    if (!(event.key in keys)) return;
    event.preventDefault();
    stop();
    keys[event.key]();
  });

  /* What the steps show one by one is folded, until it is wanted whole, on paper for one. */
  for (const fold of all("details.all")) fold.open = false;
  on(window, "beforeprint", () => all("details.all").forEach((fold) => { fold.open = true; }));
  range.max = String(total - 1);
  for (const part of all("[data-live]")) part.hidden = false;
  root.classList.add("alive");
  open(0);
  goTo(start === undefined ? end("loss") : start);
  return {
    goTo, get step() { return step; }, steps: data.steps, phase: (name) => goTo(end(name)),
    destroy() { stop(); listeners.abort(); },
  };
}
