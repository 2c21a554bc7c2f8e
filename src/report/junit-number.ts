// Numbers as the writers of JUnit reports print them.

/** A count; absent is zero, and null is something that is no count. */
export function wholeNumber(text: string | undefined): number | null {
  const digits = (text ?? "").trim().replaceAll(",", "");
  if (digits === "") return 0;
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

/**
 * Seconds as printed → milliseconds; null where there is no usable time, which is never worth a failure.
 * Surefire groups thousands ("1,234.5"), and some locales print a decimal comma ("0,25").
 */
export function milliseconds(text: string | undefined): number | null {
  if (text === undefined || text.trim() === "") return null;
  const seconds = Number(decimal(text.trim()));
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function decimal(text: string): string {
  if (/^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/.test(text)) return text.replaceAll(",", "");
  return /^\d+,\d+$/.test(text) ? text.replace(",", ".") : text;
}
