"use strict";
// All that the page does without this script it does with it; the script only keeps numbers and pictures fresh.
const EVERY_MS = 3000;

async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch("/live.json");
      const state = answer.ok ? await answer.json() : {};
      for (const place of document.querySelectorAll("[data-live]")) {
        const value = state[place.dataset.live];
        if (value !== undefined && place.textContent !== String(value)) place.textContent = value;
      }
      for (const picture of document.querySelectorAll("img[data-reload]")) {
        const next = new Image();
        const address = picture.src.split("?")[0] + "?" + Date.now();
        next.onload = () => { picture.src = address; };
        next.src = address;
      }
    } catch { /* the node is stopped or restarts: the next round tells */ }
  }
  setTimeout(refresh, EVERY_MS);
}
if (document.querySelector("[data-live], [data-reload]")) setTimeout(refresh, EVERY_MS);

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}
