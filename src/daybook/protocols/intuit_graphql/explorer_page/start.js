"use strict";

// What both pages begin with, and how they read JSON.

const START = `query entries {
  company {
    companyName
    journalEntries(first: 3, orderBy: [TRANSACTION_DATE_DESC]) {
      nodes {
        id
        transactionDate
        referenceNumber
        memo
        entryLines {
          entryLineType
          amount
          account { name }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
`;

// JSON whose numbers keep the digits they are written with, when they are written again: 45.00 stays
// 45.00. A browser that cannot do that yet reads numbers as it always did.
function exactly(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context.source !== String(value) ? JSON.rawJSON(context.source) : value,
  );
}
