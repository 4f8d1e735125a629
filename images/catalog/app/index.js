// Counts its visits in a file that outlives its versions.
const fs = require('fs');
const file = process.env.STATE_DIRECTORY + '/visits';
require('http').createServer((request, response) => {
  const visits = (fs.existsSync(file) ? Number(fs.readFileSync(file)) : 0) + 1;
  fs.writeFileSync(file, String(visits));
  response.end(`It works. Visit ${visits}\n`);
}).listen(process.env.PORT);
