// The page: which view is shown, what is open beside it, keys, and what the daemon tells.
import { fragment, get, html, listen, post, put } from "./api.js";
import { List } from "./list.js";
import { nextTheme, toast, watchTips } from "./bits.js";

const main = document.getElementById("main");
const panel = document.getElementById("panel");
const keys = document.getElementById("keys");
const offline = document.getElementById("offline");
const names = [...document.querySelectorAll(".rail a")].map((link) => link.dataset.view);
let list = null;
let openId = "";
let asked = 0;
let stripTimer = 0;

const viewOf = (url) => {
  const name = url.pathname.replace("/dashboard/", "");
  return names.includes(name) ? name : "decisions";
};

async function show(url, { quiet = false } = {}) {
  const turn = ++asked;
  const view = viewOf(url);
  const query = new URLSearchParams(url.search);
  const id = query.get("d") ?? "";
  query.delete("d");
  const same = main.dataset.shown === `${view}?${query}`;
  if (!same || quiet) {
    main.setAttribute("aria-busy", "true");
    const text = await html(`view/${view}?${query}`);
    if (turn !== asked) return;
    list?.stop();
    list = null;
    put(main, text);
    main.dataset.view = view;
    main.dataset.shown = `${view}?${query}`;
    main.removeAttribute("aria-busy");
    mark(view);
    if (view === "decisions") {
      list = new List(main, query.toString());
      await list.load();
    }
  }
  await openDecision(id);
}

function mark(view) {
  for (const link of document.querySelectorAll(".rail a")) {
    if (link.dataset.view !== view) link.removeAttribute("aria-current");
    else {
      link.setAttribute("aria-current", "page");
      // Where the views stand in one row, the current one may be out of sight.
      link.parentElement.scrollTo({ left: link.offsetLeft - 80 });
    }
  }
  document.title = `${document.querySelector(`.rail a[data-view="${view}"] span`).textContent} – routerd`;
}

async function openDecision(id) {
  openId = id;
  for (const row of main.querySelectorAll(".chosen")) row.classList.remove("chosen");
  if (!id) {
    const had = panel.contains(document.activeElement);
    panel.hidden = true;
    document.body.classList.remove("split");
    panel.replaceChildren();
    if (had) main.focus({ preventScroll: true });
    return;
  }
  main.querySelector(`.row[data-id="${CSS.escape(id)}"]`)?.classList.add("chosen");
  const text = await html(`decision/${encodeURIComponent(id)}`);
  if (openId !== id) return;
  put(panel, text);
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add("split");
}

function go(href, { replace = false } = {}) {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin || !url.pathname.startsWith("/dashboard/")) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  if (!url.searchParams.has("d")) scrollTo(0, 0);
  return show(url).catch(failed);
}

function here(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
}

function failed(fault) {
  if (fault.name !== "AbortError") toast(fault.message, "bad");
}

document.addEventListener("click", (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const link = event.target.closest("a[href^='/dashboard/']");
  if (link) {
    event.preventDefault();
    const id = link.dataset.id ?? link.dataset.open;
    go(id ? here({ d: openId === id ? "" : id }) : link.href);
  } else if (event.target.closest("[data-close]")) go(here({ d: "" }));
  else if (event.target.closest("[data-judge]")) judge(event.target.closest("[data-judge]"));
  else if (event.target.closest("#reload")) reload();
});

async function judge(button) {
  const value = button.dataset.judge;
  await post("feedback", { decision: openId, value }).then(() => {
    toast(`Noted: that answer was ${value}. Later choices learn from it.`);
    for (const one of panel.querySelectorAll("[data-judge]")) one.setAttribute("aria-pressed", String(one === button));
  }, failed);
}

async function reload() {
  await post("reload", {}).then((told) => toast(told.error || "The files are in force.", told.error ? "bad" : ""), failed);
  await show(new URL(location.href), { quiet: true }).catch(failed);
}

let typing = 0;
main.addEventListener("input", (event) => {
  if (!event.target.closest("#filters")) return;
  clearTimeout(typing);
  typing = setTimeout(refilter, event.target.matches("select") ? 0 : 180);
});
main.addEventListener("submit", (event) => event.preventDefault());

