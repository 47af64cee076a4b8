// Fields that search while one types: a listbox under the field, by the pattern of ARIA's combobox.
// Without this the field takes the name, the code or "#" and the number as it is typed.
"use strict";

(() => {
  let serial = 0;
  const pause = 120; // milliseconds without a key before the server is asked

  function equip(input) {
    if (input.dataset.equipped) return;
    input.dataset.equipped = "yes";
    const list = document.createElement("ul");
    list.className = "suggestions";
    list.id = `suggestions-${++serial}`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    list.hidden = true;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    input.after(list);
    let timer = 0;
    let asked = 0;
    let at = -1;

    function close() {
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      const options = list.querySelectorAll("[role=option]");
      if (!options.length) return;
      at = (index + options.length) % options.length;
      options.forEach((option, position) => {
        option.setAttribute("aria-selected", position === at ? "true" : "false");
      });
      input.setAttribute("aria-activedescendant", options[at].id);
      options[at].scrollIntoView({ block: "nearest" });
    }

    function pick(option) {
      window.clearTimeout(timer);
      asked += 1; // what is still on its way is about what was typed before
      input.value = option.dataset.name;
      close();
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    function show(found) {
      list.textContent = "";
      found.forEach((each, position) => {
        const option = document.createElement("li");
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.id = `${list.id}-${position}`;
        option.dataset.name = each.name;
        option.textContent = each.name;
        if (each.hint) {
          const hint = document.createElement("small");
          hint.textContent = each.hint;
          option.append(hint);
        }
        list.append(option);
      });
      if (!found.length || document.activeElement !== input) {
        close();
        return;
      }
      at = -1;
      input.removeAttribute("aria-activedescendant");
      // Fixed to the window: tables that scroll would cut it off.
      const box = input.getBoundingClientRect();
      list.style.left = `${box.left}px`;
      list.style.top = `${box.bottom + 2}px`;
      list.style.minWidth = `${box.width}px`;
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
    }

    async function ask() {
      const number = ++asked;
      const address = new URL(input.dataset.find, window.location.href);
      address.searchParams.set("q", input.value);
      try {
        const answer = await fetch(address, { headers: { accept: "application/json" } });
        if (answer.ok && number === asked) show(await answer.json());
      } catch {
        close(); // away from the server: the field still takes what is typed
      }
    }

    input.addEventListener("input", (event) => {
      window.clearTimeout(timer);
      if (event.isTrusted) timer = window.setTimeout(ask, pause);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && list.hidden) ask();
      else if (event.key === "ArrowDown") mark(at + 1);
      else if (event.key === "ArrowUp" && !list.hidden) mark(at - 1);
      else if ((event.key === "Enter" || event.key === "Tab") && !list.hidden && at >= 0) {
        pick(list.querySelectorAll("[role=option]")[at]);
        if (event.key === "Tab") return;
      } else if (event.key === "Escape" && !list.hidden) close();
      else return;
      event.preventDefault();
    });
    input.addEventListener("blur", () => {
      window.clearTimeout(timer);
      asked += 1;
      close();
    });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const option = event.target.closest("[role=option]");
      if (option) pick(option);
    });
  }

  window.addEventListener(
    "scroll",
    (event) => {
      for (const list of document.querySelectorAll(".suggestions:not([hidden])")) {
        if (!list.contains(event.target)) list.previousElementSibling.blur();
      }
    },
    { capture: true, passive: true },
  );

  function equipAll(root) {
    for (const input of root.querySelectorAll("input[data-find]")) equip(input);
  }
  window.daybookPickers = equipAll;
  equipAll(document);
  document.addEventListener("htmx:afterSwap", () => equipAll(document));
})();
