// Makes a panic what it ends as anyway: a trap.
//
// A panic is a bug of ours. The JavaScript side sees the trap, gives up on the core and says so (`poison` in core.js); nobody
// reads the text that the standard library would have put together for it before. So the functions that do this, a sixth of the
// code, become traps themselves, and wasm-opt then removes what only they needed.

import binaryen from "binaryen";
import { withoutDeadData } from "./data.mjs";

/** Functions that are entered only to panic, or only to write the text of a panic. */
const PANICS = [
  // core::panicking::*, std::panicking::*, and the hooks around them
  /\bpanicking::/,
  /\brust_panic/,
  /\b__rust_(alloc_error_handler|end_short_backtrace)/,
  /\bdefault_alloc_error_hook/,
  // the callers in core and alloc, which only choose the text
  /\b(slice_index_fail|slice_error_fail|slice_error_fail_rt|unwrap_failed|expect_failed|assert_failed)\b/,
  /\b(panic_already_borrowed|panic_already_mutably_borrowed|capacity_overflow|handle_alloc_error)\b/,
  /\braw_vec::handle_error\b/,
  // formatting: the core itself formats nothing. (`write_str` is not here: the compiler shares it with `push_str`.)
  /\bfmt::Formatter>::/,
  /\bcore(\[[0-9a-f]+\])?::fmt::write$/,
  /\bfmt::(Debug|Display)>::fmt$/,
  /\bfmt::Write>::write_char$/,
];

/** The same module, in which panicking is trapping. */
export function withoutPanics(wasm) {
  const module = binaryen.readBinary(wasm);
  module.removeExport("__wbindgen_realloc");
  let found = 0;
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const reference = module.getFunctionByIndex(i);
    const { name, base } = binaryen.getFunctionInfo(reference);
    if (base || !PANICS.some((pattern) => pattern.test(name))) continue;
    binaryen.Function.setBody(reference, module.unreachable());
    found++;
  }
  if (found === 0) throw new Error("no panicking function was found; does the wasm still have its names?");
  // Once, so that what only they needed is gone from the code.
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  module.optimize();
  const code = module.emitText().replace(/^ \((data|elem|global) .*$/gm, "");
  const bytes = withoutDeadData(Buffer.from(module.emitBinary()), code);
  module.dispose();
  return bytes;
}
