"use strict";

// The explorer: sends what is typed, shows what comes back, and lists the schema's types.

const byId = (id) => document.getElementById(id);
const address = location.pathname;
const TYPES = `{
  __schema {
    types {
      name kind description
      fields(includeDeprecated: true) {
        name description isDeprecated type { ...T } args { name type { ...T } }
      }
      inputFields { name description type { ...T } }
      enumValues { name }
      possibleTypes { name }
    }
  }
}
fragment T on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }`;

let types = [];

async function send(query, variables, operationName) {
  const response = await fetch(address, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json, application/json;q=0.9",
      authorization: `Bearer ${byId("token").value}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ query, variables, operationName }),
  });
  return { status: response.status, text: await response.text() };
}

// Lays out JSON without reading its numbers, so that amounts keep every digit.
function layout(text) {
  let shown = "", depth = 0, quoted = false;
  const line = () => "\n" + "  ".repeat(depth);
  for (let at = 0; at < text.length; at += 1) {
    const each = text[at];
    if (quoted) {
      shown += each;
      if (each === "\\") shown += text[(at += 1)];
      else if (each === '"') quoted = false;
    } else if (each === '"') {
      quoted = true;
      shown += each;
    } else if (each === "{" || each === "[") {
      const empty = text[at + 1] === "}" || text[at + 1] === "]";
      depth += 1;
      shown += empty ? each : each + line();
    } else if (each === "}" || each === "]") {
      depth -= 1;
      shown += /[{[]$/.test(shown) ? each : line() + each;
    } else if (each === ",") shown += each + line();
    else if (each === ":") shown += ": ";
    else if (each.trim()) shown += each;
  }
  return shown;
}

function operations() {
  const select = byId("operation"), chosen = select.value;
  const names = [...byId("query").value.matchAll(/^\s*(?:query|mutation)\s+(\w+)/gm)].map((m) => m[1]);
  select.replaceChildren(new Option("the only one", ""), ...names.map((name) => new Option(name, name)));
  select.value = names.includes(chosen) ? chosen : "";
}

async function run() {
  const status = byId("status"), answer = byId("answer");
  let variables;
  try {
    variables = byId("variables").value.trim() ? exactly(byId("variables").value) : undefined;
  } catch (error) {
    status.textContent = `variables: ${error.message}`;
    return;
  }
  status.textContent = "…";
  const started = performance.now();
  try {
    const got = await send(byId("query").value, variables, byId("operation").value || undefined);
    answer.textContent = layout(got.text);
    status.textContent = `${got.status} in ${Math.round(performance.now() - started)} ms`;
  } catch (error) {
    status.textContent = error.message;
  }
}

const written = (type) =>
  type.kind === "NON_NULL" ? `${written(type.ofType)}!` : type.kind === "LIST" ? `[${written(type.ofType)}]` : type.name;
const named = (type) => (type.ofType ? named(type.ofType) : type.name);

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function member(field) {
  const link = element("a", written(field.type));
  link.tabIndex = 0;
  const go = () => {
    byId("search").value = named(field.type);
    list();
  };
  link.addEventListener("click", go);
  link.addEventListener("keydown", (event) => event.key === "Enter" && go());
  const args = (field.args || []).map((each) => `${each.name}: ${written(each.type)}`).join(", ");
  const code = element("code", `${field.name}${args ? `(${args})` : ""}: `, link);
  const item = element("li", "", code);
  if (field.isDeprecated) item.append(" (deprecated)");
  if (field.description) item.append(element("p", field.description));
  return item;
}

function list() {
  const wanted = byId("search").value.trim().toLowerCase();
  const members = (type) => type.fields || type.inputFields || [];
  const exact = types.filter((type) => type.name.toLowerCase() === wanted);
  const found = exact.length
    ? exact
    : types.filter(
        (type) =>
          type.name.toLowerCase().includes(wanted) ||
          members(type).some((field) => field.name.toLowerCase().includes(wanted)),
      );
  byId("types").replaceChildren(
    ...found.flatMap((type) => {
      const shown = [element("h2", type.name)];
      if (type.description) shown.push(element("p", type.description));
      const names = [...(type.enumValues || []), ...(type.possibleTypes || [])].map((each) => each.name);
      if (names.length) shown.push(element("p", names.join(" · ")));
      shown.push(element("ul", "", ...members(type).map(member)));
      return shown;
    }),
  );
}

async function load() {
  if (!byId("token").value) return;
  try {
    const got = await send(TYPES);
    const read = JSON.parse(got.text);
    if (!read.data) {
      byId("types").textContent = read.detail || read.errors[0].message;
      return;
    }
    types = read.data.__schema.types.filter((type) => !type.name.startsWith("__"));
    list();
  } catch (error) {
    byId("types").textContent = error.message;
  }
}

byId("query").value = START;
byId("run").addEventListener("click", run);
byId("query").addEventListener("input", operations);
byId("search").addEventListener("input", list);
byId("token").addEventListener("change", load);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
operations();
load();
