// What all decoders of text share: a document's bytes are inflated into the window (inflate.h), and
// a splitter finds the records in it. Where the records are is the splitter's alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/inflate.h"
#include "flow/part.h"
#include "flow/stage.h"
#include "json/path.h"
#include "json/span.h"

namespace sluice {

// Cuts inflated text, fed in pieces, into records. One thread at a time. As with json::Slicer, the
// window begins with what the last split() did not count as done with.
class Splitter {
 public:
  struct Fault {
    uint64_t offset = 0;  // Of the first bad byte; the text's end where it is cut short or lacks
                          // what it should have
    std::string reason;
  };

  virtual ~Splitter() = default;
  virtual void reset() = 0;
  // window[from..) is new: adds the records that are now whole, each once, and answers how many
  // bytes at the window's front are done with.
  virtual size_t split(std::string_view window, size_t from, std::vector<Span>& records) = 0;
  // After the last byte, with what split() left.
  virtual void finish(std::string_view window, std::vector<Span>& records) = 0;
  // The text is bad from here on; asked after each of the two above.
  virtual std::optional<Fault> fault() const { return std::nullopt; }
  // Records longer than record_max that have ended since the last call.
  virtual std::vector<json::Oversize> take_oversize() = 0;
  // What is no record, and set aside alone, since the last split() or finish(): with its offset in
  // the text, and where it lies in the window.
  virtual std::vector<SetAside> take_bad() { return {}; }
  virtual Spoils spoils() const = 0;
  // As Decoder::envelope.
  virtual std::optional<std::string_view> envelope(size_t) const { return std::nullopt; }
};

struct DecoderOptions {
  uint64_t record_max = 8 << 20;  // Bytes; a longer record is set aside
  InflateLimits inflate;
};
// The same from the words of a job file, and the words.
DecoderOptions decoder_options(const Settings& settings);
std::vector<FieldDoc> with_decoder_fields(std::vector<FieldDoc> fields);

struct TextKind {
  std::string wanted = "records";  // "no <wanted>: the document is empty"
  bool json = true;                // A byte order mark in front is then no part of the text
  bool has_envelope = false;       // Its splitters know of what lies outside of records
  bool may_be_empty = false;       // As DecoderMaker
};

// Makes decoders of one kind; `make_splitter` is called on any thread, with the paths of the
// envelope that are wanted.
using MakeSplitter =
    std::function<std::unique_ptr<Splitter>(const std::vector<json::Path>& envelope)>;
std::unique_ptr<DecoderMaker> make_inflating_decoders(MakeSplitter make_splitter, TextKind kind,
                                                      DecoderOptions options);

}  // namespace sluice
