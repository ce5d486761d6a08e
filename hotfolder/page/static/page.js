// What makes the page livelier. Everything that reads works without it.

const each = (selector, act, within = document) => within.querySelectorAll(selector).forEach(act);

const FIRST_TRY_MS = 2000;
const MOST_TRIES = 5;
const PATIENCE_MS = 5000;
const AGAIN_MS = 30000;

// -- what has gone by: times and progress that go on between two looks of the server

function tick() {
  each("[data-since]", (shown) => {
    const gone = Math.max(0, (Date.now() - Date.parse(shown.dataset.since)) / 1000);
    if (shown instanceof HTMLProgressElement) {
      if (shown.hasAttribute("max")) shown.value = Math.min(gone, shown.max);
    } else {
      shown.textContent = inWords(gone);
    }
  });
}

function inWords(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// -- before and after: a real slider over both pictures, hence drag, touch and keys

function slide(compare) {
  if (compare.classList.contains("slides")) return;
  compare.classList.add("slides");
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: 100, step: "any", value: 50 });
  slider.setAttribute("aria-label", "How much of the picture before is shown, in per cent");
  const line = document.createElement("span");
  line.className = "line";
  compare.append(line, slider);
  const put = () => compare.style.setProperty("--at", `${slider.value}%`);
  slider.addEventListener("input", put);
  slider.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -4, ArrowRight: 4 }[event.key];
    if (!step) return;
    event.preventDefault();
    slider.value = Number(slider.value) + step;
    put();
  });
  put();
}

// -- a look at one result after the other, without leaving the gallery

class Viewer {
  constructor() {
    this.dialog = document.createElement("dialog");
    this.dialog.className = "viewer";
    this.dialog.setAttribute("aria-label", "Before and after");
    this.stage = Object.assign(document.createElement("div"), { className: "stage" });
    const strip = Object.assign(document.createElement("div"), { className: "strip" });
    this.said = document.createElement("p");
    this.whole = Object.assign(document.createElement("a"), { className: "plain", textContent: "Details" });
    strip.append(
      this.button("‹", "Newer", () => this.go(-1)), this.button("›", "Older", () => this.go(1)),
      this.said, this.whole, this.button("Close", "Close", () => this.dialog.close()),
    );
    this.dialog.append(this.stage, strip);
    this.dialog.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -1, PageDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.go(step);
    });
    document.body.append(this.dialog);
  }

  button(text, label, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  open(link) {
    this.key = link.closest("[data-key]").dataset.key;
    this.show(link);
    this.dialog.showModal();
    this.stage.querySelector("input").focus();
  }

  go(step) {
    const links = [...document.querySelectorAll("[data-open]")];
    const at = links.findIndex((link) => link.closest("[data-key]").dataset.key === this.key);
    const next = links[at + step];
    if (!next) return;
    this.key = next.closest("[data-key]").dataset.key;
    this.show(next);
    this.stage.querySelector("input").focus();
  }

  show(link) {
    const compare = Object.assign(document.createElement("div"), { className: "compare" });
    const name = link.querySelector(".name").textContent;
    for (const side of ["before", "after"]) {
      const figure = Object.assign(document.createElement("figure"), { className: side });
      const picture = Object.assign(new Image(), { src: link.dataset[side], alt: `${name}, ${side}` });
      const caption = document.createElement("figcaption");
      caption.textContent = side === "before" ? "Before" : "After";
      figure.append(picture, caption);
      compare.append(figure);
    }
    this.stage.replaceChildren(compare);
    slide(compare);
    this.said.textContent = `${name} · ${link.querySelector(".prompt").textContent}`;
    this.whole.href = link.href;
  }
}

let viewer;
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  viewer ??= new Viewer();
  viewer.open(link);
});

// -- live: the server sends a part of the page whenever it is another

function replace(region, text) {
  const fresh = document.createElement("template");
  fresh.innerHTML = text;
  const known = new Map();
  each("[data-key]", (item) => known.set(item.dataset.key, item), region);
  each("[data-key]", (item) => {
    const old = known.get(item.dataset.key);
    if (old && sameBut(old, item)) item.replaceWith(old); // its pictures stay where they are
    else if (old?.open) item.open = true;
    else if (!old && known.size) item.classList.add("fresh");
  }, fresh.content);
  const active = document.activeElement;
  const focused = active?.closest?.("[data-key]")?.dataset.key;
  region.replaceChildren(fresh.content);
  if (region.contains(active)) active.focus();
  else if (focused) region.querySelector(`[data-key="${CSS.escape(focused)}"] :is(a, button, input)`)?.focus();
  prepare();
}

