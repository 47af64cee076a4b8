// Drives @codat/accounting and @codat/platform, unmodified but for their addresses, and prints what
// came back as JSON. Run: node codat.js ADDRESS COMPANY CONNECTION

const { CodatAccounting } = require('@codat/accounting');
const { CodatPlatform } = require('@codat/platform');

const [address, companyId, connectionId] = process.argv.slice(2);
const authHeader = `Basic ${Buffer.from('demo').toString('base64')}`;

const accounting = new CodatAccounting({ security: { authHeader }, serverURL: address });
const platform = new CodatPlatform({ authHeader, serverURL: address });

async function ended(pushOperationKey) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const operation = await platform.pushData.getOperation({ companyId, pushOperationKey });
    if (operation.status !== 'Pending') return operation;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the operation is still pending');
}

// the clients wrap their answers differently: the body is what all of them show
function body(answer) {
  return JSON.parse(Buffer.from(answer.rawResponse.data).toString());
}

async function run() {
  const shown = {};
  const made = await platform.companies.create({ name: 'Node Works', tags: { region: 'uk' } });
  shown.made = made;
  const here = { companyId: made.id };
  shown.listed = (await platform.companies.list({ query: `id=${made.id}`, tags: 'region=uk' })).results;
  const connection = await platform.connections.create({
    ...here,
    requestBody: { platformKey: 'qhyg' },
  });
  shown.connection = connection;
  await fetch(connection.linkUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ books: 'new' }),
  });
  shown.linked = await platform.connections.get({ ...here, connectionId: connection.id });
  await platform.companies.delete(here);

  await platform.refreshData.all({ companyId });
  shown.queued = await platform.refreshData.byDataType({ companyId, dataType: 'journalEntries' });
  shown.status = await platform.refreshData.get({ companyId });
  shown.integration = await platform.integrations.get({ platformKey: 'qhyg' });
  shown.hook = await platform.webhooks.createConsumer({
    url: 'https://example.com/hook',
    eventTypes: ['read.completed'],
  });
  await platform.webhooks.deleteConsumer({ webhookId: shown.hook.id });

  const journalEntry = {
    postedOn: '2026-02-03T00:00:00',
    journalLines: [
      { netAmount: 12.34, accountRef: { id: '44' } },
      { netAmount: -12.34, accountRef: { id: '139' } },
    ],
  };
  const created = await accounting.journalEntries.create({ companyId, connectionId, journalEntry });
  shown.created = body(created);
  shown.createEnd = await ended(shown.created.pushOperationKey);
  const journalEntryId = shown.createEnd.changes[0].recordRef.id;
  shown.entry = body(await accounting.journalEntries.get({ companyId, journalEntryId }));
  const query = `{id~${journalEntryId}||postedOn=${journalEntryId}}&&metadata.isDeleted!=true`;
  const found = { companyId, query, orderBy: '-createdOn' };
  shown.before = body(await accounting.journalEntries.list(found));
  const gone = await accounting.journalEntries.delete({ companyId, connectionId, journalEntryId });
  shown.deleteEnd = await ended(body(gone).pushOperationKey);
  shown.after = body(await accounting.journalEntries.list(found));
  shown.operations = await platform.pushData.listOperations({
    companyId,
    query: 'status=Success&&dataType=journalEntries',
  });
  return shown;
}

run().then(
  (shown) => process.stdout.write(JSON.stringify(shown)),
  (error) => {
    process.stderr.write(`${error.stack || error}\n`);
    process.exit(1);
  },
);
