// Two entries; nothing else is configured.
module.exports = { mode: "production", entry: { page: "./page.js", starter: "./starter.js" } };
