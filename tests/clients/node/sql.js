// Keeps books with node pg and prints what came back, as JSON.
const { Client, types } = require('pg')
const Cursor = require('pg-cursor')

types.setTypeParser(1082, (text) => text) // dates as they are written

async function main() {
  const client = new Client({ connectionString: process.argv[2] })
  await client.connect()
  const shown = {}
  const named = {
    name: 'lines',
    text: 'SELECT LineAmount, Date FROM JournalEntryLines WHERE JournalEntryID = $1 AND Date > $2',
    values: ['60-1632320100', '2021-01-01'],
    rowMode: 'array',
  }
  for (let time = 0; time < 3; time++) shown.named = (await client.query(named)).rows
  const insert =
    'INSERT INTO JournalEntries (ReferenceNumber, LineType#1, LineAccount#1, LineAmount#1,' +
    " LineType#2, LineAccount#2, LineAmount#2) VALUES ($1, 'Debit', 'Meals', $2, 'Credit', 'Checking', $3)"
  const count = "SELECT count(*) AS n FROM JournalEntries WHERE ReferenceNumber = 'node'"
  await client.query('BEGIN')
  shown.inserted = (await client.query(insert, ['node', '2.50', 2.5])).rowCount
  shown.rolledBack = [(await client.query(count)).rows[0].n]
  await client.query('ROLLBACK')
  shown.rolledBack.push((await client.query(count)).rows[0].n)
  const cursor = client.query(new Cursor('SELECT generate_series(1, 20)'))
  shown.cursor = []
  for (let rows = await cursor.read(7); rows.length; rows = await cursor.read(7)) shown.cursor.push(rows.length)
  await cursor.close()
  shown.refused = await client.query(insert, ['node', '1', '2']).catch((fault) => fault.code)
  await client.end()
  console.log(JSON.stringify(shown))
}

main().catch((fault) => {
  console.error(fault)
  process.exit(1)
})
