// `generate`: days of logs to try things on.
#include "app/common_words.h"
#include "app/opened_job.h"
#include "app/verb.h"
#include "base/time.h"
#include "report/columns.h"
#include "report/json_object.h"
#include "trail/generate.h"

namespace sluice {
namespace {

struct Asked {
  std::string kind, directory;
  GenerateOptions options = {};
  bool json = false;
};

void add_words(Words& words, Asked& asked) {
  words.choice("KIND", asked.kind, {"cloudtrail"}, "What: cloudtrail");
  words.text("DIR", asked.directory, "Where to");
  GenerateOptions& options = asked.options;
  words.number("--objects", options.objects, "Of a day (default 3911)");
  words.number("--records", options.records, "Of a day (default 17648)");
  words.number("--accounts", options.accounts, "(default 12)");
  words.number("--regions", options.regions, "At most 17 (default 17)");
  words.text("--day", options.day, "The first (default 2024-02-08)");
  words.number("--days", options.days, "How many (default 1)");
  words.number("--scale", options.scale, "Times objects and records (default 1)");
  words.number("--seed", options.seed, "Another seed, other days (default 1)");
  words.text("--organisation", options.organisation, "An organisation's layout: o-a1b2c3d4e5");
  words.number("--duplicates", options.duplicates, "Objects delivered twice");
  words.number("--truncated", options.truncated, "Objects that end in the middle");
  words.number("--strays", options.strays, "Digests among the logs");
  words.number("--digests", options.digests, "Digests where they belong");
  add_json(words, asked.json);
}

Result<int> generate(const Asked& asked) {
  const Generated made = TRY(generate_cloudtrail(asked.directory, asked.options));
  if (asked.json) {
    report::JsonObject out;
    out.number("objects", made.objects).number("records", made.records);
    out.number("records_cut", made.records_cut).number("records_late", made.records_late);
    out.number("bytes", made.bytes).number("plain_bytes", made.bytes_plain);
    print_json(out.done() + "\n");
    return exit_done;
  }
  print(report::grouped(made.objects) + " objects, " + report::grouped(made.records) +
        " records, " + print_bytes(made.bytes) + " (" + print_bytes(made.bytes_plain) +
        " inflated) in " + asked.directory + "\n");
  return exit_done;
}

}  // namespace

Verb generate_verb() {
  return introduce<Asked>({
      .name = "generate",
      .help = "Makes days of CloudTrail-like logs, to try things on.",
      .example = "sluice generate cloudtrail demo/logs --days 1",
      .words = add_words,
      .run = generate,
  });
}

}  // namespace sluice
