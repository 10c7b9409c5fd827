// Exchanges the code behind the # for a session, and leaves no trace of it in the history.
const code = location.hash.slice(1);
history.replaceState(null, "", "/dashboard/open");
const told = document.getElementById("told");

try {
  const answer = await fetch("/dashboard/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error.message);
  localStorage.setItem("routerd-key", found.key);
  location.replace(found.to);
} catch (fault) {
  told.textContent = code ? fault.message : "There is no code in this link; `routerd dashboard` makes one.";
}
