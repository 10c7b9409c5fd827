// Small things beside the page: a word in the corner, the theme, what the pointer is over.
const themes = ["as the system", "light", "dark"];

export function toast(text, kind = "") {
  const note = document.createElement("p");
  note.className = `toast ${kind && `toast-${kind}`}`;
  note.textContent = text;
  const place = document.getElementById("toasts");
  place.append(note);
  while (place.children.length > 4) place.firstElementChild.remove();
  setTimeout(() => note.remove(), kind === "bad" ? 9000 : 4500);
}

export function nextTheme() {
  const root = document.documentElement;
  const now = themes[(themes.indexOf(root.dataset.theme ?? themes[0]) + 1) % themes.length];
  if (now === themes[0]) delete root.dataset.theme;
  else root.dataset.theme = now;
  localStorage.setItem("routerd-theme", now);
  return now;
}

export function watchTips() {
  const tip = document.createElement("p");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const about = event.target.closest?.("[data-tip]");
    tip.hidden = !about;
    if (!about) return;
    tip.textContent = about.dataset.tip;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 12)}px`;
  });
}
