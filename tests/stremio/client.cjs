// Asks an add-on as Stremio's own client library does, and has its linter judge the manifest. Prints
// one JSON object: what was asked and what came.
'use strict';
const client = require('stremio-addon-client');
const linter = require('stremio-addon-linter');

const [url, ...asks] = process.argv.slice(2);

client.detectFromURL(url).then(async ({ addon }) => {
  const lint = linter.lintManifest(addon.manifest);
  const answers = [];
  for (const ask of asks) {
    const [resource, type, id, extra] = JSON.parse(ask);
    const supported = addon.isSupported(resource, type, id);
    const got = await addon.get(resource, type, id, extra || {}).catch(error => ({ error: String(error.message || error.name || error) }));
    answers.push({ resource, type, id, supported, got });
  }
  const words = errors => errors.map(error => String(error.message || error));
  console.log(JSON.stringify({
    manifest: addon.manifest,
    lint: { valid: lint.valid, errors: words(lint.errors), warnings: words(lint.warnings || []) },
    answers,
  }));
}).catch(error => {
  console.error(JSON.stringify(error), String(error));
  process.exit(1);
});
