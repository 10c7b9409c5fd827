// Asks the daemon. The session's key is kept by origin, port included; the cookie alone is worth
// nothing. HTML gets into the page here and nowhere else: the server has escaped all of it.
const trusted = globalThis.trustedTypes?.createPolicy("routerd", { createHTML: (text) => text });

function headers(more) {
  return { "x-routerd-key": localStorage.getItem("routerd-key") ?? "", ...more };
}

async function ask(path, options = {}) {
  const answer = await fetch(`/dashboard/api/${path}`, {
    ...options,
    headers: headers(options.headers),
  });
  if (answer.status === 401) {
    localStorage.removeItem("routerd-key");
    document.dispatchEvent(new CustomEvent("closed"));
    throw new Error("This session has ended; `routerd dashboard` opens another.");
  }
  if (!answer.ok) {
    const found = await answer.json().catch(() => null);
    throw new Error(found?.error?.message ?? `routerd answered ${answer.status}`);
  }
  return answer;
}

export async function html(path, signal) {
  return (await ask(path, { signal })).text();
}

export async function get(path) {
  return (await ask(path)).json();
}

export async function post(path, values) {
  const answer = await ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(values),
  });
  return answer.json();
}

export function put(element, text) {
  element.innerHTML = trusted ? trusted.createHTML(text) : text;
}

export function fragment(text) {
  const holder = document.createElement("template");
  put(holder, text);
  return holder.content;
}

// Calls `told(kind, facts)` for each event, and `kind` "lost" while there is no stream. Reconnects.
export async function listen(told) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 10000)) {
    try {
      const answer = await ask("events");
      wait = 500;
      for await (const event of events(answer.body)) told(event.kind, event.facts);
    } catch (fault) {
      if (!localStorage.getItem("routerd-key")) return;
    }
    told("lost", {});
    await new Promise((done) => setTimeout(done, wait));
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const [first, second] = block.split("\n");
      if (second) yield { kind: first.slice(7), facts: JSON.parse(second.slice(6)) };
    }
  }
}
