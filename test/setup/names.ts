/** Environment variables by which the global setup speaks to the test files. */
export const TEST_ENV = {
  /** Path of the Temporal CLI. */
  cli: 'ASSAY_TEST_TEMPORAL_CLI',
  /** Address of the server that all test files share. */
  address: 'ASSAY_TEST_TEMPORAL_ADDRESS',
  /** Why there is no CLI or no server. */
  missing: 'ASSAY_TEST_TEMPORAL_MISSING',
  /** Path of the time-skipping test server. */
  testServer: 'ASSAY_TEST_TIME_SKIPPING_SERVER',
  /** Why there is no time-skipping test server. */
  noTestServer: 'ASSAY_TEST_NO_TIME_SKIPPING_SERVER',
} as const;
