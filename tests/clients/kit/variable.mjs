/** What `cargo xtask test --only clients` names: programs and files that it has built. */
export function variable(name) {
  if (process.env[name]) return process.env[name];
  throw new Error(`${name} is not set; run \`cargo xtask test --only clients\`, which sets it.`);
}
