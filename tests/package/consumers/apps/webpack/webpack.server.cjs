// The package and what it needs in one file for Node; nothing else is configured.
module.exports = { mode: "production", target: "node", entry: { server: "./main.mjs" } };
