// Templates hold no surprises: whatever parses renders twice to the same text, and a key stays
// within its own segments, whatever the record says.
//
// Input: the template, a line break, and the raw JSON of every field.
#include <algorithm>
#include <cstdlib>

#include "flow/incremental.h"
#include "flow/template.h"
#include "json/scan.h"

namespace sluice {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

// What the template's own text and time formats may write: "/" comes from nowhere else.
size_t slashes_of(const Template& parsed) {
  size_t slashes = 0;
  for (const Template::Piece& piece : parsed.pieces()) {
    if (piece.kind == Template::Piece::Kind::text) {
      slashes += static_cast<size_t>(std::count(piece.text.begin(), piece.text.end(), '/'));
    }
    slashes += piece.slashes;
  }
  return slashes;
}

void look_at_key(const Template& parsed, const std::string& key) {
  must(static_cast<size_t>(std::count(key.begin(), key.end(), '/')) == slashes_of(parsed));
  for (const char c : key) must(static_cast<uint8_t>(c) >= 0x20 || c == Template::n_mark);
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    const std::string segment = key.substr(begin, end - begin);
    must(segment != "." && segment != "..");
    must(!segment.empty() || end == key.size());
    begin = end + 1;
  }
}

void try_use(std::string_view text, std::string_view raw, TemplateUse use) {
  const auto parsed = Template::parse(text, use);
  if (!parsed.ok()) return;
  const auto again = Template::parse(parsed->text(), use);
  must(again.ok() && again->pieces().size() == parsed->pieces().size());

  const Since since{.job = {}, .from = 1'707'350'400'000'000'000};
  const UnitNames unit{
      .id = "a/b", .start = WallTime{1'707'350'400'000'000'000}, .run_id = "r", .since = &since};
  const std::vector<std::optional<std::string_view>> fields(parsed->fields().size(), raw);
  const std::vector<std::string> paths(parsed->path_names().size(), "p/..");
  const Template::Context context{.fields = fields, .paths = paths, .unit = &unit};
  const bool is_key = use == TemplateUse::partition || use == TemplateUse::name;
  const auto escape = is_key ? Template::Escape::key : Template::Escape::none;
  std::string first, second;
  int64_t time_ns = 0;
  const bool ok = parsed->render(context, escape, first, &time_ns).ok();
  must(ok == again->render(context, escape, second).ok());
  must(first == second);
  must(ok || first.empty());
  if (ok && is_key) look_at_key(*parsed, first);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(0, line);
  const std::string_view raw = line < size ? input.substr(line + 1) : std::string_view("\"v\"");
  sluice::json::Scanner scanner;
  if (!scanner.scan(raw)) return 0;
  using sluice::TemplateUse;
  for (const auto use : {TemplateUse::partition, TemplateUse::name, TemplateUse::value,
                         TemplateUse::request, TemplateUse::body}) {
    sluice::try_use(text, scanner.value(), use);
  }
  return 0;
}
