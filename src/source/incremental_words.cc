#include "source/incremental_words.h"

#include "base/text.h"
#include "base/time.h"

namespace sluice {

FieldDoc incremental_words() {
  return {
      .name = "incremental",
      .type = FieldType::group,
      .help =
          "Each run asks only for what is new: {since} in the url, query, headers or body "
          "is where the last one got to.",
      .fields = {{.name = "field",
                  .type = FieldType::field,
                  .help = "What grows with each change: when a record was changed, or its "
                          "number.",
                  .required = true,
                  .example = ".updated_at"},
                 {.name = "from",
                  .help = "Where the first run begins: a time, a date or a number.",
                  .required = true,
                  .example = "\"2024-01-01\""},
                 {.name = "lookback",
                  .help =
                      "Each run begins so much earlier, for records that show late: a "
                      "duration, or for numbers a number. What comes twice is dropped. With 0, an "
                      "API that gives only what is greater than {since} never shows a late "
                      "record with the value of the last one seen.",
                  .default_text = "0",
                  .example = "5m"},
                 {.name = "tolerance",
                  .type = FieldType::duration,
                  .help = "A record whose time lies further than this beyond now (a wrong clock, "
                          "a typing error) is loaded, but the next run doesn't begin there.",
                  .default_text = "1d"}},
      .example = "incremental: { field: .updated_at, from: \"2024-01-01\", lookback: 5m }"};
}

Result<Incremental> read_incremental(const Settings& words) {
  Incremental made{.field = words.path("field")};
  made.tolerance = static_cast<uint64_t>(words.duration("tolerance"));
  const std::string& from = words.text("from");
  for (const CursorKind kind : {CursorKind::integer, CursorKind::time}) {
    const auto value = parse_cursor(from, kind);
    if (!value) continue;
    made.kind = kind;
    made.from = *value;
    const std::string& lookback = words.text("lookback");
    if (const auto number = parse_number<uint64_t>(lookback);
        number && (kind == CursorKind::integer || *number == 0)) {
      made.lookback = *number;
    } else if (kind == CursorKind::integer) {
      return words.error_at("lookback", "a number, as `from` is one; not `" + lookback + "`");
    } else {
      const auto duration = parse_duration(lookback);
      if (!duration.ok()) return words.error_at("lookback", duration.error().message);
      made.lookback = static_cast<uint64_t>(*duration);
    }
    return made;
  }
  return words.error_at("from",
                        "a time (2024-01-01T00:00:00Z), a date or an integer; not `" + from + "`");
}

}  // namespace sluice
