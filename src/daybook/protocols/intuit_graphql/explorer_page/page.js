"use strict";

// Starts GraphiQL against the address the page came from.

const NO_TOKEN = "Write an access token behind Bearer in Headers, below the query; then reload the schema.";
const place = document.getElementById("graphiql");
const token = place.dataset.token;
let written = ""; // the variables of the open tab, as typed

// GraphiQL reads the variables' numbers as the browser does. Where the text it read is at hand, what
// is sent has the digits that were typed.
function variablesOf(read) {
  try {
    return JSON.stringify(JSON.parse(written)) === JSON.stringify(read) ? exactly(written) : read;
  } catch {
    return read;
  }
}

async function send(parameters, { headers = {} } = {}) {
  const given = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization");
  if (!given || !/\S\s+\S/.test(given[1])) return { errors: [{ message: NO_TOKEN }] };
  const { query, operationName, variables } = parameters;
  const response = await fetch(location.pathname, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json, application/json;q=0.9",
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify({ query, operationName, variables: variablesOf(variables) }),
  });
  return exactly(await response.text());
}

function keep(state) {
  written = state.tabs[state.activeTabIndex]?.variables || "";
}

ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, {
    fetcher: send,
    defaultQuery: START,
    defaultHeaders: headersWith(token),
    defaultEditorToolsVisibility: token ? "variables" : "headers",
    onTabChange: keep,
    onEditVariables: (text) => { written = text; },
  }),
);

function headersWith(value) {
  return JSON.stringify({ Authorization: `Bearer ${value}` }, null, 2);
}
