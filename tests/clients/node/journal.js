// Keeps books with node-quickbooks and intuit-oauth, unmodified but for their addresses, and prints
// what came back as JSON. Run: node journal.js ADDRESS REALM

const OAuthClient = require('intuit-oauth');
const QuickBooks = require('node-quickbooks');

const [address, realm] = process.argv.slice(2);

function promised(client, method, ...parameters) {
  return new Promise((resolve) => {
    const callback = (error, answer) => {
      const fault = error && (error.response ? error.response.data : error);
      resolve(error ? { error: fault.Fault || fault.fault || String(error) } : answer);
    };
    // queries without a callback answer with a promise, everything else calls back
    const result = client[method](...parameters, callback);
    if (result && typeof result.then === 'function') result.then(resolve, (error) => callback(error));
  });
}

function line(side, account, amount, more = {}) {
  return {
    Amount: amount,
    DetailType: 'JournalEntryLineDetail',
    JournalEntryLineDetail: { PostingType: side, AccountRef: { value: account } },
    ...more,
  };
}

function entry(number, amount = 12.34) {
  return {
    DocNumber: number,
    TxnDate: '2026-02-03',
    Line: [line('Debit', '35', amount), line('Credit', '44', amount)],
  };
}

async function authorized() {
  const found = await (await fetch(`${address}/.well-known/openid_sandbox_configuration/`)).json();
  const client = new OAuthClient({
    clientId: 'demo',
    clientSecret: 'demo',
    environment: 'sandbox',
    redirectUri: 'http://localhost/callback',
  });
  client.setAuthorizeURLs({
    authorizeEndpoint: found.authorization_endpoint,
    tokenEndpoint: found.token_endpoint,
    revokeEndpoint: found.revocation_endpoint,
    userInfoEndpoint: found.userinfo_endpoint,
  });
  client.setToken({
    token_type: 'bearer',
    access_token: 'old',
    refresh_token: 'demo',
    expires_in: 3600,
    x_refresh_token_expires_in: 8726400,
  });
  const refreshed = (await client.refresh()).json;
  return { client, token: refreshed.access_token, refreshed, found };
}