async function refilter() {
  const form = document.getElementById("filters");
  const url = new URL("/dashboard/", location.href);
  for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
  const query = url.searchParams.toString();
  if (openId) url.searchParams.set("d", openId);
  history.replaceState(null, "", url);
  main.dataset.shown = `decisions?${query}`;
  list?.stop();
  document.getElementById("blocks").replaceChildren();
  list = new List(main, query);
  await list.load().catch(failed);
}

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || keys.open) return;
  const writing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    if (writing && event.target.value && event.target.type === "search") return;
    if (writing) event.target.blur();
    else if (openId) go(here({ d: "" }));
    return;
  }
  if (writing) return;
  const actions = {
    j: () => list?.step(1),
    k: () => list?.step(-1),
    "/": () => document.getElementById("search")?.focus(),
    "?": () => keys.showModal(),
    t: changeTheme,
  };
  const number = Number(event.key) - 1;
  const action = actions[event.key] ?? (names[number] && (() => go(number ? `/dashboard/${names[number]}` : "/dashboard/")));
  if (!action) return;
  event.preventDefault();
  const row = action();
  // While a decision is open, moving on opens the next one beside it.
  if (openId && row?.dataset?.id) go(here({ d: row.dataset.id }), { replace: true });
});

function changeTheme() {
  document.getElementById("theme-told").textContent = `Theme: ${nextTheme()}`;
}

document.getElementById("theme").addEventListener("click", changeTheme);
document.getElementById("help").addEventListener("click", () => keys.showModal());
offline.addEventListener("click", async () => {
  // What the daemon says is shown, never what was wished for.
  offline.disabled = true;
  await post("offline", { offline: offline.getAttribute("aria-checked") !== "true" }).then(head, failed);
  offline.disabled = false;
});
addEventListener("popstate", () => show(new URL(location.href)).catch(failed));
document.addEventListener("closed", () => location.reload());

function head(told) {
  const ready = told.state === "ready";
  document.getElementById("dot").className = `dot ${ready ? "dot-good" : "dot-warn"}`;
  const layer = told.layer ? ` (${told.layer})` : "";
  const models = `${told.usable} ${told.usable === 1 ? "model" : "models"}`;
  document.getElementById("state").textContent = `${told.state} · ${told.profile} · ${models}${told.offline ? ` · offline${layer}` : ""}`;
  offline.setAttribute("aria-checked", String(told.offline));
  offline.disabled = false;
}

const told = {
  state: (facts) => {
    head(facts);
    if (main.dataset.lost) {
      delete main.dataset.lost;
      show(new URL(location.href), { quiet: true }).catch(failed);
    }
  },
  lost: () => {
    main.dataset.lost = "yes";
    document.getElementById("dot").className = "dot dot-off";
    document.getElementById("state").textContent = "not running, or not reached";
    offline.disabled = true;
  },
  decision: (facts) => list?.put(facts.id, facts.html),
  outcome: (facts) => {
    list?.put(facts.id, facts.html);
    if (facts.id === openId) openDecision(openId).catch(failed);
    stripSoon();
  },
  mode: (facts) => {
    toast(facts.offline ? "Offline mode is on." : "Offline mode is off.");
    changed("egress");
  },
  refused: (facts) => facts.for_request && toast(`Refused, because offline: ${facts.server}`, "bad"),
  engine: (facts) => {
    toast(`${facts.name} ${facts.up ? "is there" : "is gone"}`, facts.up ? "" : "bad");
    changed("models");
  },
  settings: (facts) => {
    toast(facts.error || `${facts.file} is in force.`, facts.error ? "bad" : "");
    changed("policy");
  },
  missed: () => show(new URL(location.href), { quiet: true }).catch(failed),
};

// The head tells it at once, and the view that it concerns is read again.
async function changed(view) {
  await get("state").then(head, failed);
  if (main.dataset.view === view) await show(new URL(location.href), { quiet: true }).catch(failed);
}

function stripSoon() {
  if (stripTimer || main.dataset.view !== "decisions" || document.hidden) return;
  stripTimer = setTimeout(async () => {
    stripTimer = 0;
    const old = document.getElementById("strip");
    if (old) old.replaceWith(fragment(await html("strip")));
  }, 1500);
}

watchTips();
show(new URL(location.href)).catch(failed);
listen((kind, facts) => told[kind]?.(facts));
