"use strict";
/* The studio's page. It computes nothing: what is typed and moved goes to Python, and what Python answers is
   shown. One message is under way at a time; what is moved meanwhile waits, and only its newest value is sent. */
(() => {
  const by = (id) => document.getElementById(id);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const TYPING = 250, SLOWEST_TRY = 8000;
  const SETTING = ["set", "rate", "open", "learn"];  // of each, the newest about one thing is all that counts

  let words = {}, lessons = {}, lang = document.documentElement.lang;
  let state = null, player = null, socket = null, tries = 0;
  let count = 0, underWay = null, waiting = [], typing = null, wrong = null, newest = null;

  /* The token comes after the # of the link. It is kept for this tab alone, and taken out of the address. */
  function token() {
    const given = location.hash.slice(1);
    if (given) {
      sessionStorage.setItem("token", given);
      history.replaceState(null, "", location.pathname);
    }
    return sessionStorage.getItem("token") || "";
  }

  /* --- to Python and back ---------------------------------------------------------------------------- */

  function connection(now) {
    const element = by("connection");
    element.dataset.state = element.dataset.word = now;
    if (words[now]) element.textContent = words[now];
  }

  function connect() {
    const key = token();
    if (!/^[\w-]+$/.test(key)) { connection("refused"); return; }
    let opened = false;
    connection(tries ? "lost" : "connecting");
    socket = new WebSocket(`ws://${location.host}/socket`, ["chainrule", key]);
    socket.onopen = () => {
      opened = true;
      const unheard = [underWay, ...waiting].filter((each) => each && SETTING.includes(each.do));
      underWay = null;
      waiting = [];
      send({ do: "language", lang });
      if (state) waiting.push(...restored(), ...unheard);
    };
    socket.onmessage = (event) => { tries = 0; answered(JSON.parse(event.data)); };
    socket.onclose = (event) => {
      busy(false);
      if (event.code === 1013) { connection("crowded"); return; }
      tries += 1;
      connection(opened || tries < 3 ? "lost" : "refused");
      setTimeout(connect, Math.min(SLOWEST_TRY, 250 * 2 ** tries));
    };
  }

  /* What the page shows, for a Python that begins anew; then what was typed and refused. */
  function restored() {
    const known = {
      do: "open", expression: state.expression, rate: state.rate,
      values: Object.fromEntries(state.inputs.map((each) => [each.name, each.value])),
      learn: state.inputs.filter((each) => each.learns).map((each) => each.name),
    };
    const typed = by("expression").value;
    return typed === state.expression ? [known] : [known, { do: "open", expression: typed }];
  }

  /* Send `message` as soon as the one under way is answered; it takes the place of one about the same. What
     was typed a moment ago goes first. */
  function send(message) {
    if (typing !== null && message.do !== "language") {
      clearTimeout(typing);
      typing = null;
      if (message.do !== "open" && message.do !== "lesson") typed();
    }
    const same = (each) => each.do === message.do && each.name === message.name;
    if (SETTING.includes(message.do)) waiting = waiting.filter((each) => !same(each));
    waiting.push(message);
    next();
  }

  function typed() { send({ do: "open", expression: by("expression").value }); }

  function next() {
    if (underWay !== null || !waiting.length || !socket || socket.readyState !== WebSocket.OPEN) return;
    underWay = { ...waiting.shift(), number: ++count };
    socket.send(JSON.stringify(underWay));
  }

  /* A reply to an older message than the one under way comes from a training, and is out of date. */
  function answered(reply) {
    if (underWay !== null && reply.number !== underWay.number) return;
    const { do: asked, expression } = underWay || {};
    underWay = null;
    if (reply.kind === "refused") {
      if (asked === "open") wrong = { expression, error: reply.error };
      refuse(reply.error);
    } else {
      if (["open", "lesson", "reset"].includes(asked)) wrong = null;
      show(reply, asked === "lesson" || asked === "reset");
    }
    next();
  }

  /* --- what is shown --------------------------------------------------------------------------------- */

  function refuse(text) {
    by("refusal").textContent = text || "";
    by("refusal").hidden = !text;
    by("expression").setAttribute("aria-invalid", String(Boolean(text)));
    document.querySelector("main").classList.toggle("stale", Boolean(text));
  }

  function busy(training) {
    by("stop").disabled = !training;
    by("train").disabled = training;
  }

  function show(reply, anew) {
    if (reply.words) speak(reply);
    connection("connected");
    state = reply;
    busy(reply.training);
    by("note").setAttribute("aria-live", reply.training ? "off" : "polite");
    if (by("note").textContent !== reply.note) by("note").textContent = reply.note;
    by("curve").innerHTML = reply.curve;
    settle(anew);
    if (reply.picture) paint(reply.picture);
  }

  /* At most one picture for each frame of the screen, the newest. */
  function paint(picture) {
    if (newest === null) requestAnimationFrame(() => { draw(newest); newest = null; });
    newest = picture;
  }

  /* The controls as Python knows them, unless there is something newer that it does not know yet. */
  function settle(anew) {
    if (!state || waiting.length || typing !== null) return;
    if (anew) by("expression").value = state.expression;
    if (wrong && wrong.expression === by("expression").value) refuse(wrong.error);
    else {
      wrong = null;
      refuse(state.error);
      fill(by("expression"), state.expression);
      lesson(state.lesson);
    }
    grow();
    inputs(state.inputs);
    rate(state.rate);
  }

  function speak(reply) {
    words = reply.words;
    lessons = reply.lessons;
    lang = document.documentElement.lang = reply.lang;
    document.title = words.studio;
    for (const element of all("[data-word]")) element.textContent = words[element.dataset.word];
    for (const element of all("[data-label]")) element.setAttribute("aria-label", words[element.dataset.label]);
    for (const button of all("button.language"))
      button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
    const options = Object.entries(lessons).map(([name, { title }]) => new Option(title, name));
    by("lesson").replaceChildren(by("lesson").options[0], ...options);
    by("inputs").replaceChildren();
  }

  function lesson(name) {
    by("lesson").value = name || "";
    by("lesson-text").textContent = name ? lessons[name].text : "";
  }

  /* A field that somebody is typing into is left alone. */
  function fill(field, text) {
    if (document.activeElement !== field && field.value !== String(text)) field.value = text;
  }

  function grow() {
    const field = by("expression");
    field.rows = Math.min(12, Math.max(2, field.value.split("\n").length));
  }

  const short = (value) => String(Number(value.toPrecision(5)));

  function rate(value) {
    fill(by("rate"), short(value));
    if (document.activeElement !== by("rate-slider")) by("rate-slider").value = Math.log10(value);
    by("rate-slider").setAttribute("aria-valuetext", short(value));
  }

  function inputs(list) {
    const rows = Array.from(by("inputs").children);
    const same = rows.length === list.length && rows.every((row, at) => row.dataset.name === list[at].name);
    if (!same) by("inputs").replaceChildren(...list.map(({ name }, at) => row(name, at)));
    list.forEach((each, at) => {
      const [slider, number, learns] = by("inputs").children[at].querySelectorAll("input");
      by("inputs").children[at].classList.toggle("learns", each.learns);
      Object.assign(slider, { min: each.low, max: each.high, step: each.step });
      if (document.activeElement !== slider || state.training) slider.value = each.value;
      fill(number, short(each.value));
      learns.checked = each.learns;
    });
  }

  function row(name, at) {
    const element = (tag, properties) => Object.assign(document.createElement(tag), properties);
    const whole = element("div", { className: "input" });
    whole.dataset.name = name;
    const label = element("label", { className: "name", textContent: name, htmlFor: `value-${at}` });
    const slider = element("input", { type: "range", id: `slider-${at}` });
    const number = element("input", { type: "number", step: "any", id: `value-${at}`, inputMode: "decimal" });
    const learns = element("input", { type: "checkbox", id: `learns-${at}` });
    slider.setAttribute("aria-label", words.slider.replace("{name}", name));
    number.setAttribute("aria-label", words.value.replace("{name}", name));
    learns.setAttribute("aria-label", words.learns_of.replace("{name}", name));
    const moved = (value) => { if (Number.isFinite(value)) send({ do: "set", name, value }); };
    slider.oninput = () => { number.value = slider.value; moved(slider.valueAsNumber); };
    number.oninput = () => { slider.value = number.value; moved(number.valueAsNumber); };
    learns.onchange = () => send({ do: "learn", name, learn: learns.checked });
    const flip = element("label", { className: "switch" });
    flip.append(learns, words.learns);
    whole.append(label, slider, number, flip);
    return whole;
  }

  /* The new picture as the reader left the old one. */
  function draw(picture) {
    const place = player ? player.place : undefined;
    if (player) player.destroy();
    by("picture").innerHTML = picture.html;
    player = mountPlayer(by("picture"), picture.data, place);
  }

  /* --- what is moved --------------------------------------------------------------------------------- */

  by("controls").onsubmit = (event) => event.preventDefault();
  by("controls").addEventListener("focusout", () => setTimeout(() => { if (underWay === null) settle(); }));
  by("lesson").onchange = () => {
    if (by("lesson").value) send({ do: "lesson", name: by("lesson").value });
  };
  by("expression").oninput = () => {
    grow();
    lesson(null);
    clearTimeout(typing);
    typing = setTimeout(() => { typing = null; typed(); }, TYPING);
  };
  const rated = (value) => { if (value > 0 && value <= 1e6) send({ do: "rate", value }); };
  by("rate").oninput = () => {
    if (by("rate").valueAsNumber > 0) by("rate-slider").value = Math.log10(by("rate").valueAsNumber);
    rated(by("rate").valueAsNumber);
  };
  by("rate-slider").oninput = () => {
    const value = Number((10 ** by("rate-slider").valueAsNumber).toPrecision(2));
    by("rate").value = value;
    rated(value);
  };
  by("forward").onclick = () => walk("loss");
  by("backward").onclick = () => walk("backward");
  function walk(phase) {
    if (!player) return;
    player.phase(phase);
    const main = document.querySelector("main");
    if (main.getBoundingClientRect().top > innerHeight / 2) main.scrollIntoView();
  }

  by("update").onclick = () => send({ do: "update" });
  by("train").onclick = () => {
    const steps = Math.min(10000, Math.max(1, Math.round(by("steps").valueAsNumber || 50)));
    by("steps").value = steps;
    send({ do: "train", steps });
  };
  by("stop").onclick = () => send({ do: "stop" });
  by("reset").onclick = () => send({ do: "reset" });
  for (const button of all("button.language"))
    button.onclick = () => send({ do: "language", lang: button.dataset.lang });
  by("theme").onclick = () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  };

  /* The keys that walk work from anywhere on the page. */
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.target !== document.body) return;
    const again = new KeyboardEvent("keydown", event);
    by("picture").dispatchEvent(again);
    if (again.defaultPrevented) event.preventDefault();
  });

  connect();
})();
