// Edits of a record's text. The record is never serialised anew: every byte that an edit does not
// name stays as it is. Reads take the first of doubled keys, edits touch all of them.
//
// The record must have passed Scanner; then so does the result. Each function appends the whole
// edited record to `out` and answers `changed`, or appends nothing and answers `unchanged`. An
// error (corrupt) means the edit can't be done to this record and says why; nothing is appended
// then either. `out` may not hold the record itself. Safe from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/path.h"

namespace sluice::json {

enum class Edit : bool { unchanged, changed };

// The value becomes `raw` (one JSON value, no blanks around it). A member that isn't there is added
// as the last; parents that aren't there are added as objects. Elements of arrays can be replaced,
// not added. Errors: a parent is neither object nor array, there is no such element, the path is
// the whole record.
Result<Edit> set(std::string_view record, const Path& path, std::string_view raw, std::string& out);

// The member or element goes, with one comma. A path that isn't there: unchanged.
Result<Edit> drop(std::string_view record, const Path& path, std::string& out);

// The member keeps its place and value. Errors: the object has `key` already; the path ends in an
// index.
Result<Edit> rename(std::string_view record, const Path& path, std::string_view key,
                    std::string& out);

// The value becomes a JSON string of its own raw text: {"a":1} becomes "{\"a\":1}". Strings and
// null stay.
Result<Edit> stringify(std::string_view record, const Path& path, std::string& out);

// The value becomes what `rewriter` makes of its raw text: one JSON value, or nothing where it is
// to stay as it is. A path that isn't there: unchanged. The rewriter's error is the edit's.
using Rewriter = std::function<Result<std::optional<std::string>>(std::string_view raw)>;
Result<Edit> rewrite(std::string_view record, const Path& path, const Rewriter& rewriter,
                     std::string& out);

// Appends the text without its CRs and LFs. In valid JSON these stand only between tokens.
void compact(std::string_view text, std::string& out);

}  // namespace sluice::json
