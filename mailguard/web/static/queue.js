// The queue's keys and its live count. The page works without it.
"use strict";

(() => {
  const queue = document.querySelector(".queue");
  const links = () => [...document.querySelectorAll(".case-link")];
  const dialog = document.getElementById("keys");
  const POLL_MILLISECONDS = 60_000;

  document.querySelector(".keys-hint").hidden = false;

  function move(step) {
    const all = links();
    if (!all.length) return;
    const here = all.indexOf(document.activeElement);
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step;
    all[Math.min(Math.max(next, 0), all.length - 1)].focus();
  }

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, select, textarea, dialog");
    if (isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?") dialog.showModal();
    else if (event.key === "/") document.getElementById("words")?.focus();
    else return;
    event.preventDefault();
  });

  async function look() {
    if (document.hidden) return;
    let counts;
    try {
      const answer = await fetch(queue.dataset.countUrl, { headers: { Accept: "application/json" }, redirect: "error" });
      if (!answer.ok) return;
      counts = await answer.json();
    } catch {
      // No network, or signed out: the next look, or the next click, will tell.
      return;
    }
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = counts.waiting ? `(${counts.waiting}) ${title}` : title;
    const isNew = String(counts.waiting) !== queue.dataset.waiting || String(counts.unacknowledged) !== queue.dataset.unacknowledged;
    document.getElementById("queue-news").hidden = !isNew;
  }

  setInterval(look, POLL_MILLISECONDS);
  document.addEventListener("visibilitychange", look);
})();