function sameBut(old, item) {
  return old.textContent === item.textContent && old.querySelectorAll("*").length === item.querySelectorAll("*").length;
}

class Live {
  constructor(address, take) {
    this.address = address;
    this.take = take;
    document.addEventListener("visibilitychange", () => this.turn());
    addEventListener("pagehide", () => this.close());
    this.turn();
  }

  turn() {
    if (document.hidden) this.close();
    else if (!this.source) this.listen();
  }

  listen() {
    clearTimeout(this.again);
    this.source = new EventSource(this.address);
    this.source.onopen = () => { this.hush(); mark(true); };
    this.source.onerror = () => { mark(false); this.miss(); };
    this.source.onmessage = (event) => {
      if (event.data !== this.last) this.take(event.data);
      this.last = event.data;
    };
  }

  close() {
    this.source?.close();
    this.source = null;
    this.hush();
    mark(false);
  }

  // A browser asks again by itself only where nobody answered.
  miss() {
    const is_refused = this.source.readyState === EventSource.CLOSED;
    const since = (this.since ??= new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
    this.telling ??= setTimeout(() => tell(is_refused
      ? `This page is not live: too many are open, or you are signed out. It shows how things stood at ${since}.`
      : `hotfolder does not answer. It may have been stopped. This page shows how things stood at ${since}.`), PATIENCE_MS);
    if (is_refused) this.again = setTimeout(() => { if (this.source) this.listen(); }, AGAIN_MS);
  }

  hush() {
    clearTimeout(this.telling);
    this.telling = this.since = undefined;
    tell("");
  }
}

function tell(text) {
  each("[data-away]", (line) => { line.textContent = text; line.hidden = !text; });
}

function mark(is_live) {
  each("[data-livemark]", (shown) => { shown.hidden = !is_live; });
}

// -- choosing several at once, with what it would cost

function chosen(id) {
  return [...document.querySelectorAll(`input[data-of="${id}"]`)];
}

document.addEventListener("click", (event) => {
  const id = event.target.dataset?.choose;
  if (!id) return;
  const all = chosen(id);
  const on = !all.every((box) => box.checked);
  all.forEach((box) => { box.checked = on; });
  say(id);
});

document.addEventListener("change", (event) => {
  if (event.target.dataset?.of) say(event.target.dataset.of);
});

function say(id) {
  const button = document.querySelector(`[data-sum="${id}"]`);
  if (!button) return;
  button.dataset.says ??= button.textContent;
  const boxes = chosen(id).filter((box) => box.checked);
  const [what] = button.dataset.says.split(" · ");
  const amounts = boxes.map((box) => box.dataset.amount);
  const priced = amounts.filter(Boolean);
  const sum = priced.reduce((all, one) => all + Number(one), 0);
  const unit = button.dataset.says.match(/[A-Z]{3,}/)?.[0] ?? "";
  const price = priced.length ? ` · ${Number(sum.toFixed(6))} ${unit}` : "";
  button.textContent = boxes.length ? `${what} (${boxes.length})${price}` : button.dataset.says;
}

// --

function prepare() {
  each("[data-compare]", slide);
  each("[data-choose]", (button) => { button.hidden = false; });
  each("img:not([data-seen])", (picture) => {
    picture.dataset.seen = "";
    const gone = () => { picture.classList.add("gone"); askAgain(picture); };
    if (picture.complete && !picture.naturalWidth && picture.src && picture.loading !== "lazy") gone();
    picture.addEventListener("error", gone);
    picture.addEventListener("load", () => picture.classList.remove("gone"));
  });
  each("[data-sum]", (button) => say(button.dataset.sum));
  tick();
}

// A picture may come later: while others are worked on, or its folder is away.
function askAgain(picture) {
  const tried = Number(picture.dataset.seen);
  if (tried >= MOST_TRIES) return;
  picture.dataset.seen = tried + 1;
  setTimeout(() => { if (picture.isConnected) picture.src = picture.getAttribute("src"); }, FIRST_TRY_MS * 2 ** tried);
}

prepare();
setInterval(tick, 1000);
each("[data-live]", (region) => new Live(region.dataset.live, (text) => replace(region, text)));

// -- dropping: files are staged one by one, then planned with their price; one button sends them

class Drop {
  constructor(form) {
    this.form = form;
    this.numbers = [];
    this.shown = form.querySelector("[data-plan]");
    const zone = form.querySelector(".zone");
    for (const name of ["dragenter", "dragover"]) {
      zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
    }
    for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => { event.preventDefault(); this.take([...event.dataTransfer.files]); });
    const chooser = form.querySelector("[data-files]");
    chooser.addEventListener("change", () => { this.take([...chooser.files]); chooser.value = ""; });
    form.elements.prompt.addEventListener("change", () => this.plan());
    form.addEventListener("click", (event) => {
      const number = event.target.dataset.discard;
      if (!number) return;
      this.numbers = this.numbers.filter((each) => each !== number);
      this.plan();
    });
  }

