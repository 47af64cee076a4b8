// The form of an entry: rows are added in place, and the balance is shown while one types. Amounts
// are whole minor units in BigInt here too; the server judges everything again.
"use strict";

(() => {
  const form = document.querySelector("form.entry-form");
  if (!form) return;
  const exponent = Number(form.dataset.exponent);
  const rows = document.getElementById("rows");
  const template = document.getElementById("row-template");

  /** Minor units of an amount as typed; null where it is none. */
  function read(text) {
    const trimmed = text.trim();
    if (trimmed === "") return 0n;
    const amount = /^(\d{1,3}(?:,\d{3})+|\d{1,3}(?:\s\d{3})+|\d+)?(?:\.(\d*))?$/;
    const found = amount.exec(trimmed);
    if (!found || (!found[1] && !found[2])) return null;
    const decimals = found[2] ?? "";
    if (decimals.length > exponent) return null;
    return BigInt((found[1] ?? "0").replace(/[,\s]/g, "") + decimals.padEnd(exponent, "0"));
  }

  function write(minor) {
    const digits = minor.toString().padStart(exponent + 1, "0");
    const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ",");
    return exponent ? `${whole}.${digits.slice(-exponent)}` : whole;
  }

  function sum(column) {
    let total = 0n;
    for (const input of rows.querySelectorAll(`input[name^="${column}."]`)) {
      const minor = read(input.value);
      if (minor === null) return null;
      total += minor;
    }
    return total;
  }

  function balance() {
    const debits = sum("debit");
    const credits = sum("credit");
    const output = document.getElementById("balance");
    document.getElementById("debits").textContent = debits === null ? "?" : write(debits);
    document.getElementById("credits").textContent = credits === null ? "?" : write(credits);
    let text = "An amount cannot be read";
    let state = "apart";
    if (debits !== null && credits !== null) {
      const apart = debits > credits ? debits - credits : credits - debits;
      if (apart === 0n) {
        state = debits === 0n ? "" : "balanced";
        text = debits === 0n ? "" : "Balanced";
      } else text = `${write(apart)} more ${debits > credits ? "debit" : "credit"} than ${debits > credits ? "credit" : "debit"}`;
    }
    if (output.textContent !== text) output.textContent = text;
    output.dataset.state = state;
    return { debits, credits };
  }

  function addRow() {
    const count = rows.children.length;
    if (count >= Number(rows.dataset.max)) return null;
    const fragment = template.content.cloneNode(true);
    for (const input of fragment.querySelectorAll("input")) {
      input.name = input.name.replace(".NEW", `.${count}`);
      const label = input.getAttribute("aria-label");
      if (label) input.setAttribute("aria-label", `${label}${count + 1}`);
    }
    const row = fragment.querySelector("tr");
    row.querySelector("th").prepend(String(count + 1));
    rows.append(fragment);
    window.daybookPickers(row);
    return row;
  }

  document.getElementById("more-rows").addEventListener("click", (event) => {
    event.preventDefault();
    addRow()?.querySelector("input[data-find]").focus();
  });

  rows.addEventListener("input", balance);
  rows.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.defaultPrevented) {
      // Enter goes on to the next line instead of sending half an entry.
      event.preventDefault();
      const row = input.closest("tr");
      const next = row.nextElementSibling ?? addRow();
      next?.querySelector("input[data-find]").focus();
    }
    const column = /^(debit|credit)\./.exec(input.name);
    if (column && event.key === "=" && input.value === "") {
      // "=" fills in what is missing to the balance.
      event.preventDefault();
      const { debits, credits } = balance();
      if (debits === null || credits === null) return;
      const missing = column[1] === "debit" ? credits - debits : debits - credits;
      if (missing > 0n) {
        input.value = write(missing).replace(/,/g, "");
        balance();
      }
    }
  });
  // What is offered first, from wherever on the page one is.
  const first = form.querySelector(".save .primary");
  const hint = document.getElementById("keys");
  hint.textContent = `Ctrl and Enter: ${first.textContent}`;
  hint.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(first);
    }
  });

  balance();
  document.getElementById("told")?.focus();
})();
