// Comforts on every page: menus that close, and copying what is shown. Pages work without this.
"use strict";

// On a narrow screen the sections stand in one row that scrolls: the one shown now is in sight.
for (const here of document.querySelectorAll(".sections a[aria-current]")) {
  const row = here.closest(".sections");
  const [inner, outer] = [here.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  // "/" goes to the page's search, as on many sites, unless somebody is typing.
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    window.getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
  window.setTimeout(() => {
    button.textContent = before;
  }, 1500);
}

// A list that was not found in time says so in its own place, though the answer is a refusal.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (xhr.status !== 503 || !xhr.responseText.includes(`id="${target.id}"`)) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

// Addresses of filtered lists name what is asked, and nothing that is left empty.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") return;
  for (const [name, text] of [...event.detail.formData.entries()]) {
    if (text === "") event.detail.formData.delete(name);
  }
});

// A period that is chosen by name puts its days into the fields beside it, and days that are typed
// make it one of its own: what is shown after "Show" is what the form says before.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  const period = form && form.querySelector("select[data-days]");
  if (!period) return;
  const days = ["from", "to"].map((name) => form.elements[name]).filter(Boolean);
  if (event.target === period) {
    const chosen = period.selectedOptions[0];
    if (!chosen.dataset.to) return;
    for (const day of days) {
      day.type = "date";
      day.value = chosen.dataset[day.name];
    }
    form.elements.shown.value = `${chosen.dataset.from} ${chosen.dataset.to}`;
  } else if (days.includes(event.target)) {
    period.value = period.dataset.days;
  }
});
