#!/usr/bin/env python3
"""The fake S3 does what S3's documentation says: every verb, the faults, and refusals.

    fake_s3_test.py --fake-s3 build/test/fake_s3/fake_s3

Only the standard library is used, with a signer of its own (s3_client.py).
"""
import argparse
import os
import sys
import unittest

import server_cases
import verbs_cases
from cases import FakeS3


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromModule(module)
                              for module in (verbs_cases, server_cases))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--fake-s3', required=True)
    known, rest = options.parse_known_args()
    FakeS3.program = os.path.abspath(known.fake_s3)
    unittest.main(argv=[sys.argv[0], *rest], warnings='ignore')


if __name__ == '__main__':
    main()
