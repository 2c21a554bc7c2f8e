// Says what is wrong with a YAML text in the words of its writer.

import type { YAMLError } from "yaml";

/** The library's sentence, or a better one for what happens often. */
export function yamlSentence(error: Pick<YAMLError, "code" | "message">): string {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return "YAML is indented with spaces; replace the tab.";
    case "BAD_SCALAR_START":
      return "A value cannot begin with this character; put the value in quotes.";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "A value with a colon and a space in it must be in quotes.";
    case "BAD_INDENT":
      return `This is indented differently from what it belongs to (${brief(error.message)}).`;
    case "MISSING_CHAR":
      return `Something is missing here: ${brief(error.message)}.`;
    default:
      return `This is not valid YAML: ${brief(error.message)}.`;
  }
}

function brief(message: string): string {
  return message.replace(/\s+/g, " ").slice(0, 200).replace(/\.$/, "");
}
