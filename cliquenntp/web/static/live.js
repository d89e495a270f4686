"use strict";
// All that the page does without this script it does with it; the script only keeps numbers and pictures fresh.
const EVERY_MS = 3000;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const pauses = document.querySelectorAll("[data-pause]");
const shown = new WeakMap();
let isPaused = false;

async function refreshNumbers() {
  const places = document.querySelectorAll("[data-live]");
  if (!places.length) return;
  const answer = await fetch("/live.json");
  const state = answer.ok ? await answer.json() : {};
  for (const place of places) {
    const value = state[place.dataset.live];
    if (value !== undefined && place.textContent !== String(value)) place.textContent = value;
  }
}

async function refreshTables() {
  let isNew = false;
  for (const place of document.querySelectorAll("[data-refresh]")) {
    const answer = await fetch(place.dataset.refresh);
    const text = answer.ok ? await answer.text() : shown.get(place);
    // what did not change stays as it is, so that whoever reads or selects it is not disturbed
    if (shown.get(place) !== text) {
      isNew = true;
      shown.set(place, text);
      place.innerHTML = text;
    }
  }
  return isNew;
}

async function reload(picture) {
  const next = picture.cloneNode();
  next.src = picture.src.split("?")[0] + "?" + Date.now();
  await next.decode();
  picture.replaceWith(next);
}

async function refresh() {
  if (!document.hidden && !isPaused) {
    try {
      await refreshNumbers();
      const isNew = await refreshTables();
      // whoever wants no motion gets a new picture only when there is something new on it
      if (isNew || !still.matches) await Promise.all([...document.querySelectorAll("img[data-reload]")].map(reload));
    } catch { /* the node is stopped or restarts: the next round tells */ }
  }
  setTimeout(refresh, EVERY_MS);
}
if (document.querySelector("[data-live], [data-reload], [data-refresh]")) setTimeout(refresh, EVERY_MS);

for (const button of pauses) {
  button.hidden = false;
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    for (const one of pauses) one.setAttribute("aria-pressed", String(isPaused));
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}
