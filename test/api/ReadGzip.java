import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;

/** Of each file: how many bytes java.util.zip reads from it, and their CRC-32. */
class ReadGzip {
  public static void main(String[] files) throws Exception {
    for (String file : files) {
      CRC32 crc = new CRC32();
      long bytes = 0;
      byte[] piece = new byte[1 << 16];
      try (InputStream in = new GZIPInputStream(Files.newInputStream(Path.of(file)))) {
        for (int n; (n = in.read(piece)) >= 0; bytes += n) crc.update(piece, 0, n);
      }
      System.out.println(bytes + " " + crc.getValue());
    }
  }
}
