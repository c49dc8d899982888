#include "report/table.h"

#include "base/text.h"
#include "base/time.h"
#include "report/columns.h"
#include "report/costs.h"

namespace sluice::report {
namespace {

constexpr size_t units_shown_max = 40;
constexpr size_t set_aside_shown_max = 20;
constexpr size_t warnings_shown_max = 20;
constexpr size_t reason_bytes_max = 160;
constexpr size_t warning_bytes_max = 600;

std::string in_and_out(uint64_t read, uint64_t written) {
  return print_bytes(read) + " -> " + print_bytes(written);
}

std::vector<std::string> unit_row(const UnitReport& unit) {
  return {unit.unit,
          std::string(to_string(unit.outcome)),
          grouped(unit.tally.documents),
          grouped(unit.tally.records),
          grouped(unit.tally.objects),
          in_and_out(unit.tally.bytes_read, unit.tally.bytes_written),
          print_duration(unit.wall)};
}

std::string units_table(const RunReport& run) {
  Columns columns({{"unit", Align::left},
                   {"outcome", Align::left},
                   {"documents"},
                   {"records"},
                   {"objects"},
                   {"bytes in -> out"},
                   {"time"}});
  size_t shown = 0;
  for (const UnitReport& unit : run.units) {
    // What went wrong is always shown.
    if (shown == units_shown_max && !unit.error) continue;
    if (!unit.error) ++shown;
    columns.add(unit_row(unit));
  }
  if (run.units.size() > 1) {
    const Tally sum = total(run);
    columns.add({grouped(run.units.size()) + " units", "", grouped(sum.documents),
                 grouped(sum.records), grouped(sum.objects),
                 in_and_out(sum.bytes_read, sum.bytes_written), print_duration(run.wall)});
  }
  return columns.text();
}

std::string gauges_table(const RunReport& run) {
  Columns columns({{"call or stage", Align::left},
                   {"count"},
                   {"failed"},
                   {"bytes"},
                   {"wall"},
                   {"CPU"},
                   {"wait"},
                   {"p50"},
                   {"p99"},
                   {"max"}});
  const auto duration = [](Nanoseconds value) { return value == 0 ? "-" : print_duration(value); };
  for (const auto* gauges : {&run.calls, &run.stages}) {
    for (const Gauge::Snapshot& one : *gauges) {
      columns.add({one.name, grouped(one.count), one.failed == 0 ? "-" : grouped(one.failed),
                   one.bytes == 0 ? "-" : print_bytes(one.bytes), duration(one.wall),
                   duration(one.cpu), duration(one.wait), duration(one.p50), duration(one.p99),
                   duration(one.longest)});
    }
  }
  return columns.empty() ? "" : "\n" + columns.text();
}

// "set aside: 3 documents, 12 records", and which.
std::string set_aside_list(const RunReport& run) {
  const Tally sum = total(run);
  uint64_t listed = 0, all = 0;
  std::string lines;
  for (const UnitReport& unit : run.units) {
    all += unit.set_aside.size();
    for (const SetAside& what : unit.set_aside) {
      if (listed == set_aside_shown_max) break;
      ++listed;
      lines += "  " + excerpt(what.document, 200) + " at byte " + std::to_string(what.offset) +
               ": " + excerpt(what.reason, reason_bytes_max) + "\n";
    }
  }
  if (sum.set_aside() == 0) return {};
  std::vector<std::string> sums;
  const auto add = [&](uint64_t count, const std::string& one, const std::string& many) {
    if (count > 0) sums.push_back(grouped(count) + " " + (count == 1 ? one : many));
  };
  add(sum.documents_set_aside, "document", "documents");
  add(sum.documents_partial, "document in part", "documents in part");
  add(sum.records_set_aside, "record", "records");
  const uint64_t most = std::max(all, sum.set_aside());
  if (most > listed) lines += "  and " + grouped(most - listed) + " more\n";
  return "\nset aside: " + join(sums, ", ") + "\n" + lines;
}

std::string duplicates(const RunReport& run) {
  const Tally sum = total(run);
  std::vector<std::string> parts;
  if (sum.duplicates > 0) parts.push_back(grouped(sum.duplicates) + " duplicates dropped");
  if (sum.conflicts > 0)
    parts.push_back(grouped(sum.conflicts) + " with a known id but other bytes kept");
  if (sum.filtered > 0) parts.push_back(grouped(sum.filtered) + " filtered out");
  return parts.empty() ? "" : "\nrecords: " + join(parts, ", ") + "\n";
}

// How units came to begin where they did, and where the next run does.
std::string beginnings(const RunReport& run) {
  std::string out;
  for (const UnitReport& unit : run.units) {
    if (unit.documents_before == 0) continue;
    out += "\nunit " + unit.unit +
           " went on where an earlier run had got to: " + grouped(unit.documents_before) +
           (unit.documents_before == 1 ? " document before\n" : " documents before\n");
  }
  for (const UnitReport& unit : run.units) {
    if (unit.reached.empty() || unit.outcome != UnitOutcome::done) continue;
    out += "\nunit " + unit.unit + " has got to " + unit.reached + ": the next run begins there\n";
  }
  return out;
}

std::string warnings(const RunReport& run) {
  std::string out;
  size_t count = 0;
  const auto add = [&](const std::vector<std::string>& all) {
    for (const std::string& warning : all) {
      if (++count > warnings_shown_max) continue;
      out += "warning: " + excerpt(warning, warning_bytes_max) + "\n";
    }
  };
  add(run.warnings);
  for (const UnitReport& unit : run.units) add(unit.warnings);
  if (count > warnings_shown_max) {
    out += "and " + grouped(count - warnings_shown_max) + " more warnings\n";
  }
  return out.empty() ? out : "\n" + out;
}

std::string errors(const RunReport& run) {
  std::string out;
  for (const UnitReport& unit : run.units) {
    if (!unit.error) continue;
    const std::string& message = unit.error->message;
    const std::string unit_words = "unit " + unit.unit + ": ";
    out += "error: " + (message.starts_with(unit_words) ? "" : unit_words) + message + "\n";
  }
  for (const std::string& error : run.errors) out += "error: " + error + "\n";
  return out.empty() ? out : "\n" + out;
}

std::string mixed(const RunReport& run) {
  Nanoseconds longest = 0;
  for (const UnitReport& unit : run.units) longest = std::max(longest, unit.mixed);
  if (longest == 0) return {};
  return "a reader that lists may have seen a mixture, for " + print_duration(longest) +
         " at most\n";
}

}  // namespace

std::string table(const RunReport& run) {
  std::string out = "job " + run.job + ", run " + run.run_id + ", " + format_rfc3339(run.started);
  out += "\n\n" + units_table(run) + gauges_table(run);
  out += duplicates(run) + beginnings(run) + set_aside_list(run) + warnings(run) + errors(run);
  out += "\n" + print_duration(run.wall) + ", " + print_duration(run.cpu) + " CPU, memory " +
         print_bytes(run.memory_peak_bytes) + " of " + print_bytes(run.memory_bytes) + ", " +
         decimal(gigabyte_seconds(run), 3) + " GB-seconds\n" + mixed(run);
  for (const std::string& remark : run.remarks) out += remark + "\n";
  return out;
}

}  // namespace sluice::report
