const library = require("metered-realtime");
const session = require("./session-steps.cjs");

session(library, process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
