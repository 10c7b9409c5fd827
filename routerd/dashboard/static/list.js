// The list of decisions: pages of rows, of which only those near the window are in the document.
import { fragment, html } from "./api.js";

// How far beyond the window rows are kept, in pixels.
const NEAR = "1500px";

export class List {
  constructor(root, query) {
    this.blocks = root.querySelector("#blocks");
    this.end = root.querySelector("#end");
    this.query = query;
    this.next = "";
    this.loading = null;
    this.kept = new WeakMap();
    this.ids = new Set();
    this.windows = new IntersectionObserver((seen) => seen.forEach((one) => this.#show(one)), {
      rootMargin: NEAR,
    });
    this.more = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && this.load(), {
      rootMargin: NEAR,
    });
  }

  stop() {
    this.windows.disconnect();
    this.more.disconnect();
    this.stopped = true;
  }

  // One page at a time.
  load() {
    if (this.next === null || this.stopped) return Promise.resolve();
    this.loading ??= this.#load().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  async #load() {
    const query = new URLSearchParams(this.query);
    if (this.next) query.set("before", this.next);
    const block = fragment(await html(`rows?${query}`)).firstElementChild;
    if (this.stopped) return;
    this.next = block.dataset.next || null;
    // What came in live is there already.
    for (const row of block.querySelectorAll(".row")) {
      if (this.ids.has(row.dataset.id)) row.parentElement.remove();
      else this.ids.add(row.dataset.id);
    }
    if (block.children.length) {
      this.blocks.append(block);
      this.windows.observe(block);
    }
    this.end.textContent = this.next ? "Loading…" : this.ids.size ? "That is all." : "No decision fits.";
    // Observed anew, so that it is told again where the end is still near.
    this.more.unobserve(this.end);
    if (this.next) this.more.observe(this.end);
  }

  // Rows far away are taken out and their place is kept; what has focus stays.
  #show({ target: block, isIntersecting: near, boundingClientRect: box }) {
    const kept = this.kept.get(block);
    if (near && kept) {
      block.style.height = "";
      block.append(...kept);
      this.kept.delete(block);
    } else if (!near && !kept && box.height > 0 && !block.contains(document.activeElement)) {
      block.style.height = `${box.height}px`;
      this.kept.set(block, [...block.children]);
      block.replaceChildren();
    }
  }

  // Puts a row that has just come in at the top, or in place of what it was before.
  put(id, text) {
    const item = fragment(text).querySelector("li");
    const row = item.firstElementChild;
    const old = this.blocks.querySelector(`.row[data-id="${CSS.escape(id)}"]`);
    if (old) {
      const focused = old === document.activeElement;
      old.parentElement.replaceWith(item);
      if (focused) row.focus({ preventScroll: true });
      return row;
    }
    if (this.ids.has(id) || !this.#fits(row)) return null;
    this.ids.add(id);
    let first = this.blocks.firstElementChild;
    if (!first?.classList.contains("top") || first.children.length >= 100) {
      first = document.createElement("ol");
      first.className = "block top";
      this.blocks.prepend(first);
      this.windows.observe(first);
    }
    first.prepend(item);
    row.classList.add("new");
    if (this.end.textContent === "No decision fits.") this.end.textContent = "That is all.";
    return row;
  }

  #fits(row) {
    const about = row.textContent.toLowerCase();
    for (const [name, value] of new URLSearchParams(this.query)) {
      if (!value) continue;
      if (name === "q") {
        if (!value.toLowerCase().split(/\s+/).every((word) => about.includes(word))) return false;
      } else if (name in row.dataset && row.dataset[name] !== value) return false;
    }
    return true;
  }

  // Moves the focus by one row; returns it.
  step(by) {
    const rows = [...this.blocks.querySelectorAll(".row")];
    const at = rows.findIndex((row) => row === document.activeElement || row.matches(".chosen"));
    const row = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
    return row;
  }
}
