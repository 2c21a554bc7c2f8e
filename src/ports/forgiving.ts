// What GitHub refused, and why it may not refuse it any more.

export interface Forgiving {
  /** Whatever was refused in the installation may be asked for at once: its permissions are other ones now. */
  forgive(installation: number): void;
}
