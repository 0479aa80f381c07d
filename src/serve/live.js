"use strict";
{
  const live = document.getElementById("live");
  const status = (tone, text) => { live.className = "live " + tone; if (live.textContent !== text) live.textContent = text; };

  // An old tree becomes like a fresh one, in place: focus, open details, selections and what was typed stay.
  const key = (node) => {
    if (node.nodeType !== 1) return node.nodeName;
    if (node.id) return "#" + node.id;
    const named = /^(ARTICLE|TR|LI)$/.test(node.nodeName) && node.firstElementChild;
    return node.nodeName + (named ? node.firstElementChild.textContent : "");
  };
  const children = (old, fresh) => {
    const had = new Map();
    for (const node of old.childNodes) had.set(key(node), [...(had.get(key(node)) ?? []), node]);
    const wanted = [...fresh.childNodes].map((node) => [node, had.get(key(node))?.shift()]);
    for (const left of had.values()) for (const node of left) node.remove();
    let at = old.firstChild;
    for (const [node, same] of wanted) {
      if (!same) { old.insertBefore(node, at); continue; }
      if (same === at) at = at.nextSibling; else old.insertBefore(same, at);
      if (node.nodeType === 1) morph(same, node); else if (same.data !== node.data) same.data = node.data;
    }
  };
  const morph = (old, fresh) => {
    const kept = (name) => (name === "open" && old.nodeName === "DETAILS") || (name === "disabled" && old.nodeName === "BUTTON");
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !kept(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (!old.matches(".said")) children(old, fresh);
  };

  let over = false, heard, name = "";
  const quiet = () => status("bad", "No message for 30 s. To see whether the run continues: backburn runs show");
  const hear = () => { clearTimeout(heard); if (!over) heard = setTimeout(quiet, 30000); };
  const events = new EventSource("events");
  events.addEventListener("section", (event) => {
    hear();
    const { id, html } = JSON.parse(event.data);
    const part = document.querySelector(`[data-part="${id}"]`);
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    if (part) children(part, fresh.content);
    if (id === "asks") for (const input of document.querySelectorAll('.ask [name="by"]')) if (!input.value) input.value = name;
  });
  events.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    document.title = state.title;
    status(state.status.tone, state.status.text);
    over = state.over;
    if (over) { events.close(); clearTimeout(heard); } else hear();
  });
  events.addEventListener("beat", hear);
  events.addEventListener("error", () => {
    if (over) return;
    clearTimeout(heard);
    const end = events.readyState === EventSource.CLOSED ? "" : ", trying again";
    status("bad", "The connection is lost" + end + ". To see whether the run continues: backburn runs show");
  });

  // No button submits, so that Enter in a field answers nothing.
  document.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("form.ask button");
    if (!button) return;
    const form = button.closest("form"), said = form.querySelector(".said");
    if (!form.reportValidity()) return;
    const typed = new FormData(form);
    name = typed.get("by");
    const { step, question, plan } = form.dataset;
    const answer = { step, question, plan, by: name, role: typed.get("role"), reason: typed.get("reason"), yes: button.value === "yes" };
    const buttons = form.querySelectorAll("button");
    for (const one of buttons) one.disabled = true;
    const say = (good, text) => { said.className = good ? "said good" : "said"; said.textContent = text; };
    say(true, "");
    try {
      const sent = await fetch("answer", {
        method: "POST", body: JSON.stringify(answer), redirect: "error",
        headers: { "content-type": "application/json", "x-backburn-csrf": live.dataset.csrf },
      });
      const told = await sent.json().catch(() => ({ error: `the server answered ${sent.status}` }));
      say(sent.ok, told.said ?? told.error);
      if (sent.ok) return;
    } catch {
      say(false, "The answer was not sent: the connection is lost.");
    }
    for (const one of buttons) one.disabled = false;
  });
}
