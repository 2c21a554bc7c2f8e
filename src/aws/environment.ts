// Where AWS is and with what credentials, where that is not the business of the SDK's own environment.

export interface Settings {
  /** Absent: the SDK looks for them by itself. */
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string }
    | undefined;
  /** By the service's name as `AWS_ENDPOINT_URL_<name>` has it. */
  endpoint(service: string): { endpoint?: string };
}

export type AwsEnvironment = Readonly<Record<string, string>>;

/**
 * Null leaves all of it to the SDK, which reads the environment of the process. Otherwise the same
 * names are read here, for a process that speaks to more than one AWS.
 */
export function settingsFrom(environment: AwsEnvironment | null): Settings {
  if (environment === null) return { credentials: undefined, endpoint: () => ({}) };
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  return {
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey },
    endpoint(service) {
      const url = environment[`AWS_ENDPOINT_URL_${service}`] ?? environment.AWS_ENDPOINT_URL;
      return url === undefined ? {} : { endpoint: url };
    },
  };
}
