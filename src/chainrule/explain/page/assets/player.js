"use strict";
/* Walks through a picture: at each step it lights what Python has said belongs to it. It computes nothing:
   every number, line and word comes from the data. `place` is where a reader was in an earlier player, or as
   much of it as is known, {step, view, chosen, …}, or a step alone. */
function mountPlayer(root, data, place) {
  const all = (selector, within) => Array.from((within || root).querySelectorAll(selector));
  const one = (selector) => root.querySelector(selector);
  const words = data.words;
  const total = data.steps.length;
  const stage = one(".stage"), written = one(".written"), said = one(".said"), range = one("input[type=range]");
  const count = one(".count"), panel = one(".details"), trail = one(".trail"), play = one("[data-do=play]");
  const enter = one("[data-do=enter]"), zoom = one("[data-do=zoom]");
  const listeners = new AbortController();
  const on = (target, type, act) => target.addEventListener(type, act, { signal: listeners.signal });
  let step = 0, view = 0, chosen = [], fit = false, led = false, timer = null;

  /* Every drawing, the first on the stage, the others in their own folds until they are opened. */
  const drawings = all("svg.graph").map((svg) => {
    const ids = (element) => element.dataset.variables.split(" ").map(Number);
    const links = (element) => (element.dataset.links || "").split(" ").filter(Boolean);
    return {
      svg, fold: svg.parentElement,
      boxes: all(".box", svg).map((element) => ({
        element, ids: ids(element), title: element.querySelector(".title").textContent,
        value: element.querySelector(".value"), gradient: element.querySelector(".gradient"),
        full: element.querySelector(".value") && element.querySelector(".value").textContent,
      })),
      arrows: all(".arrow", svg).map((element) => ({ element, links: links(element) })),
      labels: all(".label", svg).map((element) => ({
        element, link: element.dataset.links, local: element.querySelector(".local"),
        flow: element.querySelector(".flow"),
      })),
    };
  });

  /* The drawing that shows a variable itself, and not the group around it. */
  const homes = new Map();
  drawings.forEach(({ boxes }, at) => {
    for (const { element, ids } of boxes)
      if (!element.dataset.opens && !element.matches(".elsewhere")) for (const id of ids) homes.set(id, at);
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
      const id = box.ids[0], single = box.ids.length === 1 && !box.element.dataset.opens;
      const has = (set) => box.ids.some((each) => set.has(each));
      const here = box.ids.includes(now.variable) && step > 0;
      box.element.classList.toggle("lit", here);
      box.element.classList.toggle("from-value", has(values) && !here);
      box.element.classList.toggle("from-gradient", has(gradients) && now.phase !== "update");
      if (here) box.element.setAttribute("aria-current", "step");
      else box.element.removeAttribute("aria-current");
      if (here || (!seen && has(values))) seen = box.element;
      if (!single) continue;
      const value = latest(data.updates[id], step) || (since(data.values, id) <= step ? box.full : "");
      const gradient = latest(data.gradients[id], step) || "";
      put(box.value, value);
      put(box.gradient, gradient);
      name(box, [value, box.gradient && gradient]);
    }
    for (const arrow of arrows) arrow.element.classList.toggle("lit", arrow.links.some((each) => lit.has(each)));
    for (const label of labels) {
      const known = since(data.locals, label.link) <= step, flows = since(data.flows, label.link) <= step;
      label.element.classList.toggle("unknown", !known);
      if (label.flow) label.flow.classList.toggle("unknown", !flows);
      label.element.classList.toggle("lit", lit.has(label.link));
    }
    const there = whereabouts();
    enter.hidden = there === view;
    put(enter, there ? `${words.open} ${data.views[there].title}` : words.back);
    return seen;
  }

  /* A box is called by what it shows. */
  function name({ element, title }, shown) {
    const text = [title, ...shown].filter(Boolean).join(", ");
    if (element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text);
  }

  /* The drawing that shows what this step computes or reaches. */
  function whereabouts() {
    const there = step > 0 ? homes.get(data.steps[step].variable) : undefined;
    return there === undefined ? view : there;
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
    put(said, now.said);
    if (written.dataset.step !== String(step)) written.innerHTML = now.line;
    written.dataset.step = String(step);
    range.value = String(step);
    const position = `${words.step} ${step + 1} ${words.of} ${total}`;
    range.setAttribute("aria-valuetext", `${words["phase_" + now.phase]}, ${position}`);
    count.textContent = position;
    for (const button of all("[data-phase]"))
      button.setAttribute("aria-pressed", String(button.dataset.phase === now.phase));
    root.dispatchEvent(new CustomEvent("step", { detail: { step, phase: now.phase } }));
  }

  /* One step on or back. Who has opened a group is led on, into the next one too. */
  function walk(by) {
    goTo(step + by);
    if (led && whereabouts() !== view) open(whereabouts());
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

  function face(text, shape) {
    play.setAttribute("aria-label", text);
    play.title = text;
    play.querySelector("path").setAttribute("d", shape);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    face(words.play, "M3 2v12l11-6z");
  }

  function run() {
    if (step === total - 1) goTo(0);
    timer = setInterval(() => (step < total - 1 ? walk(1) : stop()), 1100);
    face(words.pause, "M3 2h3v12H3zM10 2h3v12h-3z");
  }

  const moves = {
    first: () => goTo(0), previous: () => walk(-1), next: () => walk(1),
    last: () => goTo(total - 1), play: () => (timer ? stop() : run()),
  };

  const focused = () => root.getRootNode().activeElement;

  /* The inside of a group takes the stage; the trail leads back out. The keyboard goes along. */
  function open(next) {
    const left = view, held = [stage, trail, enter].some((each) => each.contains(focused()));
    if (drawings[left].fold !== stage) drawings[left].fold.append(drawings[left].svg);
    view = next;
    stage.replaceChildren(drawings[view].svg);
    trail.replaceChildren();
    for (let at = view; at !== null; at = data.views[at].parent) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = at ? data.views[at].title : words.back;
      button.disabled = at === view;
      on(button, "click", () => out(at));
      trail.prepend(button);
    }
    trail.hidden = view === 0;
    measure();
    const seen = paint(), { boxes } = drawings[view];
    follow(seen);
    if (!held) return;
    const door = left !== view && boxes.find(({ element }) => element.dataset.opens === String(left));
    (door ? door.element : seen || boxes[0].element).focus();
  }

  function into(next) { led = true; open(next); }
  function out(next) { led = next !== 0; open(next); }

  /* A drawing that is too wide for the stage can be made to fit. */
  function measure() {
    const share = Math.floor((100 * stage.clientWidth) / drawings[view].svg.getAttribute("width"));
    if (!share) return;
    zoom.hidden = share >= 100;
    put(zoom, `${words.graph} ${fit ? 100 : share}\u00a0%`);
    stage.classList.toggle("fit", fit);
  }

  /* All about the variables of a box, from their folds further down the page; nothing, to close. */
  function show(ids) {
    const held = panel.contains(focused()), former = chosen.join();
    chosen = ids;
    panel.hidden = ids.length === 0;
    for (const { boxes } of drawings)
      for (const { element, ids: own, title } of boxes) {
        const is = own.join() === ids.join();
        element.classList.toggle("chosen", is);
        if (!element.dataset.opens) element.setAttribute("aria-expanded", String(is));
        if (is) panel.setAttribute("aria-label", title);
      }
    const about = panel.querySelector(".about");
    about.replaceChildren(...ids.map((id) => {
      const fold = one(`.variable[data-variable="${id}"]`);
      const copy = document.createElement("details");
      copy.innerHTML = fold ? fold.innerHTML : data.about[id];
      copy.open = ids.length === 1;
      return copy;
    }));
    const back = held && !ids.length && drawings[view].boxes.find((box) => box.ids.join() === former);
    if (back) back.element.focus();
  }

  for (const { boxes } of drawings)
    for (const box of boxes) {
      const inside = box.element.dataset.opens;
      box.element.tabIndex = 0;
      box.element.setAttribute("role", "button");
      if (inside) box.element.setAttribute("aria-label", `${words.open} ${box.element.getAttribute("aria-label")}`);
      const act = (byKey) => {
        if (inside) { into(Number(inside)); return; }
        show(box.ids);
        if (panel.getBoundingClientRect().top > innerHeight - 160) panel.scrollIntoView({ block: "nearest" });
        if (byKey) panel.focus({ preventScroll: true });
      };
      on(box.element, "click", (event) => act(event.detail === 0));
      on(box.element, "keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        act(true);
      });
    }

  for (const button of all("[data-do]"))
    if (button.dataset.do in moves)
      on(button, "click", () => { if (button.dataset.do !== "play") stop(); moves[button.dataset.do](); });
  for (const button of all("[data-phase]"))
    on(button, "click", () => { stop(); goTo(end(button.dataset.phase)); });
  on(one("[data-do=close]"), "click", () => show([]));
  on(enter, "click", () => into(whereabouts()));
  on(zoom, "click", () => { fit = !fit; measure(); });
  on(range, "input", () => { stop(); goTo(Number(range.value)); });
  on(root, "keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input:not([type=range]), textarea, select")) return;
    const keys = {
      ArrowLeft: moves.previous, ArrowRight: moves.next, Home: moves.first, End: moves.last,
      PageUp: () => goTo(phaseBeside(-1)), PageDown: () => goTo(phaseBeside(1)),
      Escape: () => (panel.hidden ? view && out(data.views[view].parent) : show([])),
    };
    const onButton = event.target.closest("button, summary, a");
    if (event.key === " " && !onButton) { event.preventDefault(); moves.play(); return; }
    if (!(event.key in keys)) return;
    event.preventDefault();
    stop();
    keys[event.key]();
  });

  /* On paper everything is unfolded, the whole graph first. */
  let unfolded = [];
  on(window, "beforeprint", () => {
    unfolded = [view, all("details:not([open])")];
    open(0);
    for (const fold of unfolded[1]) fold.open = true;
  });
  on(window, "afterprint", () => {
    open(unfolded[0]);
    for (const fold of unfolded[1]) fold.open = false;
  });

  /* --- where the reader is, to be kept by whoever puts a new picture in the place of this one ----------- */

  const folds = () => all("details.all, details.variable");

  /* How to get from the root to what has the keyboard. */
  function path() {
    const found = [];
    if (!root.contains(focused())) return null;
    for (let each = focused(); each !== root; each = each.parentElement)
      found.unshift(Array.from(each.parentElement.children).indexOf(each));
    return found;
  }

  function here() {
    return {
      step, view, chosen, fit, led, scroll: [stage.scrollLeft, stage.scrollTop], path: path(),
      folds: folds().filter((fold) => fold.open).map((fold) => folds().indexOf(fold)),
    };
  }

  function settle({ scroll = [0, 0], path: way = null, folds: opened = [], ...former }) {
    ({ fit = false, led = false } = former);
    open(former.view < drawings.length ? former.view : 0);
    goTo(former.step === undefined ? end("loss") : former.step);
    const ids = (former.chosen || []).join();
    show(drawings.some(({ boxes }) => boxes.some((box) => box.ids.join() === ids)) ? former.chosen : []);
    folds().forEach((fold, at) => { fold.open = opened.includes(at); });
    [stage.scrollLeft, stage.scrollTop] = scroll;
    const again = way && way.reduce((element, at) => element && element.children[at], root);
    if (again) again.focus({ preventScroll: true });
  }

  const sized = new ResizeObserver(measure);
  sized.observe(stage);
  range.max = String(total - 1);
  trail.setAttribute("aria-label", words.graph);
  for (const part of all("[data-live]")) part.hidden = false;
  root.classList.add("alive");
  settle(Number.isInteger(place) ? { step: place } : place || {});
  return {
    goTo, stop, get step() { return step; }, get place() { return here(); }, set place(former) { settle(former); },
    steps: data.steps,
    phase: (phase) => goTo(end(phase)),
    destroy() { stop(); sized.disconnect(); listeners.abort(); },
  };
}
