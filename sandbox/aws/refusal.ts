// AWS's way to say no: a code that programs go by, and a message for people.

export class Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    this.code = code;
    this.message = message;
    this.status = status;
  }
}

/** Nearly all that CodePipeline, CodeBuild and CloudWatch Logs refuse has status 400. */
export function refuse(code: string, message: string, status = 400): Refusal {
  return new Refusal(code, message, status);
}
