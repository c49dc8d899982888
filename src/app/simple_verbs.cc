// `check`, `explain` and `generate`: those that touch no unit.
#include "app/opened_job.h"
#include "app/process.h"
#include "app/verbs.h"
#include "base/time.h"
#include "job/explain.h"
#include "job/owner.h"
#include "job/shares.h"
#include "report/columns.h"
#include "report/json_object.h"
#include "store/page_order.h"

namespace sluice {
namespace {

// The store's other side is looked at with one listing, so that a missing right shows now.
Status look_into(Store& store, const std::string& prefix) {
  const List list{.prefix = prefix, .delimiter = "/", .most = 1};
  return PageOrder().pass(TRY(call_for<Page>(store, list)));
}

// Its runs would take what this job is writing for their own.
Status look_for_outer_lake(const OpenedJob& opened) {
  if (opened.job.shared) return {};
  Store& lake = opened.stores->lake();
  for (const std::string& above : prefixes_above(opened.stores->lake_prefix())) {
    if (call(lake, Head{Key(above + "_sluice/owner.json")}).ok())
      return Error{ErrorKind::invalid, "lake: " + opened.job.lake + " lies inside the lake " +
                                           lake.name() + above +
                                           ": give this job a lake beside it, or say shared: true"};
  }
  return {};
}

Result<int> check(const Command& command) {
  const Job job = TRY(read_job(command));
  print("ok  " + job.file + ": job " + job.name + ", units " +
        std::string(to_string(job.units.each)) + ", fingerprint " + job.fingerprint + "\n");
  auto opened = TRY(open_job(command, Stores::Use::look));
  TRY(check_memory(job, job.memory_bytes.value_or(default_memory_bytes())));
  if (Store* source = opened->stores->source()) {
    TRY_IN(look_into(*source, ""), "source");
    print("ok  source " + source->name() + " can be listed\n");
  }
  TRY_IN(look_into(opened->stores->lake(), opened->stores->lake_prefix()), "lake");
  TRY(look_for_outer_lake(*opened));
  print("ok  lake " + job.lake + " can be listed\n");
  TRY_IN(look_into(opened->stores->state(), opened->stores->state_prefix()), "state");
  print("ok  state " + job.state + " can be listed\n");
  for (const std::string& warning : job.warnings) print("warning: " + warning + "\n");
  if (const auto& incremental = opened->parts.source->traits().incremental) {
    if (const std::string doubt = doubt_of(*incremental); !doubt.empty())
      print("warning: " + doubt + "\n");
  }
  return exit_done;
}

}  // namespace

int do_check(const Command& command) {
  const auto code = check(command);
  return code.ok() ? *code : complain(code.error());
}

int do_explain(const Command& command) {
  const Catalog& catalog = all_parts();
  if (command.schema) {
    print(schema(catalog));
  } else if (command.reference) {
    print(reference(catalog));
  } else if (command.word.empty()) {
    print(overview(catalog));
  } else {
    const auto text = explain(catalog, command.word);
    if (!text.ok()) return complain(text.error());
    print(*text);
  }
  return exit_done;
}

int do_generate(const Command& command) {
  const auto made = generate_cloudtrail(command.directory, command.generate);
  if (!made.ok()) return complain(made.error());
  if (command.json) {
    report::JsonObject out;
    out.number("objects", made->objects).number("records", made->records);
    out.number("records_cut", made->records_cut).number("records_late", made->records_late);
    out.number("bytes", made->bytes).number("plain_bytes", made->bytes_plain);
    print_json(out.done() + "\n");
    return exit_done;
  }
  print(report::grouped(made->objects) + " objects, " + report::grouped(made->records) +
        " records, " + print_bytes(made->bytes) + " (" + print_bytes(made->bytes_plain) +
        " inflated) in " + command.directory + "\n");
  return exit_done;
}

}  // namespace sluice
