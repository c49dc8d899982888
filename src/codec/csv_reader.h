// Rows of CSV (RFC 4180) as text of JSON objects, streaming: what comes is CSV, what goes into the
// window is {"name":"value",...} for each row. Inflating, and being a Decoder, are csv.cc's.
//
//   row   = field { delimiter field } ( LF | CRLF | CR | the end )
//   field = any bytes but delimiter, quote, CR, LF
//         | quote { any byte but quote | quote quote } quote
//
// A row that is not so is set aside alone, its bytes left in the window for a copy; and so is one
// of another number of fields than there are names. An empty line is no row, but where there is one
// column: there it is an empty field. An error (corrupt) is the document's: its header is no good.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "json/span.h"
#include "record/batch.h"

namespace sluice {

struct CsvDialect {
  enum class Header : uint8_t {
    names,    // The first row names the columns; where `columns` are given, just these
    skipped,  // The first row is no record, and `columns` are the names
    none,     // The first row is a record, and `columns` are the names
  };
  Header header = Header::names;
  std::vector<std::string> columns;
  char delimiter = ',';
  std::optional<char> quote = '"';
  std::optional<std::string> null_text;  // Without quotes it is null
  uint64_t record_max = 8 << 20;         // Bytes, of a row and of its JSON text
};

// One document at a time, one thread at a time.
class CsvReader {
 public:
  explicit CsvReader(CsvDialect dialect);
  void reset();

  // Takes bytes from the front of `text`, appends to the window up to its capacity, and adds the
  // rows that are whole to `records` with their places in the CSV. False: the window is full, or
  // these are step_records_max rows, and there is more to write.
  Result<bool> read(std::string_view& text, Buffer& window, std::vector<json::Span>& records,
                    std::vector<SetAside>& bad);
  // After the last byte; false as above.
  Result<bool> finish(Buffer& window, std::vector<json::Span>& records, std::vector<SetAside>& bad);
  // Bytes before the text that are none of it (a byte order mark).
  void skip(size_t bytes) { offset_ += bytes; }

  // So many bytes at the window's front are done with: all but the row that is being written.
  size_t done() const { return row_begin_; }
  void dropped(size_t bytes);
  uint64_t row_offset() const { return row_offset_; }  // Of the row at hand, in the CSV
  bool in_row() const { return header_read_ && state_ != State::row; }  // One has begun, not ended

 private:
  enum class State : uint8_t { row, field, plain, quoted, closed };
  struct Output {
    Buffer& window;
    std::vector<json::Span>& records;
    std::vector<SetAside>& bad;
  };

  bool in_header() const { return !header_read_; }
  void read_some(std::string_view& text, Buffer& window);
  void read_special(char c, Buffer& window);
  void begin_row(Buffer& window);
  void begin_field(Buffer& window);
  void end_field(Buffer& window);
  void end_row(Buffer& window);
  Result<bool> close_row(Output out);
  bool copy_row(Buffer& window);
  void keep_row(const char* here);
  Status take_header();
  void add_content(std::string_view run, Buffer& window);
  void put(std::string_view json, Buffer& window);
  bool flush(Buffer& window);
  void spoil(std::string reason, Buffer& window);

  const CsvDialect dialect_;
  std::string null_inside_;            // dialect_.null_text as it stands in a JSON string
  std::array<bool, 256> plain_ = {};   // Bytes that are copied as they are
  std::vector<std::string> openings_;  // Of each column: {"name":" or ,"name":"
  std::vector<std::string> names_;     // Of the header
  size_t names_bytes_ = 0;             // What they take, or would take
  std::string cell_;                   // Of the header, the field at hand

  bool header_read_ = false;
  State state_ = State::row;
  bool after_cr_ = false;    // A LF that comes now belongs to it
  bool row_ended_ = false;   // All of it is put, but not all of it is in the window
  bool was_quoted_ = false;  // The field at hand
  bool dropping_ = false;    // The row at hand is bad: nothing of it is written
  std::string reason_;       // Why
  uint64_t offset_ = 0;      // Of the next byte, in the CSV
  uint64_t row_offset_ = 0, row_end_ = 0;
  size_t fields_ = 0;  // Of the row at hand, that have ended
  // In the window: where the row at hand and the value at hand begin.
  size_t row_begin_ = 0, value_begin_ = 0;
  // The row at hand as it came, for a copy if it is bad: what of it lay in earlier texts, at most
  // record_max, and where the rest begins, and has ended, in the one that is being read.
  std::string row_text_;
  const char* row_rest_ = nullptr;
  const char* row_stop_ = nullptr;
  const char* here_ = nullptr;  // The byte that is being read
  bool row_copied_ = false;     // It stands in the window instead of its JSON
  std::string pending_;         // What did not fit into the window, from pending_at_ on
  size_t pending_at_ = 0;
};

}  // namespace sluice
