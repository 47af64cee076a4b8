// Takes intuit-oauth through the whole authorization code flow. Prints the address that a person is
// to visit, reads the one they are sent back to as a line of standard input, and prints what came
// back as JSON. Run: node oauth.js ADDRESS REALM REDIRECT

const readline = require('readline');
const OAuthClient = require('intuit-oauth');

const [address, realm, redirectUri] = process.argv.slice(2);

async function main() {
  const found = await (await fetch(`${address}/.well-known/openid_configuration`)).json();
  const client = new OAuthClient({
    clientId: 'demo', clientSecret: 'demo', environment: 'sandbox', redirectUri,
  });
  client.setAuthorizeURLs({
    authorizeEndpoint: found.authorization_endpoint,
    tokenEndpoint: found.token_endpoint,
    revokeEndpoint: found.revocation_endpoint,
    userInfoEndpoint: found.userinfo_endpoint,
  });
  OAuthClient.jwks_uri = found.jwks_uri;
  const { Accounting, OpenId, Profile, Email } = OAuthClient.scopes;
  const scope = [Accounting, OpenId, Profile, Email];
  process.stdout.write(`${client.authorizeUri({ scope, state: 'a state' })}\n`);

  const [back] = await new Promise((resolve) => {
    const lines = readline.createInterface({ input: process.stdin });
    lines.once('line', (line) => { lines.close(); resolve([line]); });
  });
  const shown = {};
  const first = (await client.createToken(back)).json;
  shown.first = { type: first.token_type, lives: first.expires_in, realm: client.token.realmId };
  shown.identity = await client.validateIdToken();
  shown.person = (await client.getUserInfo()).json;
  const call = { url: `${address}/v3/company/${realm}/journalentry/96` };
  shown.called = (await client.makeApiCall(call)).json.JournalEntry.DocNumber;
  const second = (await client.refresh()).json;
  shown.refreshed = second.access_token !== first.access_token;
  shown.calledAgain = (await client.makeApiCall(call)).json.JournalEntry.DocNumber;
  shown.revoked = (await client.revoke()).response.status;
  const headers = { authorization: `Bearer ${second.access_token}` };
  shown.afterwards = (await fetch(call.url, { headers })).status;
  process.stdout.write(`${JSON.stringify(shown)}\n`);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