  async take(files) {
    for (const file of files) {
      this.say(`${file.name} is on its way…`);
      const where = new URLSearchParams({ watch: this.form.elements.watch.value, name: file.name });
      const answer = await fetch(`/drop/file?${where}`, { method: "POST", body: file, headers: { "X-Token": this.form.elements.token.value } })
        .catch(() => null);
      const text = answer ? await answer.text() : "It could not be sent.";
      if (answer?.ok) this.numbers.push(text);
      this.say(answer?.ok ? "" : text);
    }
    await this.plan();
  }

  async plan() {
    const given = new URLSearchParams({ token: this.form.elements.token.value, prompt: this.form.elements.prompt.value });
    this.numbers.forEach((number) => given.append("number", number));
    const answer = await fetch("/drop/plan", { method: "POST", body: given }).catch(() => null);
    if (!answer?.ok) return;
    this.shown.innerHTML = await answer.text();
    if (this.problem) this.say(this.problem);
  }

  say(text) {
    this.problem = text;
    let line = this.form.querySelector(".saying");
    if (!line) {
      line = Object.assign(document.createElement("p"), { className: "saying told" });
      line.setAttribute("role", "status");
      this.shown.before(line);
    }
    line.textContent = text;
    line.hidden = !text;
  }
}

each("[data-drop]", (form) => new Drop(form));

// -- review: one pair at a time, by keyboard; the next pictures are there before they are asked for

class Review {
  constructor(list) {
    this.list = list;
    this.stage = document.querySelector("[data-stage]");
    this.token = document.querySelector("#decide [name=token]").value;
    this.done = []; // [job, when], the newest last
    this.kept = new Map();
    list.classList.add("strip");
    document.querySelector("[data-keys]").hidden = false;
    this.stage.hidden = false;
    this.stage.className = "reviewing";
    list.addEventListener("click", (event) => this.choose(event));
    addEventListener("keydown", (event) => this.press(event));
    document.querySelector("#decide").addEventListener("submit", (event) => this.submit(event));
    this.left = Number(document.querySelector("[data-count]").textContent);
    this.begin();
    new Live("/live/review", (text) => this.hear(text));
  }

  begin() {
    this.at = this.items().find((item) => !item.dataset.decided) ?? this.items()[0];
    this.show();
  }

  async hear(text) {
    const [left, newest] = text.trim().split(" ").map(Number);
    const last = Number(this.items().at(-1)?.dataset.key ?? 0);
    if (left === this.left && newest <= last) return;
    this.left = left;
    this.count();
    const fresh = await this.fetched(0);
    if (!fresh) return;
    this.isAll = false;
    const known = new Set(this.items().map((item) => item.dataset.key));
    for (const item of [...fresh.children].filter((each) => !known.has(each.dataset.key))) {
      const after = this.items().find((each) => Number(each.dataset.key) > Number(item.dataset.key));
      this.list.insertBefore(item, after ?? null);
    }
    prepare();
    if (!this.at || this.at.dataset.decided) this.begin();
  }

  items() {
    return [...this.list.children];
  }

  choose(event) {
    const item = event.target.closest("[data-key]");
    if (!item || event.target.closest("a, button")) return;
    this.at = item;
    this.show();
  }

  submit(event) {
    const [way, job] = event.submitter.value.split(":");
    event.preventDefault();
    this.decide(way, job);
  }

