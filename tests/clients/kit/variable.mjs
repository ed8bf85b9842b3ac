/** Reads an environment variable of `cargo xtask test --only clients`: the path of a program or file that it has built. */
export function variable(name) {
  if (process.env[name]) return process.env[name];
  throw new Error(`${name} is not set; run \`cargo xtask test --only clients\`, which sets it.`);
}
