// Cuts one JSON document, of any size and fed in pieces of any size, into the records of an array
// in it, bytes verbatim: `{"Records":[...]}` at `.Records`.
//
// Two halves make a strict check. The slicer checks everything around the records (the envelope:
// other members, commas, brackets, what follows the end), but of a record only where it ends.
// Scanner checks the inside of each record, later, on any thread. Together they accept exactly the
// documents that Scanner accepts as a whole, except for depth: depth_max holds for the envelope and
// for each record alone. Of an oversize record nothing but brackets and quotes is checked.
//
// The caller owns a window: bytes of the document, contiguous, beginning with what the last step
// did not consume. A byte order mark is a bad byte: take it off before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/path.h"
#include "json/scan.h"
#include "json/span.h"

namespace sluice::json {

// One thread at a time. Constant memory: at most 64 KiB for each envelope path, and a few KiB.
class Slicer {
 public:
  struct Options {
    Path records;  // Of the array whose elements are the records; whole: the root
    uint64_t record_max = 8 << 20;
    std::vector<Path> envelope;  // Values outside of the records to keep: next-page tokens
  };
  // An envelope value longer than this is a fault: a cut token would silently end a paged read.
  static constexpr size_t envelope_value_bytes_max = 64 << 10;
  // The fault's reason where the path of the records comes twice in a document: JSON leaves open
  // which of them is meant.
  static constexpr std::string_view records_twice = "the records' path comes twice";

  explicit Slicer(Options options);
  Slicer(Slicer&&) noexcept;
  Slicer& operator=(Slicer&&) noexcept;
  ~Slicer();
  // Ready for the next document; the memory stays.
  void reset();

  // Reads window[from..), which is new, and adds the records that are now whole, in order, each
  // once. Returns how many bytes at the window's front are done with: drop them (and so the records
  // in them) whenever it suits, but pass the rest, then new bytes behind it, next. While an
  // oversize record passes that is all of them. After a fault nothing more is read: all bytes are
  // done with. Records may be any JSON value and come without blanks around them.
  size_t slice(std::string_view window, size_t from, std::vector<Span>& records);

  // Records longer than record_max that have ended since the last call. In order.
  std::vector<Oversize> take_oversize();

  enum class Ending : uint8_t {
    ok,          // The document has ended well and had the array.
    bad,         // fault() tells the first bad byte, or that the document is cut short.
    no_records,  // A well-formed document without the array; why_no_records() tells.
  };
  // After the last byte. `records` that came before a fault stand.
  Ending finish();

  bool failed() const;                 // A fault was met
  const Fault& fault() const;          // Its offset is in the document
  std::string why_no_records() const;  // "no .Records", ".Records is an object, not an array"
  bool found_records() const;          // The array has begun
  uint64_t offset() const;             // How many bytes of the document were read

  // The raw text of Options::envelope[i], once it has passed by; the first, if keys are doubled.
  // Nothing while it hasn't, or if the document lacks it or it lies inside the records array (or
  // around it). Valid until reset().
  std::optional<std::string_view> envelope(size_t i) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::json
