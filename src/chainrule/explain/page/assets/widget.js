/* The live widget: a slider for each input. Python recomputes, and the player shows what it sends. It lives
   in a shadow root, so that the notebook's styles and these do not mix. */
const controls = `
:host { display: block; background: var(--paper); color: var(--ink); padding: 10px 12px;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; line-height: 1.5; }
* { box-sizing: border-box; }
.inputs { display: grid; grid-template-columns: max-content minmax(100px, 26rem) 7em; gap: 2px 12px;
  align-items: center; margin-bottom: 12px; }
.inputs input { min-height: 36px; accent-color: var(--gradient); width: 100%; margin: 0; }
.inputs input[type="number"] { font: inherit; color: var(--ink); background: var(--panel); padding: 2px 8px;
  border: 1px solid var(--line); border-radius: 8px; }
.inputs input:focus-visible { outline: 3px solid var(--value); outline-offset: 2px; }
.error { color: var(--bad); white-space: pre-wrap; font-family: ui-monospace, Menlo, Consolas, monospace; margin: 0 0 12px; }
.error:empty { display: none; }
.whole, .variables { display: none; }`;  // a cell is small: the steps say every line, a click tells of a variable

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

/* A round step, 1, 2 or 5 times a power of ten, of which at least a hundred make up the slider. */
function stepOf(span) {
  const power = 10 ** Math.floor(Math.log10(span / 100));
  return power * [5, 2, 1].find((each) => each * power * 100 <= span * 1.000001);
}

function input(model, name, [low, high]) {
  const id = `input-${name}`;
  const label = element("label", { textContent: name, htmlFor: id });
  const slider = element("input", { type: "range", min: low, max: high, step: stepOf(high - low), id });
  const field = element("input", { type: "number", step: "any" });
  field.setAttribute("aria-label", name);
  const send = (value) => {
    if (!Number.isFinite(value)) return;
    model.set("values", { ...model.get("values"), [name]: value });
    model.save_changes();
  };
  slider.addEventListener("input", () => {
    field.value = String(Number(slider.valueAsNumber.toPrecision(6)));
    send(Number(field.value));
  });
  field.addEventListener("input", () => {
    if (!Number.isFinite(field.valueAsNumber)) return;
    slider.value = field.value;
    send(field.valueAsNumber);
  });
  const follow = () => {
    const value = model.get("values")[name];
    slider.value = value;
    if (field.valueAsNumber !== value) field.value = value;
  };
  follow();
  return { parts: [label, slider, field], follow };
}

function render({ model, el }) {
  const host = element("div");
  const shadow = host.attachShadow({ mode: "open" });
  const paint = () => { host.dataset.theme = themeOf(document.body.dataset); };
  const repaint = new MutationObserver(paint);
  repaint.observe(document.body, { attributes: true });
  paint();
  const inputs = Object.entries(model.get("ranges")).map(([name, ends]) => input(model, name, ends));
  const sliders = element("div", { className: "inputs" });
  sliders.append(...inputs.flatMap(({ parts }) => parts));
  const error = element("p", { className: "error" });
  error.setAttribute("role", "alert");
  const picture = element("div", { className: "player" });
  shadow.append(element("style", { textContent: styles + controls }), sliders, error, picture);
  el.append(host);
  /* A notebook takes keys for commands of its own: those pressed in here stay here. */
  host.addEventListener("keydown", (event) => event.stopPropagation());

  let player = null, waiting = false;
  function show() {
    waiting = false;
    const place = player ? player.place : undefined;
    if (player) player.destroy();
    picture.innerHTML = model.get("html");
    player = mountPlayer(picture, model.get("data"), place);
  }
  /* Both parts of a picture arrive in one message, and are told of one after the other. */
  const changed = () => {
    if (!waiting) queueMicrotask(show);
    waiting = true;
  };
  const moved = () => { for (const { follow } of inputs) follow(); };
  const failed = () => { error.textContent = model.get("error"); };
  const heard = { "change:html": changed, "change:data": changed, "change:values": moved, "change:error": failed };
  for (const [event, act] of Object.entries(heard)) model.on(event, act);
  failed();
  show();
  return () => {
    for (const [event, act] of Object.entries(heard)) model.off(event, act);
    repaint.disconnect();
    player.destroy();
  };
}

export default { render };
