"""What the tests beside have in common: how they end."""
import sys
import unittest


def main(words):
    """Runs the tests of the main module; `words` are unittest's. Says how many, as ./dev counts."""
    result = unittest.main(argv=[sys.argv[0], *words], exit=False).result
    # A subtest counts as its test.
    failed = len({getattr(case, 'test_case', case).id()
                  for case, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    for why in dict.fromkeys(why for _, why in result.skipped):
        print(f'skipped: {why}')
    passed = max(result.testsRun - failed - skipped, 0)  # Where a setUpClass fails none has run.
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    sys.exit(0 if result.wasSuccessful() else 1)
