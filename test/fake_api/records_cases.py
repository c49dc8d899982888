"""Generated records are the same for everybody who asks for them, and told without a server too."""
import hashlib
import json
import subprocess
import zlib

from cases import Case, lines_of


class Records(Case):
    options = ('--records', '60', '--record-bytes', '5000', '--seed', '7', '--bodies', '16')

    def printed(self, kind, *more):
        return subprocess.run([Case.program, *self.options, '--expect', kind, *more], check=True,
                              capture_output=True).stdout

    def test_served_and_printed_are_one(self):
        lines = lines_of(self.page('/link').body)
        self.assertEqual(lines, self.printed('lines').splitlines())
        self.assertEqual(lines[10:20], self.printed('lines', '--from', '10', '--to',
                                                    '20').splitlines())
        digest = json.loads(self.printed('digest'))
        self.assertEqual(digest, self.api.digest())
        joined = b''.join(line + b'\n' for line in lines)
        self.assertEqual(digest, {'count': 60, 'bytes': len(joined),
                                  'sha256': hashlib.sha256(joined).hexdigest(),
                                  'crc32_sum': sum(map(zlib.crc32, lines))})
        self.assertEqual(self.page('/csv').body, b'id,index,updated_at,note\n' +
                         self.printed('csv'))

    def test_they_are_as_real_ones(self):
        lines = self.printed('lines').splitlines()
        for line in lines:
            record = json.loads(line)
            self.assertGreater(record['id'], 2 ** 53)
            self.assertTrue(4_000 < len(line) <= 5_010, len(line))
        self.assertIn('"position":1234567'.encode(), lines[0])
        self.assertTrue(any(max(line) > 0x7f for line in lines))
        self.start('--records', '60', '--record-bytes', '19000')
        body = self.page('/link').body
        self.assertTrue(10 < len(body) / len(zlib.compress(body, 6)) < 25)

    def test_the_seed_and_the_number_alone_decide(self):
        self.start('--records', '2000', '--record-bytes', '5000', '--seed', '7', '--bodies', '16')
        self.assertEqual(self.api.expected(10, 20),
                         self.printed('lines', '--from', '10', '--to', '20').splitlines())
        self.start('--records', '60', '--record-bytes', '5000', '--seed', '8')
        self.assertNotEqual(self.api.expected(10, 11),
                            self.printed('lines', '--from', '10', '--to', '11').splitlines())
