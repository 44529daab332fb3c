// The end of a test run: what the ids in the names of failed tests stand for, and a line that scripts can read.
import type { Reporter, TestModule } from 'vitest/node';
import { idsIn, meanings } from './ids.ts';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const failed = new Set<string>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state] += 1;
        if (state === 'failed') for (const id of idsIn(test.fullName)) failed.add(id);
      }
      // A file that cannot be loaded has no tests that could fail.
      if (module.state() === 'failed' && module.errors().length > 0) count.failed += 1;
    }
    for (const id of failed)
      process.stdout.write(`\n${id}: ${meanings.get(id) ?? 'nobody wrote what it is'}`);
    process.stdout.write(
      `\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped\n`,
    );
  }
}
