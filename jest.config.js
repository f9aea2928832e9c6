/** Tests run against real parts (a Temporal server, sockets); only the transformer is replaced, for speed. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  globalSetup: '<rootDir>/test/setup/global.ts',
  testTimeout: 60_000,
  maxWorkers: 2,
  // Tests that share one Assay run side by side: most of their time is waiting.
  maxConcurrency: 8,
  coverageProvider: 'babel',
  collectCoverageFrom: ['src/domain/**/*.ts'],
  coverageThreshold: { './src/domain/': { branches: 100, functions: 100, lines: 100, statements: 100 } },
  coverageReporters: ['text-summary', 'json-summary'],
};
