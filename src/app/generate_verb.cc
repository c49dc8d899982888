// `generate`: days of logs to try things on.
#include "app/opened_job.h"
#include "app/verbs.h"
#include "base/time.h"
#include "report/columns.h"
#include "report/json_object.h"

namespace sluice {

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
