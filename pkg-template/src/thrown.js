// Texts for a thrown value, which may be anything, also an object whose getters throw.

export function nameOf(error) {
  try {
    return error instanceof Error && typeof error.name === "string" ? error.name : "Error";
  } catch {
    return "Error";
  }
}

export function messageOf(error) {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "(a value without a text)";
  }
}
