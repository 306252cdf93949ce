// What pages do by themselves. Every page works without it.
"use strict";

// Parts marked data-live are fetched again now and then, and replaced where they changed. Who is typing in one, selects
// text in it or has the focus in it, is left alone, and wide tables stay where they were; a hidden page asks for nothing.
const SECONDS = 10;

function inUse(part) {
  const selected = getSelection();
  return part.contains(document.activeElement) || (!selected.isCollapsed && selected.containsNode(part, true));
}

async function refresh() {
  const parts = [...document.querySelectorAll("[data-live]")];
  if (document.hidden || parts.length === 0) return;
  const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "error" });
  if (!answer.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of parts) {
    const newer = document.getElementById(part.id) === part ? made.getElementById(part.id) : null;
    if (newer === null || inUse(part)) continue;
    const opened = newer.querySelectorAll("details");
    part.querySelectorAll("details").forEach((one, nr) => opened[nr] && (opened[nr].open = one.open));
    if (newer.innerHTML === part.innerHTML) continue;
    const scrolled = [...part.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    part.replaceWith(newer);
    newer.querySelectorAll(".scroll").forEach((one, nr) => (one.scrollLeft = scrolled[nr] ?? 0));
  }
}

if (document.querySelector("[data-live]")) {
  setInterval(() => refresh().catch(() => undefined), SECONDS * 1000);
}

// A file that is dropped on a form goes into its field for one, and is sent at once.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const field = form.elements[form.dataset.drop];
  form.classList.add("scripted");
  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("dropping");
  });
  form.addEventListener("dragleave", () => form.classList.remove("dropping"));
  form.addEventListener("drop", (event) => {
    form.classList.remove("dropping");
    if (event.dataTransfer.files.length !== 1) return;
    event.preventDefault();
    field.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}

// Who goes to a place in the words of a message sees the same place in the XML beside them.
function follow() {
  const place = /^#([ef])(\d+)$/.exec(location.hash);
  const pane = document.querySelector(".beside .source");
  const beside = place && pane && document.getElementById((place[1] === "e" ? "r" : "x") + place[2]);
  if (beside) pane.scrollTop = beside.closest("li").offsetTop - pane.clientHeight / 3;
}

addEventListener("hashchange", follow);
follow();

// A field that is there to be copied gets a button that does it; who has no script selects and copies.
for (const field of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  button.textContent = field.dataset.copy;
  const told = document.createElement("span");
  told.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      told.textContent = " Gekopieerd.";
    } catch {
      told.textContent = " Geselecteerd: kopieer met Ctrl+C.";
    }
  });
  field.after(button, told);
}

// What is wrong with a form is read out first.
document.querySelector("#fouten, main [role=alert][tabindex='-1']")?.focus();

// Before a session ends because nothing was asked of it, whoever fills in a form can go on with it.
const session = document.getElementById("sessie");
let warning, ending;

function tell(text, ...more) {
  const told = document.createElement("p");
  told.setAttribute("role", "alert");
  told.textContent = text;
  session.replaceChildren(told, ...more);
}

function begin() {
  const milliseconds = session.dataset.seconds * 1000;
  clearTimeout(warning);
  clearTimeout(ending);
  warning = setTimeout(warn, Math.max(milliseconds - 120_000, milliseconds / 2));
  ending = setTimeout(() => tell("Uw sessie is verlopen. Bewaar elders wat u hier invulde, en meld u opnieuw aan."), milliseconds);
}

function warn() {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Verder werken";
  button.addEventListener("click", async () => {
    const body = new URLSearchParams({ form_key: session.dataset.key });
    const answer = await fetch(session.dataset.renew, { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (answer === null || answer.status !== 204) return tell("Dat lukte niet: uw sessie is verlopen, of er is geen verbinding.");
    session.replaceChildren();
    document.getElementById("inhoud").focus();
    begin();
  });
  const minutes = Math.ceil(Math.min(120, session.dataset.seconds / 2) / 60);
  tell(`Uw sessie verloopt over ${minutes === 1 ? "een minuut" : `${minutes} minuten`}.`, button);
}

if (session !== null) begin();
