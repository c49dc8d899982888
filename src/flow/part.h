// A part introduces itself: one description feeds the job file's parser, `check`, `explain`, the
// JSON Schema for editors and the reference page.
//
// A part is a source, a decoder, a transform, a format or a sink. The catalogue is the literal list
// of those that this program has (app/parts.cc); adding one is adding a line.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/stage.h"
#include "flow/template.h"

namespace sluice {

class Settings;      // flow/settings.h
struct PartContext;  // flow/outside.h
class SourceMaker;   // flow/makers.h
class SinkMaker;

enum class Role : uint8_t { source, decode, transform, format, sink };
std::string_view to_string(Role role);

enum class FieldType : uint8_t {
  text,
  templ,     // A template (flow/template.h); FieldDoc::use says of what kind
  pattern,   // Where a source's objects are (flow/path_pattern.h)
  field,     // A path into a record: .eventTime
  bytes,     // 128MiB
  duration,  // 2d, 90s
  count,     // A whole number from 0 on
  flag,      // true, false
  choice,    // One of FieldDoc::choices
  part,      // A part of FieldDoc::role
  group,     // Words of its own: FieldDoc::fields
};
enum class Many : uint8_t {
  one,
  list,  // Of such; a single one may stand without brackets
  map,   // Of names to such
};

// Does a field say what comes of a unit, or only how that is had: whom it is asked as, how
// patiently, where the books are kept? A unit that was done otherwise is done; one that was done
// differently is stale. So a job's fingerprint is of what its fields say, not of how.
enum class Says : uint8_t { what, how };

struct FieldDoc {
  std::string name;
  FieldType type = FieldType::text;
  std::string help = {};          // Sentences
  std::string default_text = {};  // As it would stand in a job file; none if empty
  bool required = false;
  Many many = Many::one;
  std::vector<std::string> choices = {};
  TemplateUse use = TemplateUse::value;
  Role role = Role::format;
  std::vector<FieldDoc> fields = {};
  std::string example = {};
  Says says = Says::what;
};

struct PartDoc {
  std::string name;
  Role role = Role::source;
  std::string summary = {};  // Sentences; the first is the one-line summary
  // A value that stands where the part's words belong fills the first: `decode: {json: .Records}`.
  // Where the first is a map it takes all that stands there: the others stand beside the part's
  // name, as in `{ cast: { .price: number }, on_error: keep }`.
  std::vector<FieldDoc> fields = {};
  std::string example = {};  // Lines of YAML
};

using MakeSource =
    std::function<Result<std::unique_ptr<SourceMaker>>(const Settings&, const PartContext&)>;
using MakeDecoder = std::function<Result<std::unique_ptr<DecoderMaker>>(const Settings&)>;
using MakeTransform = std::function<Result<std::unique_ptr<Transform>>(const Settings&)>;
using MakeEncoder = std::function<Result<std::unique_ptr<Encoder>>(const Settings&)>;
using MakeSink = std::function<Result<std::unique_ptr<SinkMaker>>(const Settings&)>;

struct Part {
  PartDoc doc;
  // The one of the part's role is set.
  MakeSource make_source = {};
  MakeDecoder make_decoder = {};
  MakeTransform make_transform = {};
  MakeEncoder make_encoder = {};
  MakeSink make_sink = {};
};

// Every part this program knows. Settings point into it: it outlives them.
class Catalog {
 public:
  void add(PartDoc doc, MakeSource make);
  void add(PartDoc doc, MakeDecoder make);
  void add(PartDoc doc, MakeTransform make);
  void add(PartDoc doc, MakeEncoder make);
  void add(PartDoc doc, MakeSink make);

  const Part* find(Role role, std::string_view name) const;
  std::vector<std::string_view> names(Role role) const;  // In the order they were added
  const std::deque<Part>& parts() const { return parts_; }

 private:
  void add(Part part);
  std::deque<Part> parts_;  // A deque, so that they stay where they are
};

}  // namespace sluice
