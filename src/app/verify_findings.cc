#include "app/verify_findings.h"

#include "base/time.h"
#include "report/columns.h"
#include "report/json_object.h"

namespace sluice {
namespace {

using report::grouped;
using report::JsonArray;
using report::JsonObject;

constexpr size_t problems_shown_max = 100;

}  // namespace

std::string text_of(const Findings& verify, Depth depth) {
  std::string out;
  const auto& problems = verify.problems;
  for (size_t i = 0; i < std::min(problems.size(), problems_shown_max); ++i) {
    const Problem& one = problems[i];
    out += one.kind + ": " + (one.unit.empty() ? "" : "unit " + one.unit + ": ") + one.what + "\n";
  }
  if (problems.size() > problems_shown_max) {
    out += "and " + grouped(problems.size() - problems_shown_max) + " more\n";
  }
  for (const std::string& note : verify.notes) out += "note: " + note + "\n";
  out += problems.empty() ? "ok: " : grouped(problems.size()) + " problems: ";
  out += grouped(verify.units) + " units, " + grouped(verify.inputs) +
         " inputs against the manifests, " + grouped(verify.outputs) +
         " objects by name, size and ETag";
  if (depth == Depth::read_again) {
    out += ", read again: " + grouped(verify.records) + " records, " +
           print_bytes(verify.bytes_read) + " by CRC32C";
  }
  return out + "\n";
}

std::string json_of(const Findings& verify) {
  JsonArray problems, notes;
  for (const Problem& one : verify.problems) {
    problems.raw(
        JsonObject().text("kind", one.kind).text("unit", one.unit).text("what", one.what).done());
  }
  for (const std::string& note : verify.notes) notes.text(note);
  JsonObject out;
  out.flag("ok", verify.problems.empty()).number("units", verify.units);
  out.number("inputs", verify.inputs).number("objects", verify.outputs);
  out.number("records_read", verify.records).number("bytes_read", verify.bytes_read);
  return out.raw("problems", problems.done()).raw("notes", notes.done()).done() + "\n";
}

}  // namespace sluice
