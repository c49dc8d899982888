#!/usr/bin/env python3
"""The fake API does what it says: every style of pages, every fault, and who may come in.

    fake_api_test.py --fake-api build/test/fake_api/fake_api

Only the standard library is used.
"""
import argparse
import os
import sys
import unittest

import behaviour_cases
import records_cases
import style_cases
from cases import Case


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromModule(module)
                              for module in (style_cases, records_cases, behaviour_cases))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--fake-api', required=True)
    known, rest = options.parse_known_args()
    Case.program = os.path.abspath(known.fake_api)
    unittest.main(argv=[sys.argv[0], *rest], warnings='ignore')


if __name__ == '__main__':
    main()
