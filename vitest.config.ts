import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    globalSetup: './test/support/prepare-vocabulary.ts',
    testTimeout: 60_000,
    // Most wait for sockets, clocks and other processes: two go side by side.
    maxWorkers: 2,
  },
});
