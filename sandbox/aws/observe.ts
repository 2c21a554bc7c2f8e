// Lets a test see what is asked and answered, as it went over the wire.

type Exchange = {
  service: string;
  operation: string;
  request: {
    method: string;
    url: string;
    headers: Readonly<Record<string, string>>;
    body: Buffer;
  };
  /** Undefined when no answer came. */
  answer: { status: number; headers: Readonly<Record<string, string>>; body: Buffer } | undefined;
};

export type Observer = (exchange: Exchange) => void;
