"use strict";
// Runs the public audit of GraphQL servers against a URL and prints what is not in order.

const { serverAudits } = require("graphql-http");

const [url, token] = process.argv.slice(2);
const fetchFn = (target, options = {}) =>
  fetch(target, { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } });

async function main() {
  const found = [];
  const audits = serverAudits({ url, fetchFn });
  for (const audit of audits) {
    const result = await audit.fn();
    if (result.status !== "ok") {
      found.push({ id: result.id, status: result.status, name: result.name, reason: result.reason });
    }
  }
  process.stdout.write(JSON.stringify({ checks: audits.length, found }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
