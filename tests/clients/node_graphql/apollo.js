"use strict";
// Apollo Client over a running server: lists, changes and deletes an entry, and prints what its
// cache made of the answers.

const { ApolloClient, HttpLink, InMemoryCache, gql } = require("@apollo/client");

const [url, token] = process.argv.slice(2);
const cache = new InMemoryCache({ possibleTypes: { Payee: ["Customer", "Vendor"] } });
const link = new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` } });
const client = new ApolloClient({ link, cache });

const LINES = gql`
  fragment Lines on JournalEntry {
    id
    memo
    metadata { entityVersion }
    entryLines {
      sequence
      amount
      account { id name }
      payee { ... on Customer { id displayName } ... on Vendor { id displayName } }
    }
  }
`;
const LIST = gql`
  query list($filter: JournalEntryFilter) {
    company {
      id
      journalEntries(filter: $filter) { nodes { ...Lines } pageInfo { hasNextPage endCursor } }
    }
  }
  ${LINES}
`;
const CREATE = gql`
  mutation create($input: CreateJournalEntryInput!) {
    createJournalEntry(journalEntry: $input) { ...Lines }
  }
  ${LINES}
`;
const UPDATE = gql`
  mutation update($input: UpdateJournalEntryInput!) {
    updateJournalEntry(journalEntry: $input) { ...Lines }
  }
  ${LINES}
`;
const DELETE = gql`
  mutation remove($id: ID!) { deleteJournalEntry(id: $id) { id success } }
`;

async function main() {
  const shown = {};
  const input = {
    memo: "from Apollo",
    transactionDate: "2026-02-03",
    entryLines: [
      { entryLineType: "DEBIT", amount: "12.34", account: { id: "44" }, payee: { id: "34" } },
      { entryLineType: "CREDIT", amount: "12.34", account: { id: "139" } },
    ],
  };
  const made = (await client.mutate({ mutation: CREATE, variables: { input } })).data.createJournalEntry;
  shown.made = made;
  const variables = { filter: { id: { equals: made.id } } };
  const listed = await client.query({ query: LIST, variables });
  shown.listed = listed.data.company.journalEntries.nodes;
  const changed = await client.mutate({
    mutation: UPDATE,
    variables: {
      input: { id: made.id, metadata: { entityVersion: made.metadata.entityVersion }, memo: "changed" },
    },
  });
  shown.changed = changed.data.updateJournalEntry.memo;
  const again = await client.query({ query: LIST, variables, fetchPolicy: "cache-only" });
  shown.fromCache = again.data.company.journalEntries.nodes[0].memo;
  const contents = cache.extract();
  shown.keys = Object.keys(contents).filter((key) => key.includes(":")).sort();
  shown.account = contents[`Account:${made.entryLines[0].account.id}`];
  try {
    await client.mutate({
      mutation: UPDATE,
      variables: { input: { id: made.id, metadata: { entityVersion: "0" }, memo: "stale" } },
    });
  } catch (error) {
    shown.stale = error.errors[0].extensions;
  }
  const deleted = await client.mutate({ mutation: DELETE, variables: { id: made.id } });
  shown.deleted = deleted.data.deleteJournalEntry;
  const after = await client.query({ query: LIST, variables, fetchPolicy: "network-only" });
  shown.after = after.data.company.journalEntries.nodes;
  process.stdout.write(JSON.stringify(shown));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