  press(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.matches("textarea, input:not([type=range])")) return;
    const key = event.key;
    if (key === "ArrowRight" || key === "ArrowLeft") this.go(key === "ArrowRight" ? 1 : -1);
    else if (key === "ArrowUp" || key === "ArrowDown") this.slide(key === "ArrowUp" ? 8 : -8);
    else if (key === "u") this.undo();
    else if (key === "r" && !this.at?.querySelector('[value^="redo:"]')) return;
    else if ({ a: 1, x: 1, r: 1 }[key] && this.at) this.decide({ a: "approve", x: "reject", r: "redo" }[key], this.at.dataset.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  slide(step) {
    const slider = this.stage.querySelector("input");
    if (!slider) return;
    slider.value = Number(slider.value) + step;
    slider.dispatchEvent(new Event("input"));
  }

  go(step) {
    const items = this.items();
    const next = items[items.indexOf(this.at) + step];
    if (!next) return;
    this.at = next;
    this.show();
  }

  async decide(way, job) {
    const item = this.items().find((each) => each.dataset.key === job);
    if (!item) return;
    if (way === "undo") return this.undo(job);
    const was = this.at;
    item.dataset.decided = { approve: "approved", reject: "rejected", redo: "redo" }[way];
    this.left -= 1;
    this.mark(item);
    this.done.push([job, Date.now()]);
    if (item === was) this.goOn();
    const answer = await this.send(way, job);
    if (answer.ok) { this.say(answer.text.replace(/; until then.*/s, "; u takes it back")); return; }
    delete item.dataset.decided;
    this.left += 1;
    this.done = this.done.filter(([each]) => each !== job);
    this.mark(item);
    this.say(answer.text);
  }

  goOn() {
    const items = this.items();
    const next = items.slice(items.indexOf(this.at) + 1).find((item) => !item.dataset.decided);
    if (next) this.at = next;
    this.show();
    if (items.length - items.indexOf(this.at) < 20) this.more();
  }

  async undo(job) {
    const last = job ? [job] : this.done.findLast(([, when]) => Date.now() - when < 10000);
    if (!last) { this.say("There is no decision to take back."); return; }
    const answer = await this.send("undo", last[0]);
    this.say(answer.text);
    if (!answer.ok) return;
    this.done = this.done.filter(([each]) => each !== last[0]);
    this.at = this.items().find((each) => each.dataset.key === last[0]);
    delete this.at.dataset.decided;
    this.left += 1;
    this.mark(this.at);
    this.show();
  }

  async send(way, job) {
    const body = new URLSearchParams({ token: this.token, one: `${way}:${job}` });
    const answer = await fetch("/review", { method: "POST", body, headers: { Accept: "text/plain" } }).catch(() => null);
    return { ok: answer?.ok ?? false, text: answer ? await answer.text() : "hotfolder did not answer." };
  }

  async more() {
    if (this.asking || this.isAll) return;
    this.asking = true;
    const fresh = await this.fetched(this.items().at(-1).dataset.key);
    this.asking = false;
    if (!fresh) return;
    this.isAll = !fresh.children.length;
    this.list.append(fresh);
    prepare();
  }

  async fetched(after) {
    const answer = await fetch(`/review/more?after=${after}`).catch(() => null);
    if (!answer?.ok) return null;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    return fresh.content;
  }

  count() {
    document.querySelector("[data-count]").textContent = this.left;
    document.querySelector("[data-nothing]").hidden = this.left > 0;
  }

  mark(item) {
    this.count();
    item.classList.toggle("decided", Boolean(item.dataset.decided));
  }

  picture(address) {
    if (!this.kept.has(address)) {
      const picture = new Image();
      picture.src = address;
      picture.decode?.().catch(() => {});
      this.kept.set(address, picture);
      if (this.kept.size > 24) this.kept.delete(this.kept.keys().next().value);
    }
    return this.kept.get(address);
  }

  show() {
    if (!this.at) return;
    const items = this.items();
    const compare = Object.assign(document.createElement("div"), { className: "compare" });
    const name = this.at.querySelector(".name").textContent;
    for (const side of ["before", "after"]) {
      const figure = Object.assign(document.createElement("figure"), { className: side });
      const picture = this.picture(this.at.dataset[side]);
      picture.alt = `${name}, ${side}`;
      const caption = Object.assign(document.createElement("figcaption"), { textContent: side === "before" ? "Before" : "After" });
      figure.append(picture, caption);
      compare.append(figure);
    }
    const said = this.at.querySelector(".said").cloneNode(true);
    const buttons = this.at.querySelector(".do").cloneNode(true);
    const line = Object.assign(document.createElement("div"), { className: "deciding" });
    line.append(said, buttons);
    this.stage.replaceChildren(compare, line, this.told ??= this.line());
    slide(compare);
    items.forEach((item) => item.classList.toggle("at", item === this.at));
    const middle = this.at.offsetLeft - this.list.offsetLeft + this.at.offsetWidth / 2;
    this.list.scrollLeft = middle - this.list.clientWidth / 2; // the strip alone: the page stays where it is
    const here = items.indexOf(this.at);
    for (const next of items.slice(here + 1, here + 7)) {
      this.picture(next.dataset.before);
      this.picture(next.dataset.after);
    }
  }

  line() {
    const line = Object.assign(document.createElement("p"), { className: "saying hint" });
    line.setAttribute("role", "status");
    return line;
  }

  say(text) {
    this.told.textContent = text;
  }
}

each("[data-review]", (list) => new Review(list));