async function main() {
  const shown = {};
  const { client, token, refreshed, found } = await authorized();
  shown.refreshed = { type: refreshed.token_type, lives: refreshed.expires_in };
  const called = await client.makeApiCall({ url: `${address}/v3/company/${realm}/journalentry/96` });
  shown.called = called.json.JournalEntry.DocNumber;

  QuickBooks.V3_ENDPOINT_BASE_URL = `${address}/v3/company/`;
  QuickBooks.TOKEN_URL = found.token_endpoint;
  const qb = new QuickBooks('demo', 'demo', token, false, realm, true, false, 75, '2.0', 'demo');
  const call = (method, ...parameters) => promised(qb, method, ...parameters);

  const run = Date.now().toString(36);
  const made = await call('createJournalEntry', entry(`${run} O'Neil`));
  shown.made = made;
  shown.read = await call('getJournalEntry', made.Id);
  shown.sparse = await call('updateJournalEntry', {
    Id: made.Id, SyncToken: made.SyncToken, PrivateNote: 'only this',
  });
  shown.full = await call('updateJournalEntry', {
    ...entry(`${run} O'Neil`, 99.5), Id: made.Id, SyncToken: '1', sparse: false,
  });
  shown.stale = await call('updateJournalEntry', {
    Id: made.Id, SyncToken: '0', PrivateNote: 'late',
  });
  const key = `key-${run}`;
  const once = await call('createJournalEntry', { ...entry(`${run} once`), requestId: key });
  const twice = await call('createJournalEntry', { ...entry(`${run} once`), requestId: key });
  shown.once = [once.Id, twice.Id, once.MetaData.CreateTime === twice.MetaData.CreateTime];
  shown.unbalanced = await call('createJournalEntry', {
    Line: [line('Debit', '35', 1), line('Credit', '44', 2)],
  });
  shown.customerless = await call('createJournalEntry', {
    Line: [line('Debit', '70', 1), line('Credit', '44', 1)],
  });

  const items = [1, 2, 3].map((n) => ({
    bId: String(n), operation: 'create', JournalEntry: entry(`${run} b${n}`, n),
  }));
  items.push({ bId: 'q', Query: `select * from JournalEntry where DocNumber = '${run} b2'` });
  items.push({ bId: 'x', operation: 'delete', JournalEntry: { Id: '99999999', SyncToken: '0' } });
  shown.batch = (await call('batch', items)).BatchItemResponse;

  const find = (criteria) => call('findJournalEntries', criteria);
  const numbers = (answer) => (answer.QueryResponse.JournalEntry || []).map((e) => e.DocNumber);
  shown.quoted = numbers(await find({ DocNumber: `${run} O'Neil` }));
  shown.liked = numbers(await find([
    { field: 'DocNumber', value: `${run} b%`, operator: 'LIKE' },
    { field: 'TxnDate', value: '2026-01-01', operator: '>=' },
    { field: 'desc', value: 'DocNumber' },
  ]));
  shown.within = numbers(await find({ DocNumber: [`${run} b1`, `${run} b3`], asc: 'DocNumber' }));
  shown.counted = (await find([
    { field: 'DocNumber', value: `${run} b%`, operator: 'LIKE' }, { count: true },
  ])).QueryResponse.totalCount;
  shown.fetched = numbers(await find([
    { field: 'fetchAll', value: true },
    { field: 'DocNumber', value: `${run} %`, operator: 'LIKE' },
    { field: 'asc', value: 'DocNumber' },
    { field: 'limit', value: 2 },
  ]));
  shown.nothing = (await find({ DocNumber: 'nobody has this' })).QueryResponse;
  shown.wrong = await find({ PrivateNote: 'x' });

  const since = new Date(Date.now() - 60000);
  const removed = await call('deleteJournalEntry', made.Id);
  shown.removed = removed;
  shown.gone = await call('getJournalEntry', made.Id);
  const changes = await call('changeDataCapture', ['JournalEntry', 'Account'], since);
  const changed = changes.CDCResponse[0].QueryResponse;
  shown.changes = {
    parts: changed.length,
    tombstone: changed[0].JournalEntry.filter((e) => e.Id === made.Id).map((e) => e.status),
    live: changed[0].JournalEntry.some((e) => e.Id === once.Id),
  };

  const account = await call('createAccount', { Name: `Node ${run}`, AccountType: 'Expense' });
  shown.account = [account.FullyQualifiedName, account.Classification];
  const customer = await call('createCustomer', { DisplayName: `Node ${run} & Co` });
  shown.customer = (await call('findCustomers', { DisplayName: `Node ${run} & Co` }))
    .QueryResponse.Customer.map((c) => c.Id === customer.Id);
  const vendor = await call('createVendor', { DisplayName: `Node vendor ${run}` });
  shown.vendor = (await call('getVendor', vendor.Id)).DisplayName === vendor.DisplayName;
  shown.klass = (await call('createClass', { Name: `Node ${run}` })).FullyQualifiedName !== undefined;
  shown.company = (await call('getCompanyInfo', realm)).Country;
  shown.preferences = (await call('getPreferences')).CurrencyPrefs;
  shown.report = await call('reportProfitAndLoss', {});

  shown.refreshedAgain = (await call('refreshAccessToken')).token_type;
  const revoked = await client.revoke({ access_token: token });
  shown.revoked = revoked.response ? revoked.response.status : revoked.status;
  const after = new QuickBooks('demo', 'demo', 'nobody', false, realm, true, false, 75, '2.0', 'demo');
  shown.refused = await promised(after, 'getJournalEntry', '96');
  process.stdout.write(JSON.stringify(shown));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
